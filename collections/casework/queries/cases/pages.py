"""What the pages of cases show: the desk of one, and the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import AccountState, CreditAccount
from casework.lateness import reason_label
from casework.models import Case, CaseContact, CaseCost, CaseEvent, CasePrompt, NextAction, Promise
from casework.operations.promises.taking import Room, room_for
from casework.outcomes import outcome_labels
from casework.queries.promises.words import promised_in
from riskops.shared.day import book_shown
from riskops.shared.own_reasons import in_words
from riskops.shared.personal import masked_name
from riskops.shared.scope import scope_of

#: Lines of a list.
PAGE_ROWS: Final = 50
_MOST_EVENTS: Final = 60
_MOST_PROMISES: Final = 20


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in words."""

    event: CaseEvent
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ContactLine:
    """A contact person, masked."""

    contact: CaseContact
    masked_name: str
    last_digits: str


@dataclass(frozen=True, slots=True)
class CaseDesk:
    """What the case page shows. `case` is the open one, else the last; `room` is None where nothing can be promised."""

    account: CreditAccount
    case: Case
    state: AccountState | None
    masked_name: str
    currency: str
    prompts: tuple[CasePrompt, ...]
    events: tuple[EventLine, ...]
    promises: tuple[Promise, ...]
    open_promise: Promise | None
    room: Room | None
    contacts: tuple[ContactLine, ...]
    costs: tuple[CaseCost, ...]
    cost_minor: int
    earlier: tuple[Case, ...]
    next_action: str

    @property
    def is_open(self) -> bool:
        """Whether the case is being collected."""
        return self.case.closed_on is None

    @property
    def asks_reason(self) -> bool:
        """Whether the next contact with the customer asks why they are late."""
        return self.is_open and self.case.reason_id is None

    @property
    def overdue_minor(self) -> int:
        """What is overdue now."""
        return self.state.overdue_total_minor if self.state else 0


@dataclass(frozen=True, slots=True)
class CaseBrief:
    """The few lines of a case beside the worklist and on the account's page."""

    case: Case
    prompts: tuple[CasePrompt, ...]
    open_promise: Promise | None
    room: Room | None
    next_action: str
    episodes: int

    @property
    def asks_reason(self) -> bool:
        """Whether the next contact with the customer asks why they are late."""
        return self.case.closed_on is None and self.case.reason_id is None


def latest_case(account_id: int) -> Case | None:
    """Return the open case of an account, else its last one."""
    rows = Case.objects.filter(account_id=account_id).select_related("owner", "previous", "reason")
    return rows.order_by("-episode").first()


def _room(case: Case, state: AccountState | None, open_promise: Promise | None) -> Room | None:
    closed = book_shown().business_date
    if case.closed_on is not None or state is None or closed is None or open_promise is not None:
        return None
    return room_for(state, today=closed + timedelta(days=1))


def _prompts(case: Case) -> tuple[CasePrompt, ...]:
    return tuple(CasePrompt.objects.filter(stage=case.stage, is_active=True)) if case.closed_on is None else ()


def case_brief(account_id: int, state: AccountState | None) -> CaseBrief | None:
    """Return the brief of an account's case; None where it never had one. Four queries at most."""
    case = latest_case(account_id)
    if case is None:
        return None
    promise = Promise.objects.filter(account_id=account_id, status=Promise.Status.OPEN).prefetch_related("parts").first()
    return CaseBrief(
        case=case,
        prompts=_prompts(case),
        open_promise=promise,
        room=_room(case, state, promise),
        next_action=next_action_label(case.next_action),
        episodes=case.episode,
    )


def case_desk(account: CreditAccount) -> CaseDesk | None:
    """Return the desk of an account's case; None where it never had one."""
    case = latest_case(account.pk)
    if case is None:
        return None
    state = AccountState.objects.filter(pk=account.pk).first()
    promises = tuple(Promise.objects.filter(account_id=account.pk).prefetch_related("parts").order_by("-pk")[:_MOST_PROMISES])
    open_promise = next((promise for promise in promises if promise.status == Promise.Status.OPEN), None)
    labels = outcome_labels()
    events = list(CaseEvent.objects.filter(case__account_id=account.pk).select_related("case").order_by("-pk")[:_MOST_EVENTS])
    promised = promised_in(events)
    costs = tuple(CaseCost.objects.filter(case=case).order_by("-pk"))
    return CaseDesk(
        account=account,
        case=case,
        state=state,
        masked_name=masked_name(account.customer.person.get("name", "")),
        currency=account.product.currency,
        prompts=_prompts(case),
        events=tuple(
            EventLine(event, event_title(event, labels, promised), event.text or in_words(event.reason)) for event in events
        ),
        promises=promises,
        open_promise=open_promise,
        room=_room(case, state, open_promise),
        contacts=tuple(
            ContactLine(
                contact,
                masked_name(contact.person.get("name", "")),
                "".join(mark for mark in contact.person.get("phone", "") if mark.isdigit())[-4:],
            )
            for contact in CaseContact.objects.filter(case__account_id=account.pk).order_by("-pk")
        ),
        costs=costs,
        cost_minor=sum(cost.amount_minor for cost in costs),
        earlier=tuple(Case.objects.filter(account_id=account.pk).exclude(pk=case.pk).order_by("-episode")),
        next_action=next_action_label(case.next_action),
    )


def next_action_label(name: str) -> str:
    """Return the words for a next action, "" for none."""
    return str(NextAction(name).label) if name in NextAction.values else name


def event_title(event: CaseEvent, labels: Mapping[str, str], promised: Mapping[int, str]) -> str:
    """Return an event in a few words, in the language in use; `promised` has what its promise was, by `promised_in`."""
    kind, details = str(event.get_kind_display()), event.details
    if event.to_stage:
        words = event.get_to_stage_display()
        return f"{kind}: {event.get_from_stage_display()} → {words}" if event.from_stage else f"{kind}: {words}"
    if event.kind == CaseEvent.Kind.OUTCOME:
        label = labels.get(details["outcome"], details["outcome"])
        return _("outcome undone: %(outcome)s") % {"outcome": label} if details.get("undone") else f"{kind}: {label}"
    if event.kind == CaseEvent.Kind.NEXT_ACTION and details.get("next_action"):
        return f"{kind}: {next_action_label(details['next_action'])}, {details['next_action_on']}"
    if event.kind == CaseEvent.Kind.REASON:
        return f"{kind}: {reason_label(details['reason'])}"
    if event.kind == CaseEvent.Kind.PROMISE:
        words = f"{kind}: {Promise.Status(details['becomes']).label}"
        return f"{words} · {promised[details['promise']]}" if details["promise"] in promised else words
    if event.kind == CaseEvent.Kind.OWNER:
        return f"{kind}: {details['owner'] or '–'}"
    if event.kind == CaseEvent.Kind.CONTACT:
        return f"{kind}: {CaseContact.Relation(details['relation']).label}"
    if event.kind == CaseEvent.Kind.COST:
        return f"{kind}: {CaseCost.Kind(details['kind']).label}"
    return kind


@dataclass(frozen=True, slots=True)
class CaseFilters:
    """What a list of cases is narrowed to; `after` is the mark of the page before."""

    stage: str = ""
    show: str = "open"
    after: str = ""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A line of the list."""

    case: Case
    account_no: str
    masked_name: str
    currency: str
    days_past_due: int
    bucket: int
    overdue_minor: int
    owner: str
    next_action: str
    is_due: bool


@dataclass(frozen=True, slots=True)
class CasePage:
    """A page of the list of cases."""

    rows: tuple[CaseRow, ...]
    next_after: str


def _mark(text: str) -> tuple[date, int] | None:
    day, _dot, pk = text.partition(".")
    try:
        return date.fromisoformat(day), int(pk)
    except ValueError:
        return None


def seen_cases(user: Any) -> QuerySet[Case]:
    """Return the cases that a person may see."""
    return scope_of(user).accounts(Case.objects.all())


def case_page(filters: CaseFilters, *, user: Any, today: date) -> CasePage:
    """Return a page of open cases, those longest in their stage first; or those with a next action, the earliest first."""
    rows = seen_cases(user).filter(closed_on=None)
    if filters.stage in Case.Stage.values:
        rows = rows.filter(stage=filters.stage)
    if filters.show == "mine":
        rows = rows.filter(owner_id=user.pk)
    by = "stage_since"
    if filters.show == "due":
        rows, by = rows.filter(next_action_on__lte=today), "next_action_on"
    mark = _mark(filters.after)
    if mark is not None:
        rows = rows.filter(**{f"{by}__gte": mark[0]}).exclude(**{by: mark[0], "pk__lte": mark[1]})
    found = list(
        rows.select_related("account__customer", "account__state", "product", "owner", "reason").order_by(by, "pk")[
            : PAGE_ROWS + 1
        ]
    )
    more = len(found) > PAGE_ROWS
    found = found[:PAGE_ROWS]
    last = f"{getattr(found[-1], by).isoformat()}.{found[-1].pk}" if more else ""
    return CasePage(tuple(_row(case, today) for case in found), last)


def _row(case: Case, today: date) -> CaseRow:
    state: AccountState | None = getattr(case.account, "state", None)
    return CaseRow(
        case=case,
        account_no=case.account.account_no,
        masked_name=masked_name(case.account.customer.person.get("name", "")),
        currency=case.product.currency,
        days_past_due=state.days_past_due if state else 0,
        bucket=state.bucket if state else 0,
        overdue_minor=state.overdue_total_minor if state else 0,
        owner=(case.owner.get_full_name() or case.owner.get_username()) if case.owner else "",
        next_action=next_action_label(case.next_action),
        is_due=case.next_action_on is not None and case.next_action_on <= today,
    )
