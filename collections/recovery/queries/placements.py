"""What is placed with agencies: the board, and batches with how alike their split is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, Final

from django.db.models import Count, Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountState
from recovery.agency_facts import BALANCE_BANDS, STRATA
from recovery.models import BatchAccount, Placement, PlacementBatch
from recovery.rules.splitting import LARGEST_DIFFERENCE
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of
from riskops.shared.wording import amount_text

ROWS: Final = 50
_E4: Final = 10_000

VARIABLE_NAMES: Final[dict[str, Promise]] = {
    "bucket": _("bucket"),
    "balance": _("owed, in major units"),
    "product": _("product"),
    "prior": _("placed before"),
}


@dataclass(frozen=True, slots=True)
class BoardFilters:
    """What is asked of the board; "" for all. `state`: open or recalled."""

    agency: str = ""
    state: str = "open"
    reason: str = ""
    account: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A placement; `owed_minor` is what is owed now."""

    placement: Placement
    owed_minor: int

    @property
    def currency(self) -> str:
        """The currency of its amounts."""
        return self.placement.agency.currency


@dataclass(frozen=True, slots=True)
class Board:
    """A page of placements, the newest first. `next_after`: the mark of the next page, "" on the last."""

    rows: tuple[BoardRow, ...]
    next_after: str


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One level of a stratum variable: its accounts by agency, and the largest standardised difference between two of them."""

    variable: Promise
    level: str
    accounts: tuple[int, ...]
    difference: float

    @property
    def is_uneven(self) -> bool:
        """Whether it differs by the bound or more."""
        return self.difference >= LARGEST_DIFFERENCE

    @property
    def shown(self) -> str:
        """The difference as it is written."""
        return f"{self.difference:.4f}"


@dataclass(frozen=True, slots=True)
class ShareRow:
    """What an agency gets of a batch."""

    code: str
    weight: int
    accounts: int
    amount_minor: int
    is_champion: bool


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A batch with its split; `largest` is the largest standardised difference of any stratum variable."""

    batch: PlacementBatch
    shares: tuple[ShareRow, ...]
    levels: tuple[LevelRow, ...]
    largest: float
    left_out: int
    outcomes: tuple[tuple[str, int], ...]

    @property
    def is_even(self) -> bool:
        """Whether the split is alike."""
        return self.largest < LARGEST_DIFFERENCE

    @property
    def largest_shown(self) -> str:
        """The largest difference as it is written."""
        return f"{self.largest:.4f}"


def read_board(query: QueryDict) -> BoardFilters:
    """Return the filters of an address; what is no value of theirs is left out."""
    chosen = {name: query.get(name, "").strip()[:64] for name in ("agency", "state", "reason", "account", "after")}
    if chosen["state"] not in ("open", "recalled", "all"):
        chosen["state"] = "open"
    if chosen["reason"] not in Placement.Reason.values:
        chosen["reason"] = ""
    return BoardFilters(**chosen)


def board(user: Any, filters: BoardFilters) -> Board:
    """Return placements that a person may see."""
    rows = in_sight(Placement.objects.all(), user)
    if filters.agency:
        rows = rows.filter(agency__code=filters.agency)
    if filters.state != "all":
        rows = rows.filter(recalled_on__isnull=filters.state == "open")
    if filters.reason:
        rows = rows.filter(recall_reason=filters.reason)
    if filters.account:
        rows = rows.filter(account__account_no=filters.account)
    day, _comma, row_id = filters.after.partition(",")
    try:
        placed_on = date.fromisoformat(day)
        rows = rows.filter(Q(placed_on__lt=placed_on) | Q(placed_on=placed_on, pk__lt=int(row_id[:18])))
    except ValueError:
        pass
    rows = rows.select_related("agency", "account__state", "account__product").order_by("-placed_on", "-pk")
    found = list(islice(rows[: ROWS + 1], ROWS + 1))
    shown = found[:ROWS]
    mark = f"{shown[-1].placed_on.isoformat()},{shown[-1].pk}" if len(found) > ROWS else ""
    return Board(tuple(BoardRow(placement, owed_by(placement.account.state)) for placement in shown), mark)


def in_sight(rows: QuerySet[Placement], user: Any) -> QuerySet[Placement]:
    """Return the placements that a person may see."""
    rows = scope_of(user).accounts(rows, product="account__product")
    conflicted = conflicted_customers(user)
    return rows.exclude(account__customer_id__in=conflicted) if conflicted else rows


def owed_by(state: AccountState) -> int:
    """Return all that is owed on an account, in minor units."""
    return (
        state.outstanding_principal_minor
        + state.outstanding_interest_minor
        + state.outstanding_fee_minor
        + state.penalty_due_minor
    )


def batch_rows() -> tuple[PlacementBatch, ...]:
    """Return the latest batches."""
    return tuple(PlacementBatch.objects.order_by("-pk")[:100])


def batch_page(batch: PlacementBatch) -> BatchPage:
    """Return a batch with its split."""
    outcome = batch.outcome
    # The one with the largest share is the champion, the others are tried beside it; equals are none.
    weights = sorted(batch.shares.values(), reverse=True)
    most = weights[0] if len(weights) > 1 and weights[0] > weights[1] else None
    shares = tuple(
        ShareRow(one["code"], batch.shares[one["code"]], one["accounts"], one["amount_minor"], batch.shares[one["code"]] == most)
        for one in outcome.get("agencies", [])
    )
    levels = tuple(
        LevelRow(
            VARIABLE_NAMES[one["variable"]],
            level_text(one["variable"], one["level"], batch.currency, batch.minor_digits),
            tuple(one["accounts"]),
            one["difference_e4"] / _E4,
        )
        for one in sorted(outcome.get("levels", []), key=lambda one: (STRATA.index(one["variable"]), one["level"]))
    )
    counted = BatchAccount.objects.filter(batch=batch).order_by().values_list("outcome").annotate(n=Count("pk"))
    names = dict(BatchAccount.Outcome.choices)
    return BatchPage(
        batch,
        shares,
        levels,
        batch.largest_difference_e4 / _E4,
        outcome.get("found", 0) - batch.accounts,
        tuple((str(names[code]), number) for code, number in sorted(counted)),
    )


def level_text(variable: str, level: str, currency: str, digits: int) -> str:
    """Return a level of a stratum variable in words."""
    if variable == "balance":
        place = int(level)
        low = amount_text(BALANCE_BANDS[place - 1] * 10**digits, currency) if place else "0"
        return (
            f"> {low}" if place == len(BALANCE_BANDS) else f"{low} – {amount_text(BALANCE_BANDS[place] * 10**digits, currency)}"
        )
    if variable == "prior":
        return str([_("never"), _("once"), _("twice or more")][int(level)])
    return level
