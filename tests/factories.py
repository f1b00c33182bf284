"""Small builders of rows, for tests that need a book in the database and not a file of one.

They write rows only: nothing is posted, aged or closed by them. Amounts are minor units; every key that a test does not
name is counted up (`P1`, `A1`, `T1` …), so that two rows never clash.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import count
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from accounts.models import CreditAccount, Customer, Installment, Payment, Product, Waiver, WriteOff
from accounts.rules.terms import Component
from riskops.shared.audit import Actor
from riskops.shared.day import book_state
from riskops.shared.models import BookState, Conflict, Examination, Membership, PortfolioScope, Team
from riskops.shared.people.examinations import expiry
from riskops.shared.personal import person_indexes
from riskops.shared.roles import Role

#: Who acts in tests that do not care.
TESTER = Actor("tester")
#: The day the accounts of `make_account` open, unless told.
OPENED = date(2025, 1, 1)

_number = count(1)


def make_product(**fields: Any) -> Product:
    """Return a product in the book; the built-in product `standard`'s terms unless told."""
    fields.setdefault("product_code", f"P{next(_number)}")
    return Product.objects.create(**{"content_hash": 0, **fields})


def make_customer(*, person: dict[str, str] | None = None, **fields: Any) -> Customer:
    """Return a customer; `person` holds the personal fields in clear (only a name unless told)."""
    number = next(_number)
    fields.setdefault("customer_no", f"C{number}")
    person = person or {"name": f"Customer {number}"}
    return Customer.objects.create(person=person, **{"content_hash": 0, **person_indexes(person), **fields})


def make_account(*, product: Product | None = None, customer: Customer | None = None, **fields: Any) -> CreditAccount:
    """Return an account, opened on `OPENED` with a limit of 10,000.00 unless told; it has no state row yet."""
    fields.setdefault("account_no", f"A{next(_number)}")
    return CreditAccount.objects.create(
        product=product or make_product(),
        customer=customer or make_customer(),
        **{"opened_on": OPENED, "credit_limit_minor": 1_000_000, "content_hash": 0, **fields},
    )


def make_installment(
    account: CreditAccount,
    *,
    due_date: date,
    principal: int = 10_000,
    interest: int = 0,
    fee: int = 0,
    booked_on: date | None = None,
    order_no: str = "O1",
    sequence: int | None = None,
    **fields: Any,
) -> Installment:
    """Return an instalment with nothing paid; the next sequence of its order unless told. Amounts in minor units."""
    return Installment.objects.create(
        account=account,
        product_id=account.product_id,
        order_no=order_no,
        sequence=sequence or account.installments.filter(order_no=order_no).count() + 1,
        booked_on=booked_on or account.opened_on,
        due_date=due_date,
        principal_minor=principal,
        interest_minor=interest,
        fee_minor=fee,
        **{
            "principal_unpaid_minor": principal,
            "interest_unpaid_minor": interest,
            "fee_unpaid_minor": fee,
            "content_hash": 0,
            **fields,
        },
    )


def make_payment(
    account: CreditAccount,
    *,
    paid_on: date,
    amount: int,
    payment_no: str | None = None,
    directed_to: tuple[str, int] | None = None,
    **fields: Any,
) -> Payment:
    """Return a payment that waits to be posted; `directed_to` is (order_no, sequence)."""
    order_no, sequence = directed_to or ("", None)
    return Payment.objects.create(
        account=account,
        payment_no=payment_no or f"T{next(_number)}",
        paid_on=paid_on,
        amount_minor=amount,
        order_no=order_no,
        sequence=sequence,
        **{"content_hash": 0, **fields},
    )


def make_reversal(payment: Payment, *, paid_on: date, payment_no: str | None = None) -> Payment:
    """Return the reversal of a payment, waiting to be posted."""
    return make_payment(payment.account, paid_on=paid_on, amount=payment.amount_minor, payment_no=payment_no, reverses=payment)


def make_waiver(installment: Installment, *, component: Component, amount: int, value_date: date) -> Waiver:
    """Return a waiver on one component of an instalment."""
    return Waiver.objects.create(
        reference=f"W{next(_number)}",
        account_id=installment.account_id,
        installment=installment,
        component=component,
        amount_minor=amount,
        value_date=value_date,
        reason="goodwill",
    )


def make_write_off(account: CreditAccount, *, value_date: date, principal: int = 0) -> WriteOff:
    """Return the write-off of an account."""
    return WriteOff.objects.create(
        reference=f"X{next(_number)}", account=account, value_date=value_date, principal_minor=principal, reason="lost"
    )


def make_user(*roles: Role, username: str | None = None) -> Any:
    """Return an active user of the given roles, with the password `password`."""
    user = get_user_model().objects.create_user(username or f"user{next(_number)}", password="password")
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    return user


def make_team(*, products: Sequence[str] = (), **fields: Any) -> Team:
    """Return a team; `products` are the codes it may see (all, unless told)."""
    fields.setdefault("name", f"Team {next(_number)}")
    team = Team.objects.create(**{"kind": Team.Kind.COLLECTIONS, **fields})
    PortfolioScope.objects.bulk_create([PortfolioScope(team=team, product_code=code) for code in products])
    return team


def make_member(team: Team, user: Any, **fields: Any) -> Membership:
    """Return a membership, lasting since `OPENED` unless told."""
    return Membership.objects.create(team=team, user=user, **{"since": OPENED, "daily_capacity": 40, **fields})


def make_conflict(user: Any, customer: Customer, **fields: Any) -> Conflict:
    """Return a declared conflict, with a relative and without an end unless told."""
    return Conflict.objects.create(
        user=user,
        customer_id=customer.pk,
        customer_no=customer.customer_no,
        **{"kind": Conflict.Kind.RELATIVE, "since": OPENED, **fields},
    )


def make_examination(user: Any, *, passed_on: date, subject: str = Examination.Subject.COLLECTIONS) -> Examination:
    """Return a passed examination that holds a year."""
    return Examination.objects.create(
        user=user,
        subject=subject,
        passed_on=passed_on,
        expires_on=expiry(passed_on, months=12),
    )


def set_business_date(day: date | None) -> BookState:
    """Put the book at a last closed day without closing anything (None: before the first close)."""
    state = book_state()
    state.business_date = day
    state.save()
    return state
