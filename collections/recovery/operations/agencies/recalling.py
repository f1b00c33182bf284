"""Recall 撤案: by hand with a reason, on the spot when something happens, by the close of each day for the rest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

import structlog
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.facts import facts_of
from accounts.models import AccountSignals, CreditAccount
from accounts.operations.signals import note_signals, note_signals_of
from casework.models import Case
from casework.operations.cases.moving import move_cases
from recovery.agency_facts import ENDING, sold_among
from recovery.agency_reasons import RECALLED
from recovery.agency_roles import RECALL, RECALL_BY_RULE
from recovery.models import Placement
from recovery.operations.agencies.commissions import settle, unsettled_after
from recovery.operations.agencies.finding import reason_of
from recovery.operations.agencies.refusals import NoBook, NotPlaced, PaidToday, ValueMalformed
from recovery.rules.commission import tail_ends_on
from riskops.shared.audit import Actor, line, record, record_all
from riskops.shared.day import hold_day
from riskops.shared.money import plain_amount
from riskops.shared.own_reasons import own_reason
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import scope_of_actor

log = structlog.get_logger(__name__)

Reason = Placement.Reason
#: The machine that recalls by rule.
RECALLER: Final = Actor(own_reason(gettext_noop("agency-recall")))
FACTS: Final = (*(name for name, _reason in ENDING), "exposure")
#: What a person may give as the reason: what a rule finds by itself is not among it. That it was sold the sale says.
BY_HAND: Final = (Reason.AGENCY, Reason.OTHER)
AT_ONCE: Final = 1_000


@transaction.atomic
def recall_account(*, actor: Actor, account_no: str, reason: str, note: str) -> Placement:
    """Recall an account from its agency today; what it is paid after that day counts for the agency as its tail says.

    :param reason: one of `BY_HAND`
    :raises NotPlaced: it is with no agency, or out of sight
    :raises PaidToday: a payment of the open day is not settled
    :raises ReasonMissing, ValueMalformed: nothing is written, or no reason that a person gives
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    account = CreditAccount.objects.select_related("product").filter(account_no=account_no).first()
    if account is None or not scope_of_actor(actor).permits(account.pk):
        raise NotPlaced(account_no)
    refuse_conflict(actor, account.customer_id)
    if reason not in BY_HAND:
        named = ", ".join(str(Reason(one).label) for one in BY_HAND)
        text = _(
            "By hand an account is recalled for one of: %(reasons)s. That it was sold, paid or disputed recalls it by itself."
        )
        raise ValueMalformed("reason", text % {"reasons": named})
    kept = reason_of(note)
    open_day = _open_day(account.pk)
    placement = _locked(account.pk)
    if placement is None:
        raise NotPlaced(account_no)
    settle(as_of=open_day - timedelta(days=1), account_ids=[account.pk])
    paid = unsettled_after(account.pk, open_day - timedelta(days=1))
    if paid is not None:
        raise PaidToday(account_no, plain_amount(paid.amount_minor, digits=account.product.minor_digits), paid.paid_on)
    _recall(placement, on=open_day, reason=Reason(reason), note=kept, by=actor.name)
    _hand_back([account.pk], open_day - timedelta(days=1), actor)
    note_signals(account.pk, is_placed=False)
    record(
        actor=actor,
        action=RECALL,
        subject_type="account",
        subject_key=account_no,
        account_id=account.pk,
        before={"agency": placement.agency.code},
        after={"recalled_on": open_day.isoformat(), "recall_reason": reason},
        reason=kept,
    )
    return placement


def recall_changed(*, account_ids: Sequence[int], **_more: Any) -> None:
    """Recall what a change has ended: a dispute, a fraud claim, a plan, care, payment in full. Listens to `facts_changed`.

    What was paid on the open day waits for its close, which settles the commission first; contact is held back meanwhile by the
    gate, which goes by the same signals.
    """
    placed = Placement.objects.filter(account_id__in=account_ids, recalled_on=None).order_by("account_id")
    for account_id in placed.values_list("account_id", flat=True):
        try:
            _recall_if_ended(account_id)
        except Exception:
            # The close recalls it tonight; nobody else's change may fail of it.
            log.exception("recall_failed", account_id=account_id)


@transaction.atomic
def _recall_if_ended(account_id: int) -> None:
    open_day = _open_day(account_id)
    placement = _locked(account_id)
    if placement is None:
        return
    as_of = open_day - timedelta(days=1)
    reason = ending_reason(facts_of([account_id], as_of, FACTS).get(account_id), is_sold=bool(sold_among([account_id])))
    if reason is None or unsettled_after(account_id, as_of) is not None:
        return
    settle(as_of=as_of, account_ids=[account_id])
    _recall(placement, on=open_day, reason=reason, note="", by=RECALLER.name)
    _hand_back([account_id], as_of, RECALLER)
    note_signals(account_id, is_placed=False)
    record_all([_line(placement, open_day, reason, run_id=None, actor=RECALLER)])


def ending_reason(facts: Any, *, is_sold: bool) -> Reason | None:
    """Return why what is known of an account ends its placement; None: nothing does."""
    if is_sold:
        return Reason.RESALE
    if facts is None:
        return None
    for name, reason in ENDING:
        if facts[name]:
            return reason
    return Reason.PAID if facts["exposure"] == 0 else None


def recall_due(*, as_of: date, today: date, first: int, last: int, actor: Actor, run_id: int | None = None) -> int:
    """Recall what has ended in a range by the close of a day, its payments settled before; a repeat finds nothing.

    :param today: the calendar day, by which contracts run
    """
    rows = Placement.objects.filter(recalled_on=None, account_id__gte=first, account_id__lte=last, placed_on__lte=as_of)
    rows = rows.select_related("agency", "terms", "account").order_by("account_id")
    recalled = 0
    found = list(rows)
    for begin in range(0, len(found), AT_ONCE):
        recalled += _recall_chunk(found[begin : begin + AT_ONCE], as_of, today, actor, run_id)
    return recalled


def _recall_chunk(placements: list[Placement], as_of: date, today: date, actor: Actor, run_id: int | None) -> int:
    placed_ids = [placement.account_id for placement in placements]
    facts, sold = facts_of(placed_ids, as_of, FACTS), sold_among(placed_ids)
    groups: dict[tuple[Reason, int], list[Placement]] = defaultdict(list)
    for placement in placements:
        is_sold = placement.account_id in sold
        reason = ending_reason(facts.get(placement.account_id), is_sold=is_sold) or _of_agency(placement, as_of, today)
        if reason is not None:
            groups[reason, placement.terms.tail_days].append(placement)
    for (reason, tail_days), ended in groups.items():
        Placement.objects.filter(pk__in=[placement.pk for placement in ended]).update(
            recalled_on=as_of, recall_reason=reason, recalled_by_name=actor.name, tail_until=tail_ends_on(as_of, tail_days)
        )
        record_all(_line(placement, as_of, reason, run_id=run_id, actor=actor) for placement in ended)
    ids = [placement.account_id for ended in groups.values() for placement in ended]
    # The tiers of the same close are set after this: nobody needs to be told.
    note_signals_of(ids, is_placed=False)
    _hand_back(ids, as_of, actor, run_id)
    return len(ids)


def _hand_back(account_ids: Sequence[int], day: date, actor: Actor, run_id: int | None = None) -> None:
    """Put the cases of recalled accounts back where their days past due put them, into `legal` where legal recovery stands; one
    that went there meanwhile stays.
    """
    in_legal = set(
        AccountSignals.objects.filter(account_id__in=account_ids, is_in_legal=True).values_list("account_id", flat=True)
    )
    for stage, ids in ((Case.Stage.LEGAL, in_legal), (Case.Stage.PURSUE, set(account_ids) - in_legal)):
        move_cases(
            actor=actor, account_ids=ids, stage=stage, reason=RECALLED, day=day, leaving=Case.Stage.AGENCY, run_id=run_id
        )  # fmt: skip


def _of_agency(placement: Placement, as_of: date, today: date) -> Reason | None:
    if placement.agency.recalls_all or placement.agency.contract_until < today:
        return Reason.AGENCY
    return Reason.AGE if (as_of - placement.placed_on).days >= placement.agency.placed_days else None


def _recall(placement: Placement, *, on: date, reason: Reason, note: str, by: str) -> None:
    placement.recalled_on, placement.recall_reason, placement.recall_note, placement.recalled_by_name = on, reason, note, by
    placement.tail_until = tail_ends_on(on, placement.terms.tail_days)
    placement.save(update_fields=["recalled_on", "recall_reason", "recall_note", "recalled_by_name", "tail_until"])


def _open_day(account_id: int) -> date:
    """Return the open day, held; refused before the first close, when nothing can be placed."""
    open_day = hold_day(account_id).open_day
    if open_day is None:
        raise NoBook
    return open_day


def _locked(account_id: int) -> Placement | None:
    rows = Placement.objects.select_for_update(of=("self",)).select_related("agency", "terms", "account")
    return rows.filter(account_id=account_id, recalled_on=None).first()


def _line(placement: Placement, on: date, reason: Reason, *, run_id: int | None, actor: Actor) -> Any:
    return line(
        actor=actor,
        action=RECALL_BY_RULE,
        subject_type="account",
        subject_key=placement.account.account_no,
        account_id=placement.account_id,
        before={"agency": placement.agency.code},
        after={"recalled_on": on.isoformat(), "recall_reason": str(reason)},
        run_id=run_id,
    )
