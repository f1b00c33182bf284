"""Applications as people look at them: the lists, and one with what its rules saw. Only products that the person may see."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.application_facts import APPLICATION_FACTS
from accounts.models import (
    Application,
    ApplicationAppeal,
    ApplicationConsent,
    BureauRecord,
    DecisionNotice,
    ProposalRule,
    ReasonCode,
)
from accounts.models.applications import OUTCOME_CHOICES
from accounts.operations.applications.appealing import last_day_to_appeal
from accounts.operations.applications.proposal_rules import TRIED_DAYS
from accounts.operations.applications.replaying import ApplicationReplay, replay_application
from accounts.operations.deciding.refusals import role_names
from accounts.operations.deciding.weighing import terms_of
from accounts.queries.fact_rows import FactLine, in_words, value_text
from accounts.rules.applications import ApplicationAction, ApplicationStatus
from accounts.rules.authority import may_approve
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.personal import masked, masked_name, person_indexes
from riskops.shared.rule_language import Rule, RuleRefusal, explain, holds, parse_rule
from riskops.shared.scope import Scope

PAGE_ROWS: Final = 50
#: The lists of the page, in the order of an application's life.
LISTS: Final[dict[str, Promise]] = {
    "open": _("To decide"),
    "to_approve": _("To approve"),
    "granted": _("Granted"),
    "refused": _("Refused"),
    "appealed": _("Appealed"),
    "ended": _("Withdrawn or expired"),
    "all": _("All"),
}
_STATUSES: Final[dict[str, tuple[str, ...]]] = {
    "open": (ApplicationStatus.RECEIVED, ApplicationStatus.PROPOSED),
    "to_approve": (ApplicationStatus.IN_APPROVAL,),
    "granted": (ApplicationStatus.GRANTED,),
    "refused": (ApplicationStatus.REFUSED,),
    "ended": (ApplicationStatus.WITHDRAWN, ApplicationStatus.EXPIRED),
}
#: What of a list waits for somebody; an appeal that waits for its second person is counted there.
_WAITING: Final = {
    "open": Q(status__in=_STATUSES["open"]),
    "to_approve": Q(status__in=_STATUSES["to_approve"]),
    "appealed": Q(status=ApplicationStatus.REFUSED, appeal__outcome=ApplicationAppeal.Outcome.OPEN),
}
_TONES: Final = {
    ApplicationStatus.IN_APPROVAL.value: "warn",
    ApplicationStatus.GRANTED.value: "ok",
    ApplicationStatus.REFUSED.value: "bad",
    ApplicationStatus.PROPOSED.value: "accent",
}
_OUTCOMES: Final = dict(OUTCOME_CHOICES)
#: Waiting ones are counted so far and no further.
MOST_COUNTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    """An application in a list; the person is masked. Amounts in minor units of its currency."""

    application: Application
    currency: str
    masked_name: str
    needs: str
    is_mine: bool
    is_mine_to_approve: bool
    days_left: int | None
    appeal: ApplicationAppeal | None

    @property
    def tone(self) -> str:
        """The colour of its status."""
        return _TONES.get(self.application.status, "")

    @property
    def proposed(self) -> Promise | str:
        """What the rules propose, in words."""
        return _OUTCOMES.get(self.application.proposal.get("outcome", ""), "")

    @property
    def proposed_limit_minor(self) -> int | None:
        """The limit that the rules propose."""
        found: int | None = self.application.proposal.get("limit_minor")
        return found


@dataclass(frozen=True, slots=True)
class ApplicationsPage:
    """One page of a list, by keyset. `next_before` is where the next one begins, None on the last."""

    name: str
    rows: tuple[ApplicationRow, ...]
    next_before: int | None
    counts: dict[str, int]


def seen_applications(scope: Scope) -> QuerySet[Application]:
    """Return the applications for products that a person may see."""
    return scope.accounts(Application.objects.select_related("product", "reason", "account", "proposal_rule", "appeal"))


def applications_page(
    name: str, *, scope: Scope, search: str, before: int | None, user: Any, roles: Collection[str], today: date | None
) -> ApplicationsPage:
    """Return a page of a list, newest first. Applicants with whom the person has a conflict are in no list and no count.

    :param search: an application number, a customer number, or a whole name, phone or identity number of the applicant
    """
    seen = seen_applications(scope).exclude(customer_id__in=conflicted_customers(user))
    found = seen
    if name in _STATUSES:
        found = found.filter(status__in=_STATUSES[name])
    elif name == "appealed":
        found = found.filter(appeal__isnull=False)
    if search:
        found = found.filter(_matching(search))
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: PAGE_ROWS + 1])
    days = terms_of(ApplicationAction.GRANT_LIMIT).expiry_days
    return ApplicationsPage(
        name=name,
        rows=tuple(_row(row, user_id=user.pk, roles=roles, today=today, expiry_days=days) for row in rows[:PAGE_ROWS]),
        # A search is not gone on with: what it looked for would stand in the address of the next page.
        next_before=rows[PAGE_ROWS - 1].pk if len(rows) > PAGE_ROWS and not search else None,
        counts={waits: seen.filter(waiting).order_by()[:MOST_COUNTED].count() for waits, waiting in _WAITING.items()},
    )


def _matching(search: str) -> Q:
    said = person_indexes({"name": search, "phone": search, "national_id": search})
    same = Q(application_no=search) | Q(customer_no=search) | Q(customer__customer_no=search)
    for column in ("name_index", "phone_index", "national_id_index"):
        if said[column] is not None:
            same |= Q(**{column: said[column]})
    return same


def appeal_of(application: Application) -> ApplicationAppeal | None:
    """Return the objection to an application's refusal, if there is one."""
    try:
        return application.appeal
    except ApplicationAppeal.DoesNotExist:
        return None


def _row(
    application: Application, *, user_id: int | None, roles: Collection[str], today: date | None, expiry_days: int | None
) -> ApplicationRow:
    is_mine = user_id is not None and application.decided_by_id == user_id
    appeal = appeal_of(application)
    # Who refused, or recorded the objection, does not agree to the second look either.
    has_part = is_mine or (appeal is not None and appeal.is_open and appeal.has_part(user_id))
    waits = application.status == ApplicationStatus.IN_APPROVAL
    left = None
    if application.is_open and today is not None and expiry_days:
        left = max(0, (application.open_since + timedelta(days=expiry_days) - today).days)
    return ApplicationRow(
        application=application,
        currency=application.product.currency,
        masked_name=masked_name(application.person.get("name", "")),
        needs=role_names(application.needs_approval_by) if waits else "",
        is_mine=is_mine,
        is_mine_to_approve=waits and may_approve(roles=roles, approver_roles=application.needs_approval_by, is_proposer=has_part),
        days_left=left,
        appeal=appeal,
    )


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One comparison of a rule with what was found, in words."""

    label: Promise | str
    asked: str
    found: str
    holds: bool


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One proposal rule as it met the application, the values compared beside it. `speaks`: its proposal is the one made."""

    name: str
    code: str
    text: str
    outcome: Promise | str
    holds: bool
    speaks: bool
    comparisons: tuple[ComparedLine, ...]


@dataclass(frozen=True, slots=True)
class ApplicationPage:
    """One application with everything that hangs on it; the person is masked."""

    row: ApplicationRow
    masked: tuple[tuple[Promise, str], ...]
    consents: tuple[ApplicationConsent, ...]
    bureau: tuple[BureauRecord, ...]
    facts: tuple[FactLine, ...]
    rules: tuple[RuleLine, ...]
    notices: tuple[DecisionNotice, ...]
    history: tuple[AuditEntry, ...]
    replay: ApplicationReplay
    earlier: tuple[Application, ...]
    refused_for: ReasonCode | None
    undone_for: ReasonCode | None
    last_day_to_appeal: date | None

    @property
    def appeal(self) -> ApplicationAppeal | None:
        """The objection to its refusal, if there is one."""
        return self.row.appeal

    @property
    def application(self) -> Application:
        """The application itself."""
        return self.row.application


def load_application(
    application_id: int, *, scope: Scope, user_id: int | None, roles: Collection[str], today: date | None
) -> ApplicationPage | None:
    """Return an application as one person sees it; None where there is none in their sight."""
    application = seen_applications(scope).select_related("customer", "agreement", "disclosure").filter(pk=application_id).first()
    if application is None:
        return None
    days = terms_of(ApplicationAction.GRANT_LIMIT).expiry_days
    person, currency = application.person, application.product.currency
    appeal = appeal_of(application)
    return ApplicationPage(
        row=_row(application, user_id=user_id, roles=roles, today=today, expiry_days=days),
        masked=(
            (_("name"), masked_name(person.get("name", ""))),
            (_("phone"), masked(person.get("phone", ""))),
            (_("identity number"), masked(person.get("national_id", ""))),
            (_("e-mail"), masked(person.get("email", ""))),
        ),
        consents=tuple(application.consents.order_by("kind")),
        bureau=tuple(application.bureau_records.all()),
        facts=in_words(application.facts, currency, APPLICATION_FACTS),
        rules=tuple(_rule_lines(application)),
        notices=tuple(application.notices.order_by("pk")),
        history=tuple(
            AuditEntry.objects.filter(subject_type="application", subject_key=application.application_no).order_by("-id")[:100]
        ),
        replay=replay_application(application),
        earlier=tuple(_earlier(application, scope, user_id)),
        refused_for=ReasonCode.objects.filter(code=appeal.refusal.get("reason")).first() if appeal else None,
        undone_for=ReasonCode.objects.filter(code=application.undone_refusal["reason"]).first()
        if application.undone_refusal
        else None,
        last_day_to_appeal=last_day_to_appeal(application) if appeal is None else None,
    )


def _earlier(application: Application, scope: Scope, user_id: int | None) -> QuerySet[Application]:
    """Return the other applications of the same person or phone, newest first: a phone may be that of somebody with whom the
    reader has a conflict, and theirs are in no list.
    """
    same = Q(pk__in=[])
    for column in ("customer_id", "national_id_index", "phone_index"):
        value = getattr(application, column)
        if value is not None:
            same |= Q(**{column: value})
    conflicted = conflicted_customers(Actor("", user_id))
    others = seen_applications(scope).exclude(pk=application.pk).exclude(customer_id__in=conflicted)
    return others.filter(same).order_by("-pk")[:10]


def _rule_lines(application: Application) -> list[RuleLine]:
    lines = application.inputs.get("lines", [])
    names = {
        (rule.code, rule.number): rule.name for rule in ProposalRule.objects.filter(code__in=[line["code"] for line in lines])
    }
    said = application.proposal
    currency = application.product.currency
    found = []
    for line in lines:
        try:
            rule = parse_rule(line["rule"], APPLICATION_FACTS)
        except RuleRefusal:
            # A fact it spoke of is gone; the replay says so.
            continue
        why = explain(rule, application.facts)
        found.append(
            RuleLine(
                name=names.get((line["code"], line["number"]), line["code"]),
                code=f"{line['code']} v{line['number']}",
                text=line["rule"],
                outcome=_OUTCOMES.get(line["outcome"], line["outcome"]),
                holds=why.holds,
                speaks=(line["code"], line["number"]) == (said.get("rule"), said.get("number")),
                comparisons=tuple(_compared(rule, application.facts, currency)),
            )
        )
    return found


def _compared(rule: Rule, facts: dict[str, Any], currency: str) -> list[ComparedLine]:
    lines = []
    for compared in explain(rule, facts).comparisons:
        wanted = compared.wanted if isinstance(compared.wanted, tuple) else (compared.wanted,)
        asked = ", ".join(value_text(compared.fact.kind, value, currency) or "–" for value in wanted)
        lines.append(
            ComparedLine(
                label=compared.fact.label,
                asked=f"{compared.operator.value} {asked}",
                found=value_text(compared.fact.kind, compared.found, currency) or "–",
                holds=compared.holds,
            )
        )
    return lines


class Held(NamedTuple):
    """On how many applications a rule holds, of how many that were looked at."""

    rows: int
    of_rows: int


def applications_held(rule: Rule, *, scope: Scope, today: date | None) -> Held:
    """Return on how many of the latest applications in scope a rule holds, by the facts that were kept with them."""
    if today is None:
        return Held(0, 0)
    latest = seen_applications(scope).filter(received_on__gt=today - timedelta(days=TRIED_DAYS)).exclude(inputs={})
    rows = list(latest.order_by("-pk").values_list("facts", flat=True)[:MOST_COUNTED])
    return Held(sum(holds(rule, facts) for facts in rows), len(rows))


def reasons_for(action: str) -> list[tuple[str, str]]:
    """Return the reason codes in use for an action, with their names."""
    return [(reason.code, str(reason)) for reason in ReasonCode.objects.filter(action=action, is_active=True)]


def proposal_rules() -> tuple[ProposalRule, ...]:
    """Return all versions, those that speak or may come to speak first."""
    rank = {"draft": 0, "live": 1, "discarded": 2}
    found = ProposalRule.objects.select_related("reason").order_by("order", "code", "-number")
    return tuple(sorted(found, key=lambda rule: (rule.live_until is not None, rank[rule.status])))
