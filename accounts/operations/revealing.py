"""Personal data shown in clear, on purpose and for a reason that is kept."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import CreditAccount
from accounts.operations.refusals import AccountUnknown, LedgerRefusal
from accounts.roles import REVEAL_PERSON
from riskops.shared.audit import Actor, record
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import PERSON_FIELDS

SHORTEST_REASON: Final = 5


class RevealReasonTooShort(LedgerRefusal):
    """Nothing, or next to nothing, is written as the reason."""

    about = "reason"

    def __init__(self) -> None:
        super().__init__(
            _("The reason needs at least %(least)s characters; write what the data is needed for, it is kept in the audit trail.")
            % {"least": SHORTEST_REASON}
        )


@transaction.atomic
def reveal_person(*, actor: Actor, account_id: int, reason: str) -> dict[str, str]:
    """Return the personal fields of an account's customer in clear, and write down who saw them and why.

    :raises AccountUnknown: no such account
    :raises ConflictDeclared: whoever asks has a conflict with the customer
    :raises RevealReasonTooShort: no reason worth the name
    """
    if len(reason.strip()) < SHORTEST_REASON:
        raise RevealReasonTooShort
    account = CreditAccount.objects.select_related("customer").filter(pk=account_id).first()
    if account is None:
        raise AccountUnknown(account_id)
    refuse_conflict(actor, account.customer_id)
    person = account.customer.person
    shown = {name: person.get(name, "") for name in PERSON_FIELDS}
    record(
        actor=actor,
        action=REVEAL_PERSON,
        subject_type="customer",
        subject_key=account.customer.customer_no,
        account_id=account_id,
        # Which fields, never what was in them.
        after={"fields": [name for name, value in shown.items() if value]},
        reason=reason.strip(),
    )
    return shown
