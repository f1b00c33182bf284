"""What the lines of the audit trail are called that no person's operation makes: closes, imports, commands."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import EVENTS, OPERATIONS

#: By the name that the line keeps. Those of operations, and of what follows from one, are in the role table.
RECORDED: Final[dict[str, Promise]] = {
    "account.change_limit": _("a credit limit changes"),
    "book.pause_nightly": _("pause the nightly close"),
    "close.start": _("a close starts"),
    "close.post": _("a close posts entries"),
    "close.age": _("a close ages accounts"),
    "close.snapshot": _("a close keeps a snapshot"),
    "close.arms": _("a close takes customers into arms"),
    "close.outreach": _("a close queues messages"),
    "close.publish": _("a close reports"),
    "close.complete": _("a close is complete"),
    "close.failed": _("a close fails"),
    "close.feeds_arrived": _("the feeds of a close come"),
    "customer.reencrypt": _("personal data is encrypted anew"),
    "customer.update": _("an import changes a customer"),
    "installment.change": _("an import changes an instalment"),
    "payment.change_channel": _("an import changes a channel"),
    "product.update": _("an import changes a product"),
    "snapshot.rebuild": _("snapshots are rebuilt"),
}


def action_label(name: str) -> Promise | str:
    """Return what an action of the trail is called, its name where it has no words."""
    operation = OPERATIONS.get(name)
    return operation.label if operation else (EVENTS | RECORDED).get(name, name)


def action_choices() -> tuple[tuple[str, Promise], ...]:
    """Return every action with its label, by name."""
    labels = {name: operation.label for name, operation in OPERATIONS.items()} | EVENTS | RECORDED
    return tuple(sorted(labels.items()))


#: What the values of a line are called; others by their own names.
VALUE_NAMES: Final[dict[str, Promise]] = {
    "amount": _("amount"),
    "limit": _("limit"),
    "credit_limit": _("credit limit"),
    "requested_limit": _("requested limit"),
    "granted_limit": _("granted limit"),
    "new_limit": _("new limit"),
    "overdue_total": _("overdue"),
    "penalty_due": _("penalty due"),
    "outstanding_principal": _("outstanding principal"),
    "credit_balance": _("credit balance"),
    "days_past_due": _("days past due"),
    "bucket": _("bucket"),
    "status": _("status"),
    "outcome": _("outcome"),
    "agreement": _("agreement"),
    "disclosure": _("disclosure"),
    "product": _("product"),
    "application": _("application"),
    "channel": _("channel"),
    "value_date": _("value date"),
    "effective_on": _("in force from"),
}
