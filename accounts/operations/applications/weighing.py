"""What deciding an application would mean: the matrix, the caps, the terms, and what the applicant would read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Application, ReasonCode
from accounts.operations.applications import refusals
from accounts.operations.applications.granting import account_to_change, granted_terms, refuse_in_the_way
from accounts.operations.applications.proposing import other_limits
from accounts.operations.deciding.refusals import ReasonCodeUnknown
from accounts.operations.deciding.standing import read_standings
from accounts.operations.deciding.texts import LANGUAGES, customer_text
from accounts.operations.deciding.weighing import authority_lines
from accounts.operations.lending_caps import active_caps, caps_as_input
from accounts.rules.applications import ACTION_OF, ApplicationAction, Cap, CapBroken, Outcome, decision_verdict


@dataclass(frozen=True, slots=True)
class DecisionAsked:
    """How somebody decides an application. `limit_minor` is of a grant; minor units."""

    outcome: str
    reason_code: str
    limit_minor: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class DecisionWeighed:
    """What a decision would be: who must agree, and what the applicant reads."""

    reason: ReasonCode
    weighed_minor: int
    inputs: dict[str, Any]
    verdict: dict[str, Any]
    terms: dict[str, Any]
    text_en: str
    text_zh: str

    @property
    def needs_approval_by(self) -> list[str]:
        """The roles of whom one must agree; empty: nobody."""
        found: list[str] = self.verdict["needs_approval_by"]
        return found

    @property
    def acts_alone(self) -> bool:
        """Whether nobody else has to agree."""
        return not self.needs_approval_by


def weigh_decision(
    application: Application, asked: DecisionAsked, *, roles: Collection[str], today: date, is_appeal: bool = False
) -> DecisionWeighed:
    """Return what deciding so would mean; nothing is written, and the preview is this call.

    :param is_appeal: it answers an objection, and the text says so

    :raises ApplicationRefusal, ReasonCodeUnknown: what forbids it
    """
    action = ACTION_OF.get(Outcome(asked.outcome)) if asked.outcome in set(Outcome) else None
    if action is None:
        raise ReasonCodeUnknown(asked.reason_code, asked.outcome)
    reason = ReasonCode.objects.filter(code=asked.reason_code, action=action, is_active=True).first()
    if reason is None:
        raise ReasonCodeUnknown(asked.reason_code, action)
    product = application.product
    is_grant = action == ApplicationAction.GRANT_LIMIT
    if is_grant:
        _check_grant(application, asked)
    weighed_minor = asked.limit_minor if is_grant and asked.limit_minor else application.requested_limit_minor
    inputs: dict[str, Any] = {
        "action": action.value,
        "currency": product.currency,
        "minor_digits": product.minor_digits,
        "weighed_minor": weighed_minor,
        "roles": sorted(roles),
        "lines": [asdict(line) for line in authority_lines(action)],
        "caps": caps_as_input(active_caps()),
        "other_limits_minor": other_limits(application),
        "repayment": application.repayment,
        "term_months": application.term_months,
    }
    found = decision_verdict(inputs)
    for broken in found["caps_broken"]:
        raise refusals.CapExceeded(CapBroken(Cap(**broken["cap"]), most=broken["most"], found=broken["found"]))
    if not found["has_authority"]:
        raise refusals.NoAuthority(weighed_minor, product.currency)
    values = {
        "weighed_minor": application.requested_limit_minor,
        "new_limit_minor": asked.limit_minor if is_grant else None,
        "effective_on": today,
        "review_on": None,
    }
    texts = {
        language: customer_text(
            template, language, account_no=application.application_no, currency=product.currency, values=values
        )
        for language, template in (("en", reason.text_en), ("zh", reason.text_zh))
    }
    if is_appeal:
        texts = {language: _answer(text, language, application, reason, is_grant) for language, text in texts.items()}
    return DecisionWeighed(
        reason=reason,
        weighed_minor=weighed_minor,
        inputs=inputs,
        verdict=found,
        terms=granted_terms(application) if is_grant else {},
        text_en=texts["en"],
        text_zh=texts["zh"],
    )


def _answer(text: str, language: str, application: Application, reason: ReasonCode, is_grant: bool) -> str:
    """Return what the applicant reads after the second look: what was granted, or why it stays refused."""
    with translation.override(LANGUAGES[language]):
        if is_grant:
            return _("Somebody who had no part in the refusal has looked at it again: your objection is accepted. %(text)s") % {
                "text": text
            }
        return _(
            "Application %(number)s: somebody who had no part in the refusal has looked at it again, and it stands. The reason: "
            "%(reason)s. You may ask us to explain it."
        ) % {
            "number": f"…{application.application_no[-4:]}",
            "reason": reason.name_zh if language == "zh" else reason.name_en,
        }


def _check_grant(application: Application, asked: DecisionAsked) -> None:
    if asked.limit_minor is None or not 0 < asked.limit_minor <= application.requested_limit_minor:
        raise refusals.LimitNotInRange(application.requested_limit_minor, application.product.currency)
    if application.agreement is None or application.disclosure is None:
        raise refusals.AcceptanceMissing(application.application_no)
    account = account_to_change(application)
    if account is not None:
        refuse_in_the_way(read_standings([account.pk])[account.pk], asked.limit_minor)
