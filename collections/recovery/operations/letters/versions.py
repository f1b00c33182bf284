"""Letter templates and letter policies: what their versions may say. Their life is that of every version in outreach."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext as _

from casework.policies import account_rule
from outreach.models.versions import live_versions
from outreach.operations.version_refusals import VersionMalformed
from outreach.operations.versions import Kind
from recovery.letter_policies import template_on
from recovery.letter_roles import (
    APPROVE_LETTER_POLICY,
    APPROVE_LETTER_TEMPLATE,
    DRAFT_LETTER_POLICY,
    DRAFT_LETTER_TEMPLATE,
)
from recovery.models import LetterPolicy, LetterTemplate
from recovery.rules.benefit import WHOLE_BP, Stage
from recovery.rules.letter_text import VARIABLES, unknown_parts
from riskops.shared.money import LARGEST_MAJOR, UnknownCurrency, minor_digits
from riskops.shared.printing.glyphs import missing_from
from riskops.shared.rule_language import RuleRefusal

#: Rows of recovery rates that a version may have.
MOST_BANDS: Final = 60
#: The longest spans, in days, that figures of days may be.
_MOST_DAYS: Final = 3_660


def _check_template(template: LetterTemplate) -> None:
    """Refuse a text that could not be printed for a customer."""
    for column in ("body_en", "body_zh"):
        if len(getattr(template, column).strip()) < 40:
            raise VersionMalformed(column, _("Write the whole letter in both languages; customers get the one of theirs."))
    for column in ("title_en", "title_zh", "body_en", "body_zh", "signature_en", "signature_zh"):
        text = getattr(template, column)
        if not text.strip():
            raise VersionMalformed(column, _("Write something here in both languages."))
        unknown = unknown_parts(text)
        if unknown:
            said = _("%(parts)s is no variable of letters; there are %(names)s, and {instalments} alone on a line.")
            raise VersionMalformed(column, said % {"parts": " ".join(unknown), "names": ", ".join(VARIABLES)})
        missing = missing_from(text)
        if missing:
            said = _("The font of letters has no sign for %(signs)s; write it otherwise.")
            raise VersionMalformed(column, said % {"signs": " ".join(missing)})


#: Each letter keeps the version it was printed from, so a slip can be mended today.
LETTER_TEMPLATES: Final = Kind(
    model=LetterTemplate,
    subject="letter template",
    draft=DRAFT_LETTER_TEMPLATE,
    approve=APPROVE_LETTER_TEMPLATE,
    check=_check_template,
    days_ahead=0,
)


def _check_policy(policy: LetterPolicy) -> None:
    """Refuse figures that cannot be."""
    try:
        digits = minor_digits(policy.currency)
    except UnknownCurrency:
        raise VersionMalformed("currency", _("Give an ISO 4217 code, e.g. CNY.")) from None
    most_minor = LARGEST_MAJOR * 10**digits
    try:
        account_rule(policy.rule)
    except RuleRefusal as refusal:
        raise VersionMalformed("rule", str(refusal)) from None
    _check_bands(policy.bands, most_minor)
    _check_stages(policy.stages, most_minor)
    if not 0 <= policy.letter_cost_minor <= most_minor:
        raise VersionMalformed("letter_cost_minor", _("A cost is zero or more."))
    if not -most_minor <= policy.least_net_minor <= most_minor:
        raise VersionMalformed("least_net_minor", _("That is more than the book takes."))
    for column, least in (("cool_off_days", 0), ("pay_within_days", 1), ("warn_days", 1), ("most_a_run", 1)):
        most = 1_000 if column == "most_a_run" else _MOST_DAYS
        if not least <= getattr(policy, column) <= most:
            raise VersionMalformed(column, _("Give a number from %(least)s to %(most)s.") % {"least": least, "most": most})
    if not 1 <= policy.limitation_years <= 20:
        raise VersionMalformed("limitation_years", _("Give a number from %(least)s to %(most)s.") % {"least": 1, "most": 20})


def _check_bands(bands: Any, most_minor: int) -> None:
    said = _(
        "Each line is bucket (0 to 7), amount from, rate in percent (0 to 100), e.g. 4 5000 9.5; each bucket and amount once."
    )
    if not isinstance(bands, list) or not 1 <= len(bands) <= MOST_BANDS:
        raise VersionMalformed("bands", said)
    for row in bands:
        is_row = isinstance(row, list) and len(row) == 3 and all(type(value) is int for value in row)
        if not is_row or not (0 <= row[0] <= 7 and 0 <= row[1] <= most_minor and 0 <= row[2] <= WHOLE_BP):
            raise VersionMalformed("bands", said)
    if len({(row[0], row[1]) for row in bands}) < len(bands):
        raise VersionMalformed("bands", said)


def _check_stages(stages: Any, most_minor: int) -> None:
    said = _("Each line is stage, cost, rate in percent (0 to 100), e.g. suit 800 20; every stage once: %(stages)s.") % {
        "stages": ", ".join(Stage)
    }
    if not isinstance(stages, list) or not all(isinstance(row, list) and len(row) == 3 for row in stages):
        raise VersionMalformed("stages", said)
    for stage, cost, rate in stages:
        is_row = stage in Stage.__members__.values() and type(cost) is int and type(rate) is int
        if not is_row or not (0 <= cost <= most_minor and 0 <= rate <= WHOLE_BP):
            raise VersionMalformed("stages", said)
    if sorted(row[0] for row in stages) != sorted(map(str, Stage)):
        raise VersionMalformed("stages", said)


def _check_policy_from(policy: LetterPolicy, live_from: date) -> None:
    """Refuse figures whose letter has no text then, or whose currency other figures hold for."""
    if template_on(policy.template_code, live_from) is None:
        said = _("No version of letter template %(code)s holds on that day; approve one first.")
        raise VersionMalformed("template_code", said % {"code": policy.template_code})
    for code, other in live_versions(LetterPolicy, max(live_from, timezone.localdate())).items():
        if code != policy.code and other.currency == policy.currency:
            said = _("%(other)s holds for %(currency)s already; draft its next version instead.")
            raise VersionMalformed("currency", said % {"other": other, "currency": policy.currency})


LETTER_POLICIES: Final = Kind(
    model=LetterPolicy,
    subject="letter policy",
    draft=DRAFT_LETTER_POLICY,
    approve=APPROVE_LETTER_POLICY,
    check=_check_policy,
    check_from=_check_policy_from,
    days_ahead=1,
)
