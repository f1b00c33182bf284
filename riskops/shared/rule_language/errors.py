"""Why a rule was refused. Each message says where, what is wrong and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _


class RuleRefusal(Exception):
    """A rule that cannot be used; `what` is wrong at `line` and `column` (both from 1), `what_next` is the way out."""

    def __init__(self, what: str, what_next: str, *, line: int, column: int) -> None:
        super().__init__(
            _("Line %(line)s, column %(column)s: %(what)s %(next)s")
            % {"line": line, "column": column, "what": what, "next": what_next}
        )
        self.what = what
        self.what_next = what_next
        self.line = line
        self.column = column


class RuleMalformed(RuleRefusal):
    """The text is not a rule."""


class FactUnknown(RuleRefusal):
    """There is no fact of that name; `near` are names that look like it."""

    def __init__(self, name: str, near: Sequence[str], *, line: int, column: int) -> None:
        if "." in name:
            what_next = _("Rules see named facts only and follow no relation; pick one from the list.")
        elif near:
            what_next = _("Did you mean %(names)s?") % {"names": ", ".join(near)}
        else:
            what_next = _("Pick one from the list of facts.")
        super().__init__(_("There is no fact “%(name)s”.") % {"name": name}, what_next, line=line, column=column)
        self.name = name
        self.near = tuple(near)


class ValueMalformed(RuleRefusal):
    """The fact cannot be compared in this way, or with this value."""
