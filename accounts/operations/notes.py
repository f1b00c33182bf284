"""Notes on customers and their accounts: written once, never changed."""

from __future__ import annotations

from django.db import transaction

from accounts.models import CreditAccount, Customer, Note
from accounts.operations.refusals import AccountUnknown
from accounts.operations.review_refusals import TextMissing, TextTooLong
from accounts.operations.reviewing import LONGEST_TEXT
from accounts.roles import WRITE_NOTE
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict


@transaction.atomic
def write_note(*, actor: Actor, customer: Customer, text: str, account_id: int | None = None) -> Note:
    """Keep a note on a customer, or on one account of theirs.

    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises AccountUnknown: the account is not the customer's
    :raises TextMissing, TextTooLong: the text
    """
    refuse_conflict(actor, customer.pk)
    account = None
    if account_id is not None:
        account = CreditAccount.objects.filter(pk=account_id, customer_id=customer.pk).first()
        if account is None:
            raise AccountUnknown(account_id)
    text = text.strip()
    if not text:
        raise TextMissing
    if len(text) > LONGEST_TEXT:
        raise TextTooLong(len(text), LONGEST_TEXT)
    note = Note.objects.create(
        customer=customer, account=account, text=text, written_by_id=actor.user_id, written_by_name=actor.name
    )
    record(
        actor=actor,
        action=WRITE_NOTE,
        subject_type="account" if account else "customer",
        subject_key=account.account_no if account else customer.customer_no,
        account_id=account_id,
        # The trail says that there is a note; the note itself stands on the timeline.
        after={"note": note.pk, "characters": len(text)},
    )
    return note
