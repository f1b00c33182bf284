"""Mandates, debits and the files both ways, for their pages and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import DebitFile, DebitInstruction, DebitMandate, DebitResult, DebitResultFile, DebitTry
from accounts.queries.account_page import LoadedAccount
from accounts.queries.conduct_figures import conduct_figures
from accounts.queries.debit_standing import DebitStanding, debit_standing
from accounts.queries.previews import open_day
from accounts.rules.conduct_figures import ConductCode
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of

ROWS: Final = 50
Status = DebitInstruction.Status
LISTS: Final[dict[str, Promise]] = {
    "open": _("Still open"),
    "failed": _("Failed"),
    "ended": _("Taken or ended"),
}
_CONDITIONS: Final = {
    "open": Q(status__in=[Status.SCHEDULED, Status.SENT]),
    "failed": Q(status=Status.FAILED),
    "ended": Q(status__in=[Status.DONE, Status.STOPPED, Status.CANCELLED]),
}


@dataclass(frozen=True, slots=True)
class DebitPage:
    """A page of a list. `next_before` is the id to go on below, None at the end."""

    name: str
    rows: tuple[DebitInstruction, ...]
    next_before: int | None


@dataclass(frozen=True, slots=True)
class AccountDebits:
    """The mandates and debits of one account, and what a debit may take on the first day that its notice allows.

    :param open_day: None before the first close
    :param earliest: the first day a debit may be ordered for
    """

    mandates: tuple[DebitMandate, ...]
    debits: tuple[DebitInstruction, ...]
    standing: DebitStanding
    open_day: date | None
    earliest: date
    notice_days: int
    today: date

    @property
    def usable(self) -> tuple[DebitMandate, ...]:
        """The mandates by which something may still be taken."""
        return tuple(
            mandate
            for mandate in self.mandates
            if mandate.revoked_on is None and (mandate.valid_until is None or mandate.valid_until >= self.earliest)
        )


def _whole(rows: QuerySet[DebitInstruction]) -> QuerySet[DebitInstruction]:
    tries = DebitTry.objects.select_related("payment").order_by("number")
    return rows.select_related("mandate", "account__product").prefetch_related(Prefetch("all_tries", tries), "notices")


def debits_seen(user: Any) -> QuerySet[DebitInstruction]:
    """Return the debits of accounts that a person may see; those of customers they have a conflict with are not among them."""
    rows = DebitInstruction.objects.exclude(account__customer_id__in=conflicted_customers(user))
    return scope_of(user).accounts(rows, product="account__product")


def debit_page(name: str, *, user: Any, before: int | None) -> DebitPage:
    """Return a page of a list, newest first."""
    rows = _whole(debits_seen(user).filter(_CONDITIONS[name]))
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = tuple(rows.order_by("-pk")[: ROWS + 1])
    return DebitPage(name, found[:ROWS], found[ROWS - 1].pk if len(found) > ROWS else None)


def debit_seen(debit_id: int, *, user: Any) -> DebitInstruction | None:
    """Return a debit with its tries and notices, None where there is none in sight."""
    seen = scope_of(user).accounts(DebitInstruction.objects.all(), product="account__product")
    return _whole(seen).filter(pk=debit_id).first()


def mandate_seen(mandate_id: int, *, user: Any) -> DebitMandate | None:
    """Return a mandate, None where there is none in sight."""
    seen = scope_of(user).accounts(DebitMandate.objects.all(), product="account__product")
    return seen.select_related("account__product").filter(pk=mandate_id).first()


def account_debits(loaded: LoadedAccount) -> AccountDebits:
    """Return what an account's page of debits shows."""
    account_id, first_open = loaded.head.account.pk, open_day(loaded.head.business_date)
    notice_days = conduct_figures()[ConductCode.DEBIT_NOTICE]
    today = first_open or loaded.head.stands_on
    earliest = today + timedelta(days=notice_days)
    return AccountDebits(
        mandates=tuple(DebitMandate.objects.filter(account_id=account_id)),
        debits=tuple(_whole(DebitInstruction.objects.filter(account_id=account_id)).order_by("-pk")[:ROWS]),
        standing=debit_standing(loaded.entries, earliest),
        open_day=first_open,
        earliest=earliest,
        notice_days=notice_days,
        today=today,
    )


def debit_files() -> tuple[DebitFile, ...]:
    """Return the latest files to the provider."""
    return tuple(DebitFile.objects.all()[:ROWS])


def result_files() -> tuple[Any, ...]:
    """Return the latest files of results, with how many of their lines are in which state."""
    states = {str(status): Count("results", filter=Q(results__status=status)) for status in DebitResult.Status}
    return tuple(DebitResultFile.objects.annotate(**states)[:ROWS])


def result_file(number: int) -> Any | None:
    """Return one file of results, with how many of its lines are in which state."""
    states = {str(status): Count("results", filter=Q(results__status=status)) for status in DebitResult.Status}
    return DebitResultFile.objects.annotate(**states).filter(pk=number).first()


def result_lines(number: int, *, status: str = "", after: int = 0) -> tuple[DebitResult, ...]:
    """Return lines of a file of results in order, those of a state alone if asked; two hundred at most."""
    rows = DebitResult.objects.filter(file_id=number, line__gt=after)
    return tuple((rows.filter(status=status) if status else rows).order_by("line")[:200])


def due_to_send(day: date | None) -> int:
    """Return how many debits are to be tried by a day."""
    if day is None:
        return 0
    return DebitInstruction.objects.filter(status=Status.SCHEDULED, next_on__lte=day).count()
