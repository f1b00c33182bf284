"""One language for tiers, queues, saved views, decisions and search: conditions over named facts. See docs/rules.md."""

from riskops.shared.rule_language.errors import FactUnknown, RuleMalformed, RuleRefusal, ValueMalformed
from riskops.shared.rule_language.evaluating import Compared, Explanation, explain, holds
from riskops.shared.rule_language.facts import Catalogue, Fact, FactsRow, Kind, Plain
from riskops.shared.rule_language.filtering import compiled, condition, first_holding, holding
from riskops.shared.rule_language.parsing import parse_rule
from riskops.shared.rule_language.rules import And, Comparison, Operator, Or, Rule

__all__ = [
    "And",
    "Catalogue",
    "Compared",
    "Comparison",
    "Explanation",
    "Fact",
    "FactUnknown",
    "FactsRow",
    "Kind",
    "Operator",
    "Or",
    "Plain",
    "Rule",
    "RuleMalformed",
    "RuleRefusal",
    "ValueMalformed",
    "compiled",
    "condition",
    "explain",
    "first_holding",
    "holding",
    "holds",
    "parse_rule",
]
