"""Accounts late enough to be written off, people by role, and the words for proposing, sending and approving."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import count
from typing import Any

from deciding_books import Person
from django.db import transaction
from factories import TESTER, make_account, make_customer, make_installment, make_product, set_business_date

from accounts.models import CreditAccount, Product
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import rebuild_accounts
from casework.bulk.tiers import tier_accounts
from recovery.models import WriteOffProposal
from recovery.operations.write_offs import deciding, proposing
from recovery.operations.write_offs.lapsing import work_write_offs
from riskops.shared.models import Feed

#: The last closed day, and the open one.
DAY = date(2025, 3, 31)
OPEN = DAY + timedelta(days=1)
TODAY = OPEN
_number = count(1)


def make_lost(
    *, days: int = 181, principal: int = 900_000, interest: int = 0, fee: int = 0, product: Product | None = None, **fields: Any
) -> CreditAccount:
    """Return an account whose one instalment fell due so many days before `DAY`, aged as of it; no penalty accrues."""
    product = product or make_product(name="Card", penalty_rate_ppm=0)
    customer = make_customer(person={"name": "王小明"})
    account = make_account(customer=customer, product=product, opened_on=date(2020, 1, 1), **fields)
    make_installment(account, due_date=DAY - timedelta(days=days), principal=principal, interest=interest, fee=fee)
    age(account)
    return account


def age(*accounts: CreditAccount, day: date = DAY) -> None:
    """Put the book at a closed day, the accounts aged and tiered; no feed is waited for."""
    set_business_date(day)
    Feed.objects.update(is_expected=False)
    ids = [account.pk for account in accounts]
    rebuild_accounts(ids, as_of=day, ahead_on=None)
    tier_accounts(as_of=day, first_account_id=min(ids), last_account_id=max(ids))


def work(as_of: date = DAY) -> int:
    """Do what the close's step does, over the whole book."""
    with transaction.atomic():
        return work_write_offs(as_of=as_of, today=TODAY, first_account_id=0, last_account_id=2**62)


def pays(account: CreditAccount, amount: int, *, on: date = OPEN, reference: str = "") -> Any:
    """Post a payment on the spot."""
    return post_payment(
        actor=TESTER, account_id=account.pk, amount_minor=amount, value_date=on, reference=reference or f"PW{next(_number)}"
    )


def proposes(person: Person, account: CreditAccount, note: str = "gone abroad") -> WriteOffProposal:
    """Propose an account by hand."""
    return proposing.propose_write_off(actor=person.actor, account_id=account.pk, note=note, today=TODAY)


def sends(person: Person, *proposals: WriteOffProposal, **more: Any) -> deciding.DoneOf:
    """Send proposals to approval."""
    ids = [proposal.pk for proposal in proposals]
    return deciding.send_write_offs(actor=person.actor, roles=person.roles, write_off_ids=ids, **more)


def approves(person: Person, *proposals: WriteOffProposal) -> deciding.DoneOf:
    """Approve proposals that were sent."""
    ids = [proposal.pk for proposal in proposals]
    return deciding.approve_write_offs(actor=person.actor, roles=person.roles, write_off_ids=ids)


def rejects(person: Person, *proposals: WriteOffProposal, reason: str = "He pays next week.") -> deciding.DoneOf:
    """Reject proposals."""
    ids = [proposal.pk for proposal in proposals]
    return deciding.reject_write_offs(actor=person.actor, roles=person.roles, write_off_ids=ids, reason=reason)


def only_proposal() -> WriteOffProposal:
    """Return the one proposal there is, as it is stored."""
    return WriteOffProposal.objects.select_related("decision").get()
