"""A small book to place: late accounts, agencies that are ready, and people of them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

from django.utils import timezone
from factories import make_account, make_customer, make_examination, make_installment, make_product, make_user, set_business_date

from accounts.models import CreditAccount, Product
from accounts.operations.rebuilding import rebuild_accounts
from recovery.models import Agency, AgencyEvaluation, CommissionTerms
from recovery.operations.agencies.batches import approve_batch, propose_batch, split_batch
from recovery.operations.agencies.evaluating import register_person
from recovery.rules.commission import Band, bands_as_plain
from riskops.close_of_business import close_day
from riskops.shared.audit import COMMAND, Actor
from riskops.shared.models import Feed
from riskops.shared.roles import Role

#: The last closed day.
DAY = date(2025, 3, 10)
NEXT = DAY + timedelta(days=1)
PERSON = {"name": "王小明", "phone": "13900000001", "address": "1 Example Road"}
#: A quarter of what comes in within a month, a tenth later.
BANDS = (Band(0, 7, 30, 2_500), Band(0, 7, None, 1_000))
_number = count(1)


def actor_of(*roles: Role) -> Actor:
    """Return somebody new of these roles."""
    return Actor.of(make_user(*roles))


def make_late(product: Product | None = None, *, days: int = 100, principal: int = 100_000, **fields: Any) -> CreditAccount:
    """Return an account of so many days past due on `DAY`, in the book's state."""
    number = next(_number)
    person = {**PERSON, "phone": f"139{number:08d}"}
    account = make_account(
        product=product or make_product(), customer=make_customer(person=person), opened_on=date(2024, 1, 1), **fields
    )
    make_installment(account, due_date=DAY - timedelta(days=days), principal=principal)
    return account


def stand_at(day: date, accounts: list[CreditAccount]) -> None:
    """Put the book at a last closed day, the accounts aged to it."""
    Feed.objects.update(is_expected=False)
    set_business_date(day)
    rebuild_accounts([account.pk for account in accounts], as_of=day, ahead_on=None)


def close(day: date) -> None:
    """Close a day."""
    close_day(day, actor=COMMAND)


def make_agency(
    code: str = "north", *, bands: tuple[Band, ...] = BANDS, tail_days: int = 5, staff: bool = True, **fields: Any
) -> Agency:
    """Return an agency that is in use, with terms, evaluated lately, and with one person who may call."""
    today = timezone.localdate()
    values: dict[str, Any] = {
        "name": f"{code.title()} Recovery", "licence_no": "L-1", "licence_valid_until": today + timedelta(days=400),
        "contract_from": today - timedelta(days=400), "contract_until": today + timedelta(days=300),
        "undertaking_on": today - timedelta(days=300), "undertaking_reference": "contract, annex 3",
        "capacity_accounts": 10_000, "capacity_minor": 10**12, "status": Agency.Status.IN_USE, "prepared_by_name": "x",
    }  # fmt: skip
    agency = Agency.objects.create(code=code, **{**values, **fields})
    AgencyEvaluation.objects.create(
        agency=agency, evaluated_on=today - timedelta(days=30), result="passed", findings="f", evaluated_by_name="x"
    )
    CommissionTerms.objects.create(
        agency=agency, version=1, live_from=date(2020, 1, 1), bands=bands_as_plain(bands), tail_days=tail_days, status="approved",
        proposed_by_name="x", decided_by_name="y",
    )  # fmt: skip
    if staff:
        make_collector(agency)
    return agency


def make_collector(agency: Agency, **fields: Any) -> Any:
    """Return a person who is registered with an agency, trained and examined."""
    user = make_user(Role.AGENCY, **fields)
    today = timezone.localdate()
    register_person(
        actor=COMMAND, code=agency.code, username=user.get_username(), trained_on=today - timedelta(days=20), today=today
    )
    make_examination(user, passed_on=today - timedelta(days=20))
    return user


def place(accounts: list[CreditAccount], *agencies: Agency, day: date = DAY, rule: str = "dpd >= 91", seed: int = 7) -> Any:
    """Place what a rule chooses by the close of the day after `day`, and return the batch."""
    today = timezone.localdate()
    batch = split_batch(
        actor=actor_of(Role.TEAM_LEAD), rule=rule, weights={agency.code: 1 for agency in agencies}, today=today, seed=seed
    )
    propose_batch(actor=actor_of(Role.TEAM_LEAD), batch_id=batch.pk, reason="small book")
    approve_batch(actor=actor_of(Role.APPROVER), batch_id=batch.pk, today=today)
    close(day + timedelta(days=1))
    batch.refresh_from_db()
    return batch
