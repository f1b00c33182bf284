"""Messages from templates: read, found fault with, given figures, written out. docs/outreach.md, "Templates"."""

from outreach.rendering.problems import Problem, problems_of
from outreach.rendering.telling import discloses_debt, has_opt_out, names_institution
from outreach.rendering.values import account_values, example_values, longest_values
from outreach.rendering.writing import Text, language_key, longest_text, render, values_written

__all__ = [
    "Problem",
    "Text",
    "account_values",
    "discloses_debt",
    "example_values",
    "has_opt_out",
    "language_key",
    "longest_text",
    "longest_values",
    "names_institution",
    "problems_of",
    "render",
    "values_written",
]
