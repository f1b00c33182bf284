"""The terms of relief, set in versions: a new one counts for what is proposed from then on, never for what is agreed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.operations.checks import check_reason
from accounts.queries.conduct_figures import conduct_figures
from accounts.rules.conduct_figures import ConductCode
from accounts.rules.yearly_cost import simple_yearly_ppm_of_month
from casework.models import ReliefTerms
from casework.operations.plans.eligibility import terms_in_force
from casework.operations.work_refusals import WorkRefusal
from casework.plan_roles import SET_RELIEF_TERMS
from casework.policies import account_rule
from riskops.shared.audit import Actor, record

#: What a version says; all else of its row is who made it and when.
TERM_FIELDS: Final = tuple(
    field.attname
    for field in ReliefTerms._meta.concrete_fields
    if field.attname not in ("id", "instrument", "version", "author_id", "author_name", "reason", "made_at")
)


class TermsMalformed(WorkRefusal):
    """A figure that no terms may have."""

    def __init__(self, about: str, why: str) -> None:
        self.field = about
        super().__init__(why)


class TermsChanged(WorkRefusal):
    """Somebody else set a version meanwhile."""

    about, status = "version", 409

    def __init__(self, version: int) -> None:
        super().__init__(_("Version %(version)s was set meanwhile; read it and change that.") % {"version": version})


@transaction.atomic
def set_relief_terms(
    *, actor: Actor, instrument: str, based_on: int, values: dict[str, Any], reason: str, now: datetime
) -> ReliefTerms:
    """Set a new version of an instrument's terms over the one that was read.

    :param based_on: the version that was changed
    :param values: any of `TERM_FIELDS`; the others stay
    :raises ReasonMissing: nothing is written in it
    :raises RuleRefusal: the rule cannot be read
    :raises TermsMalformed: a figure that no terms may have, or interest above the line of yearly cost
    :raises TermsChanged: somebody else was faster
    """
    check_reason(reason)
    present = terms_in_force(instrument)
    if present.version != based_on:
        raise TermsChanged(present.version)
    said = {name: getattr(present, name) for name in TERM_FIELDS} | {k: v for k, v in values.items() if k in TERM_FIELDS}
    account_rule(said["rule"])
    _refuse_over_line(said["month_interest_ppm"])
    made = ReliefTerms(
        instrument=instrument,
        version=present.version + 1,
        author_id=actor.user_id,
        author_name=actor.name,
        reason=reason.strip(),
        made_at=now,
        **said,
    )
    try:
        made.full_clean(exclude=["author"])
    except ValidationError as error:
        about, why = next(iter(error.message_dict.items()))
        raise TermsMalformed(about, why[0]) from None
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise TermsChanged(present.version + 1) from None
    changed = [name for name in TERM_FIELDS if getattr(present, name) != said[name]]
    record(
        actor=actor,
        action=SET_RELIEF_TERMS,
        subject_type="relief_terms",
        subject_key=f"{instrument}/{made.version}",
        before={name: getattr(present, name) for name in changed},
        after={name: said[name] for name in changed},
        reason=reason.strip(),
    )
    return made


def _refuse_over_line(month_ppm: int) -> None:
    """Refuse interest above the line that a product's yearly cost is held to, by the simple way; the line itself is allowed."""
    yearly_ppm, line_bp = simple_yearly_ppm_of_month(month_ppm), conduct_figures()[ConductCode.YEARLY_COST_LINE]
    if yearly_ppm > line_bp * 100:
        raise TermsMalformed(
            "month_interest_ppm",
            _("%(month)s ppm a month are %(yearly)s %% a year by the simple way, above the line of %(line)s %%; ask for less.")
            % {"month": month_ppm, "yearly": f"{yearly_ppm / 10_000:.2f}", "line": f"{line_bp / 100:.2f}"},
        )
