"""Which lines of the audit trail a person may read: those about accounts out of sight, or in conflict, are not among them."""

from __future__ import annotations

from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import CreditAccount, Customer
from riskops.shared.models import AuditEntry
from riskops.shared.people.conflicts import conflicted_customers
from riskops.shared.scope import scope_of

#: Subjects of the trail whose lines carry figures of the whole book.
OF_THE_WHOLE_BOOK: Final = ("decision_rule", "proposal_rule", "tier policy", "review_sweep")


def lines_in_sight(lines: QuerySet[AuditEntry], *, user: Any) -> QuerySet[AuditEntry]:
    """Return the lines but for those about an account that the person may not see, or not open.

    Lines about rules carry what was tried or undone over the whole book: whoever sees a part of it reads none of them.
    """
    scope = scope_of(user)
    if scope.is_limited:
        lines = lines.exclude(subject_type__in=OF_THE_WHOLE_BOOK)
        seen = scope.accounts(CreditAccount.objects.filter(pk=OuterRef("account_id")))
        known = scope.accounts(CreditAccount.objects.filter(customer__customer_no=OuterRef("subject_key")))
        # Imports name a customer and none of their accounts.
        of_nobody = Q(account_id=None) & ~Q(subject_type="customer")
        lines = lines.filter(of_nobody | Exists(seen) | Q(account_id=None, subject_type="customer") & Exists(known))
    conflicted = conflicted_customers(user)
    if conflicted:
        customers = Customer.objects.filter(pk__in=conflicted)
        lines = lines.exclude(account_id__in=CreditAccount.objects.filter(customer__in=customers).values("pk"))
        lines = lines.exclude(subject_type="customer", subject_key__in=customers.values("customer_no"))
    return lines
