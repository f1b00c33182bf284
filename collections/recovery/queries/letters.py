"""Letters as pages and API show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum

from recovery.models import Letter, LetterPolicy
from recovery.models.legal import STAGE_NAMES
from recovery.queries.letter_standing import rate_text
from recovery.rules.benefit import Band, StageTerms
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import masked_name
from riskops.shared.scope import Scope, scope_of, scope_of_actor

PAGE_ROWS: Final = 100
#: The tabs of the list: their code, and the states in each.
TABS: Final[dict[str, tuple[str, ...]]] = {
    "proposed": (Letter.Status.PROPOSED,),
    "printed": (Letter.Status.APPROVED, Letter.Status.PRINTED),
    "sent": (Letter.Status.SENT,),
    "ended": (Letter.Status.DELIVERED, Letter.Status.REFUSED, Letter.Status.RETURNED),
    "not_sent": (Letter.Status.REJECTED, Letter.Status.STOPPED),
}


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A line of the list. Amounts in minor units of `currency`; the customer's name masked."""

    letter: Letter
    account_no: str
    masked_name: str
    rate: str


@dataclass(frozen=True, slots=True)
class TabTotals:
    """What the letters of a tab are about in one currency, in minor units."""

    currency: str
    letters: int
    balance_minor: int
    expected_minor: int
    cost_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class LettersPage:
    """One tab of the list. `next_after` leads to the next rows; "" at the end."""

    tab: str
    rows: tuple[LetterRow, ...]
    counts: Mapping[str, int]
    totals: tuple[TabTotals, ...]
    next_after: str


def letters_in_sight(scope: Scope) -> QuerySet[Letter]:
    """Return the letters about accounts that a person may see."""
    return scope.accounts(Letter.objects.all(), product="account__product")


def letters_page(user: Any, tab: str, after: str) -> LettersPage:
    """Return a tab of the list, those that bring most first.

    :param after: `net:id` of the last row that was shown
    """
    tab = tab if tab in TABS else next(iter(TABS))
    letters = letters_in_sight(scope_of(user))
    of_tab = letters.filter(status__in=TABS[tab])
    rows = of_tab.select_related("account__customer").order_by("-net_minor", "id")
    net, _colon, last = after.partition(":")
    if net.lstrip("-").isdecimal() and last.isdecimal() and len(after) <= 40:
        rows = rows.filter(Q(net_minor__lt=int(net)) | Q(net_minor=int(net), id__gt=int(last)))
    found = list(rows[: PAGE_ROWS + 1])
    shown = found[:PAGE_ROWS]
    return LettersPage(
        tab=tab,
        rows=tuple(_row(letter) for letter in shown),
        counts=_counts(letters),
        totals=_totals(of_tab),
        next_after=f"{shown[-1].net_minor}:{shown[-1].pk}" if len(found) > PAGE_ROWS else "",
    )


def _counts(letters: QuerySet[Letter]) -> dict[str, int]:
    by_state = dict(letters.order_by().values_list("status").annotate(number=Count("id")))
    return {tab: sum(by_state.get(state, 0) for state in states) for tab, states in TABS.items()}


def _totals(letters: QuerySet[Letter]) -> tuple[TabTotals, ...]:
    sums = {name: Sum(name) for name in ("balance_minor", "expected_minor", "cost_minor", "net_minor")}
    rows: Any = letters.order_by("currency").values("currency").annotate(letters=Count("id"), **sums)
    return tuple(TabTotals(**row) for row in rows)


def _row(letter: Letter) -> LetterRow:
    person = letter.account.customer.person
    return LetterRow(letter, letter.account.account_no, masked_name(person.get("name", "")), rate_text(letter.rate_bp))


@dataclass(frozen=True, slots=True)
class LetterPage:
    """One letter with its document, its evidence and what happened."""

    row: LetterRow
    document: Any
    files: tuple[Any, ...]
    audit: tuple[AuditEntry, ...]


def letter_in_sight(actor: Actor, letter_id: int) -> Letter | None:
    """Return a letter that whoever acts may see and open, None for none.

    :raises ConflictDeclared: they have a conflict with the customer
    """
    rows = letters_in_sight(scope_of_actor(actor)).select_related("account__customer", "account__product", "policy")
    letter = rows.filter(pk=letter_id).first()
    if letter is not None:
        refuse_conflict(actor, letter.customer_id)
    return letter


def letter_page(letter: Letter, *, with_audit: bool) -> LetterPage:
    """Return a letter's page."""
    audit = AuditEntry.objects.filter(subject_type="letter", subject_key=letter.reference).order_by("-id")[:50]
    return LetterPage(
        row=_row(letter),
        document=getattr(letter, "document", None),
        files=tuple(letter.files.order_by("id")),
        audit=tuple(audit) if with_audit else (),
    )


def band_lines(policy: LetterPolicy) -> tuple[tuple[Band, str], ...]:
    """Return the recovery rates of a version, each with its rate in percent."""
    return tuple((band, rate_text(band.rate_bp)) for band in policy.rate_bands())


def stage_lines(policy: LetterPolicy) -> tuple[tuple[StageTerms, Any, str], ...]:
    """Return the legal stages of a version, each with its name and its rate in percent."""
    return tuple((terms, STAGE_NAMES[terms.stage], rate_text(terms.rate_bp)) for terms in policy.stage_terms())
