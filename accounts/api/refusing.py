"""Refusals of the ledger as answers of the API."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.response import Response

from accounts.models import CreditAccount, Decision, Payment
from accounts.operations.applications.refusals import (
    AccountInTheWay,
    ApplicationMovedOn,
    ApplicationNumberTaken,
    ApplicationUnknown,
    NumberTaken,
    OpenApplicationThere,
    StaleApplication,
)
from accounts.operations.debiting.refusals import (
    DebitFileUnknown,
    DebitMovedOn,
    DebitReferenceTaken,
    DebitUnknown,
    MandateReferenceTaken,
    MandateRevoked,
    MandateUnknown,
)
from accounts.operations.deciding.matrix import (
    MatrixChangeMovedOn,
    MatrixChangeOutdated,
    MatrixChangeThere,
    MatrixChangeUnknown,
    MatrixLineUnknown,
)
from accounts.operations.deciding.refusals import (
    AlreadyDecided,
    AppealAlreadyMade,
    DecisionHeldBack,
    DecisionMovedOn,
    DecisionReferenceTaken,
    DecisionUnknown,
    StaleForm,
)
from accounts.operations.refusals import (
    AccountUnknown,
    AlreadyReversed,
    AlreadyWrittenOff,
    LedgerRefusal,
    PaymentReferenceTaken,
    PaymentUnknown,
    WaiverReferenceTaken,
    WriteOffReferenceTaken,
)
from accounts.operations.rule_refusals import DraftThere, RuleMovedOn, RuleStale, RuleUnknown
from accounts.operations.schedule_refusals import (
    AlreadyCancelled,
    CancellationReferenceTaken,
    OfNewSchedule,
    RefundReferenceTaken,
)
from accounts.queries.account_page import LoadedAccount, NoSuchAccount, load_account
from riskops.shared.day import FIRST_DAY, LAST_DAY
from riskops.shared.money import MalformedAmount, parse_amount
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.scope import scope_of

_NOT_THERE: Final = (
    *(AccountUnknown, PaymentUnknown, DecisionUnknown, ApplicationUnknown, RuleUnknown),
    *(MatrixLineUnknown, MatrixChangeUnknown),
    *(MandateUnknown, DebitUnknown, DebitFileUnknown),
)
_IN_THE_WAY: Final = (
    *(PaymentReferenceTaken, WaiverReferenceTaken, WriteOffReferenceTaken, AlreadyReversed, AlreadyWrittenOff),
    *(DecisionReferenceTaken, AlreadyDecided, DecisionHeldBack, StaleForm, DecisionMovedOn, AppealAlreadyMade),
    *(ApplicationNumberTaken, OpenApplicationThere, StaleApplication, ApplicationMovedOn, AccountInTheWay, NumberTaken),
    *(RuleStale, RuleMovedOn, DraftThere),
    *(AlreadyCancelled, CancellationReferenceTaken, OfNewSchedule, RefundReferenceTaken),
    *(MatrixChangeThere, MatrixChangeMovedOn, MatrixChangeOutdated),
    *(MandateReferenceTaken, MandateRevoked, DebitReferenceTaken, DebitMovedOn),
)


def refused(refusal: LedgerRefusal) -> Response:
    """Return 404 for what is not there, 409 for what the book holds already, 422 for a value it does not take."""
    status = 404 if isinstance(refusal, _NOT_THERE) else 409 if isinstance(refusal, _IN_THE_WAY) else 422
    code = re.sub(r"(?<!^)(?=[A-Z])", "_", type(refusal).__name__).lower()
    return Response({"code": code, "about": refusal.about, "detail": str(refusal)}, status=status)


def loaded_or_404(account_no: str, *, user: Any, as_of: date | None = None) -> LoadedAccount:
    """Return the account as known on a day; answer 404 if the person may not see it.

    :raises ConflictDeclared: they may not open it; answered with 403 and the reason
    """
    try:
        return load_account(account_no, user=user, as_of=as_of, today=timezone.localdate())
    except NoSuchAccount:
        raise no_such_account(account_no) from None


def payment_or_404(payment_no: str, *, user: Any) -> Payment:
    """Return a payment with its account and product; answer 404 if the person may not see the account.

    :raises ConflictDeclared: they may not open the account
    """
    seen = scope_of(user).accounts(Payment.objects.all(), product="account__product")
    payment = seen.select_related("account__product", "reverses").filter(payment_no=payment_no).first()
    if payment is None:
        unknown = PaymentUnknown(payment_no)
        raise not_there("payment_unknown", unknown.about, str(unknown))
    refuse_conflict(user, payment.account.customer_id)
    return payment


def decision_or_404(decision_id: int, *, user: Any) -> Decision:
    """Return a decision with its account; answer 404 if the person may not see the account.

    :raises ConflictDeclared: they may not open the account
    """
    seen = scope_of(user).accounts(Decision.objects.all(), product="account__product")
    decision = seen.select_related("account").filter(pk=decision_id).first()
    if decision is None:
        unknown = DecisionUnknown(decision_id)
        raise not_there("decision_unknown", unknown.about, str(unknown))
    refuse_conflict(user, decision.account.customer_id)
    return decision


def account_or_404(account_no: str, *, user: Any) -> CreditAccount:
    """Return an account with its product, without its entries; answer 404 if the person may not see it.

    :raises ConflictDeclared: they may not open it
    """
    seen = scope_of(user).accounts(CreditAccount.objects.select_related("product"))
    account = seen.filter(account_no=account_no).first()
    if account is None:
        raise no_such_account(account_no)
    refuse_conflict(user, account.customer_id)
    return account


def no_such_account(account_no: str) -> NotFound:
    """Return the answer about an account that is not in the book, or not in sight."""
    return not_there("account_unknown", "account", f"there is no account {account_no} in this book")


def not_there(code: str, about: str, message: str) -> NotFound:
    """Return the answer 404 in the shape of every refusal."""
    return NotFound({"code": code, "about": about, "detail": message})


def asked_day(request: Any) -> date | None:
    """Return the `as_of` of the query; 400 if it cannot be read."""
    text = request.query_params.get("as_of", "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError({"as_of": f"{text} is not a day such as 2025-03-31, from 1990-01-01 to 2099-12-31"})
    return day


def minor_or_400(text: str, *, digits: int) -> int:
    """Return minor units of a decimal; 400 saying what would be right."""
    try:
        return parse_amount(text, digits=digits)
    except MalformedAmount as malformed:
        raise ValidationError({"amount": f"{text} is not an amount: {malformed}"}) from None
