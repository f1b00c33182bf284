"""How agencies do: liquidation by the month of placement, complaints, contacts, and what the audit finds of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from outreach.models import Contact, ContactHold
from outreach.queries.audit import violations
from outreach.rules.contacts import Hold, Outcome
from recovery.models import Agency, AgencyPerson, CommissionLine, Placement
from recovery.operations.agencies.reporting import NOT_PLACED, REPORTED, reported_by, was_placed

#: Months of placement that are shown, and months after it.
COHORTS: Final = 7
MONTHS_AFTER: Final = 12
#: Days of contacts that are judged again while a person waits.
JUDGED_DAYS: Final = 31


@dataclass(frozen=True, slots=True)
class Cohort:
    """What was placed in a month. `collected_minor`: by months after the month of placement, summed up to each.

    Months that have not begun are left out. Amounts in minor units of the agency's currency.
    """

    month: date
    accounts: int
    placed_minor: int
    recalled: int
    collected_minor: tuple[int, ...]

    @property
    def liquidated_minor(self) -> int:
        """All that was collected so far."""
        return self.collected_minor[-1] if self.collected_minor else 0


@dataclass(frozen=True, slots=True)
class Scorecard:
    """An agency's figures. `contacts` and what follows are of the last `JUDGED_DAYS` days."""

    agency: Agency
    cohorts: tuple[Cohort, ...]
    accounts: int
    complaints: int
    first: date
    last: date
    contacts: int
    by_rule: tuple[tuple[str, int], ...]

    @property
    def violations(self) -> int:
        """How many contacts the audit finds not allowed."""
        return sum(number for _rule, number in self.by_rule)

    @property
    def placed_minor(self) -> int:
        """What was placed in the months shown."""
        return sum(cohort.placed_minor for cohort in self.cohorts)

    @property
    def collected_minor(self) -> int:
        """What was collected of it."""
        return sum(cohort.liquidated_minor for cohort in self.cohorts)

    @property
    def contacts_per_account_tenths(self) -> int:
        """Contacts for each account that was with it, in tenths, rounded down."""
        return self.contacts * 10 // self.accounts if self.accounts else 0

    @property
    def contacts_per_account(self) -> str:
        """The same as it is written."""
        whole, tenth = divmod(self.contacts_per_account_tenths, 10)
        return f"{whole}.{tenth}"


def scorecard(agency: Agency, *, business_date: date, today: date) -> Scorecard:
    """Return the figures of an agency.

    :param business_date: the last closed day, up to which collections count
    :param today: the calendar day, up to which contacts count
    """
    first = today - timedelta(days=JUDGED_DAYS - 1)
    since, until = _begin_of(first), _begin_of(today + timedelta(days=1))
    own = contacts_of(agency)
    made = Contact.objects.filter(own, at__gte=since, at__lt=until).exclude(outcome=Outcome.NOT_MADE).count()
    judged = {violation.contact.pk: str(violation.verdict.rule or "policy") for violation in violations(since, until, among=own)}
    found = Counter([*judged.values(), *(NOT_PLACED for pk in not_placed(agency, since, until) if pk not in judged)])
    accounts = Placement.objects.filter(agency=agency).filter(Q(recalled_on=None) | Q(recalled_on__gte=first))
    return Scorecard(
        agency=agency,
        cohorts=cohorts(agency, business_date),
        accounts=accounts.values("account_id").distinct().count(),
        complaints=complaints(agency),
        first=first,
        last=today,
        contacts=made,
        by_rule=tuple(found.most_common()),
    )


def contacts_of(agency: Agency) -> Q:
    """Return the condition on contacts that an agency made: reported in its files, or by its people while they were with it,
    about accounts that were placed with it. Whoever moves on takes nothing along.
    """
    by_people = Q(pk__in=[])
    for user_id, since, until in AgencyPerson.objects.filter(agency=agency).values_list("user_id", "since", "until"):
        theirs = Q(made_by=user_id, at__gte=_begin_of(since))
        by_people |= theirs if until is None else theirs & Q(at__lt=_begin_of(until + timedelta(days=1)))
    placed = Exists(Placement.objects.filter(agency=agency, account_id=OuterRef("account_id")))
    return Q(key__startswith=reported_by(agency)) | (by_people & Q(placed) & ~Q(key__startswith=REPORTED))


def not_placed(agency: Agency, since: datetime, until: datetime) -> tuple[int, ...]:
    """Return the ids of contacts reported by an agency about accounts that were not with it on their day."""
    rows = Contact.objects.filter(key__startswith=reported_by(agency), at__gte=since, at__lt=until).exclude(
        outcome=Outcome.NOT_MADE
    )
    contacts = list(rows.values_list("pk", "account_id", "at"))
    stays: dict[int, list[tuple[date, date | None]]] = defaultdict(list)
    placed = Placement.objects.filter(agency=agency, account_id__in={account_id for _pk, account_id, _at in contacts})
    for account_id, placed_on, recalled_on in placed.values_list("account_id", "placed_on", "recalled_on"):
        stays[account_id].append((placed_on, recalled_on))
    return tuple(pk for pk, account_id, at in contacts if not was_placed(stays[account_id], at))


def complaints(agency: Agency) -> int:
    """Return how many complaints of customers began while an account of theirs was with an agency."""
    holds = ContactHold.objects.filter(kind=Hold.COMPLAINT, customer__accounts__placements__agency=agency)
    during = holds.filter(since__date__gt=F("customer__accounts__placements__placed_on")).filter(
        Q(customer__accounts__placements__recalled_on=None) | Q(since__date__lte=F("customer__accounts__placements__recalled_on"))
    )
    of_account = during.filter(Q(account=None) | Q(account_id=F("customer__accounts__pk")))
    return of_account.values("pk").distinct().count()


def cohorts(agency: Agency, business_date: date) -> tuple[Cohort, ...]:
    """Return the latest months of placement with what came in on what was placed in them, the oldest first."""
    placed: dict[date, list[int]] = defaultdict(lambda: [0, 0, 0])
    month_of: dict[int, date] = {}
    oldest = _months_before(business_date.replace(day=1), COHORTS - 1)
    rows = Placement.objects.filter(agency=agency, placed_on__gte=oldest)
    for pk, placed_on, amount, recalled_on in rows.values_list("pk", "placed_on", "amount_minor", "recalled_on"):
        month = placed_on.replace(day=1)
        month_of[pk] = month
        counted = placed[month]
        counted[0] += 1
        counted[1] += amount
        counted[2] += recalled_on is not None
    collected: dict[tuple[date, int], int] = defaultdict(int)
    lines = CommissionLine.objects.filter(
        placement__agency=agency, placement__placed_on__gte=oldest, value_date__lte=business_date
    )
    for placement_id, value_date, base in lines.values_list("placement_id", "value_date", "base_minor"):
        month = month_of[placement_id]
        collected[month, min(_months_between(month, value_date), MONTHS_AFTER)] += base
    return tuple(
        Cohort(month, counted[0], counted[1], counted[2], _summed(collected, month, business_date))
        for month, counted in sorted(placed.items())
    )


def _summed(collected: dict[tuple[date, int], int], month: date, business_date: date) -> tuple[int, ...]:
    total, sums = 0, []
    for after in range(min(_months_between(month, business_date), MONTHS_AFTER) + 1):
        total += collected.get((month, after), 0)
        sums.append(total)
    return tuple(sums)


def _months_between(month: date, day: date) -> int:
    return (day.year - month.year) * 12 + day.month - month.month


def _months_before(month: date, number: int) -> date:
    years, at = divmod(month.year * 12 + month.month - 1 - number, 12)
    return date(years, at + 1, 1)


def _begin_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
