"""One dispute with all that stands on it: clock, instalments, corrections and what they come to, evidence, letter, cause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from accounts.models import Installment
from accounts.queries.entries import load_entries
from casework.dispute_hooks import Found, find_cause, trace_letter
from casework.models import Dispute, DisputeCorrection, DisputeFile, DisputeLetter
from casework.operations.disputes.correcting import as_corrected, penalty_waivers
from casework.queries.disputes import Clock, clock_of, open_day
from casework.rules.disputes import Correction, Outcome, PenaltyTerms, is_penalty_waived
from riskops.shared.models import AuditEntry
from riskops.shared.personal import masked_name
from riskops.shared.scope import Scope


@dataclass(frozen=True, slots=True)
class InstallmentLine:
    """An instalment that may be cancelled or waived on, with what payments paid of it; amounts in minor units."""

    order_no: str
    sequence: int
    due_date: date
    price_minor: int
    paid_minor: int
    unpaid_minor: int
    penalty_minor: int

    @property
    def key(self) -> str:
        """What the form knows it by."""
        return f"{self.order_no}/{self.sequence}"


@dataclass(frozen=True, slots=True)
class Corrected:
    """What an account comes to; amounts in minor units. A credit below zero: less comes free than is to be refunded."""

    overdue_minor: int
    owed_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class DisputePage:
    """One dispute as its page shows it. Amounts in minor units.

    :param penalty_minor: what accrued since the intake and would be given up today, by its terms and outcome
    :param corrected: what the account would come to on the open day with what is planned; None where nothing is
    """

    dispute: Dispute
    masked_name: str
    clock: Clock
    currency: str
    corrections: tuple[DisputeCorrection, ...]
    files: tuple[DisputeFile, ...]
    letter: DisputeLetter | None
    delivery: Found | None
    cause: Found | None
    installments: tuple[InstallmentLine, ...]
    penalty_minor: int
    is_penalty_waived: bool
    corrected: Corrected | None
    trail: tuple[AuditEntry, ...]
    others: tuple[Dispute, ...]


def dispute_page(dispute: Dispute, *, scope: Scope) -> DisputePage:
    """Return what stands on a dispute, and beside it what somebody who works on it needs."""
    today = open_day()
    corrections = tuple(dispute.corrections.order_by("id"))
    lines = () if dispute.is_closed or today is None else installment_lines(dispute, as_of=today)
    planned = [each for each in corrections if each.done_on is None]
    letter = getattr(dispute, "letter", None)
    terms = PenaltyTerms(dispute.penalty)
    waived = terms is PenaltyTerms.ALWAYS if not dispute.outcome else is_penalty_waived(terms, Outcome(dispute.outcome))
    # Whatever the page shows of it, it is what comes once all that is planned is done.
    waivers = penalty_waivers(dispute, today=today, planned=planned) if not dispute.is_closed and today is not None else []
    # Corrections are made where it is upheld, so that is what they are shown with while nothing is concluded.
    foreseen = is_penalty_waived(terms, Outcome(dispute.outcome or Outcome.UPHELD))
    subject = f"{dispute.account.account_no}/{dispute.pk}"
    others = scope.accounts(Dispute.objects.filter(customer=dispute.customer), product="account__product")
    return DisputePage(
        dispute=dispute,
        masked_name=masked_name(dispute.customer.person.get("name", "")),
        clock=clock_of(dispute, today),
        currency=dispute.account.product.currency,
        corrections=corrections,
        files=tuple(dispute.files.order_by("id")),
        letter=letter,
        delivery=trace_letter(letter) if letter else None,
        cause=find_cause(dispute.cause_kind, dispute.customer_id, dispute.cause_id) if dispute.cause_id else None,
        installments=lines,
        penalty_minor=sum(each.amount_minor or 0 for each in waivers),
        is_penalty_waived=waived,
        corrected=(
            corrected(dispute, [*planned, *(waivers if foreseen else ())], as_of=today) if planned and today is not None else None
        ),
        trail=tuple(AuditEntry.objects.filter(subject_type="dispute", subject_key=subject).order_by("-pk")[:50]),
        others=tuple(others.exclude(pk=dispute.pk).select_related("kind", "account").order_by("-pk")[:10]),
    )


def installment_lines(dispute: Dispute, *, as_of: date) -> tuple[InstallmentLine, ...]:
    """Return the instalments that a dispute is about, as they stand at the close of a day by the replay of the entries."""
    rebuilt = load_entries([dispute.account_id])[dispute.account_id].rebuilt(as_of)
    paid: dict[int, int] = {}
    for line in rebuilt.allocations:
        paid[line.installment] = paid.get(line.installment, 0) + line.amount_minor
    return tuple(
        InstallmentLine(
            order_no=state.entry.order_no,
            sequence=state.entry.sequence,
            due_date=state.entry.due_date,
            price_minor=state.entry.principal_minor + state.entry.interest_minor + state.entry.fee_minor,
            paid_minor=paid.get(state.entry.key, 0),
            unpaid_minor=sum(state.unpaid.values()),
            penalty_minor=state.penalty_due_minor(as_of),
        )
        for state in rebuilt.installments
        if not dispute.order_no or state.entry.order_no == dispute.order_no
    )


def corrected(dispute: Dispute, planned: Iterable[DisputeCorrection], *, as_of: date) -> Corrected:
    """Return what the account would come to at the close of a day with what is planned, by the replay of its entries.

    Nothing is written. What payments paid of an instalment that is cancelled pays what else is due, from its own day on; the rest
    is credit. A refund takes from the credit what there is.

    :param planned: the waivers of penalty that come with the outcome among them
    """
    planned = list(planned)
    entries = load_entries([dispute.account_id])[dispute.account_id]
    state = as_corrected(entries, planned, as_of=as_of).rebuilt(as_of).state
    refunds = sum(each.amount_minor or 0 for each in planned if each.what == Correction.REFUND_CREDIT)
    owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    return Corrected(state.overdue_total_minor, owed + state.penalty_due_minor, state.credit_balance_minor - refunds)


def orders_of(account_id: int) -> tuple[str, ...]:
    """Return the numbers of an account's orders, to offer."""
    rows = Installment.objects.filter(account_id=account_id).order_by("order_no").values_list("order_no", flat=True)
    return tuple(rows.distinct()[:500])
