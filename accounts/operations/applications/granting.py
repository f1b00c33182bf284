"""A line granted: the customer and the account opened, or the limit of the account that is there changed."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.events import tell_facts_changed
from accounts.models import (
    AccountState,
    Application,
    CreditAccount,
    Customer,
    CustomerNameToken,
    Decision,
    DecisionNotice,
)
from accounts.operations.applications import refusals
from accounts.operations.deciding.agreements import accept_agreement
from accounts.operations.deciding.refusing_machines import hold_accounts, note_refusal
from accounts.operations.deciding.restrictions import announce
from accounts.operations.deciding.standing import Standing, lock_standing
from accounts.operations.deciding.writing import Writes
from accounts.operations.lending_caps import active_caps, limits_beside
from accounts.operations.limits import write_credit_limit
from accounts.own_reasons import GRANTED_ANEW
from accounts.rules.application_undoing import REASONS, follows
from accounts.rules.applications import Outcome, caps_broken
from accounts.rules.decisions import LIMIT_ACTIONS, OPEN_STATUSES, Action, Status
from riskops.shared.audit import Actor, record
from riskops.shared.day import CloseIsRunning, hold_book, hold_day
from riskops.shared.personal import name_token_indexes, person_indexes

#: What a line says of how it was granted where no proposal was followed.
BY_ANALYST: Final = "analyst"
_TERMS: Final = (
    *("product_code", "currency", "grace_days", "penalty_rate_ppm", "penalty_base", "penalty_from", "penalty_cap_bp"),
    *("allocation_order", "prepayment", "bucket_map"),
)


class GrantWaitsForClose(refusals.ApplicationRefusal):
    """A line is not opened while a day is being closed."""

    about = "application"

    def __init__(self, running: CloseIsRunning) -> None:
        super().__init__(str(running))


def account_to_change(application: Application) -> CreditAccount | None:
    """Return the account that a grant would change: the customer's own under the product; None where one is opened."""
    if application.customer_id is None:
        return None
    return (
        CreditAccount.objects.filter(customer_id=application.customer_id, product_id=application.product_id)
        .order_by("pk")
        .first()
    )


def granted_terms(application: Application) -> dict[str, Any]:
    """Return the terms of a line as they are granted: the product's of today, and what the applicant agreed to. Plain JSON."""
    product = application.product
    return {
        **{name: getattr(product, name) for name in _TERMS},
        "repayment": application.repayment,
        "term_months": application.term_months,
        "agreement": application.agreement.code if application.agreement else "",
        "disclosure": application.disclosure.code if application.disclosure else "",
    }


def grant_line(application: Application, *, actor: Actor, today: date) -> CreditAccount:
    """Open the line, or set the limit of the one there is; the application's own row is the caller's.

    :raises ApplicationRefusal: the account or the numbers are in the way, or a day is being closed
    """
    assert application.granted_limit_minor is not None
    if application.refuses_automated and application.customer_id is not None:
        # All of them at once and in their order: what the customer says here is noted on each.
        hold_accounts(list(CreditAccount.objects.filter(customer_id=application.customer_id).values_list("pk", flat=True)))
    account = account_to_change(application)
    is_changed = True
    ends = Writes(actor, today)
    if account is None:
        account = _open(application, actor=actor, today=today)
    else:
        application.limit_before_minor = _change(application, account, ends)
        is_changed = application.limit_before_minor != application.granted_limit_minor
        account.refresh_from_db()
    _carry_refusal(application, account, actor=actor)
    assert application.accepted_on is not None
    for version in (application.agreement, application.disclosure):
        if version is not None:
            accept_agreement(
                actor=actor,
                account_id=account.pk,
                code=version.code,
                kind=version.kind,
                accepted_on=application.accepted_on,
                channel=application.channel,
                evidence=application.application_no,
            )
    # After every other lock.
    ends.write()
    if is_changed:
        announce({account.pk} - ends.changed)
        _refuse_over_caps(application, account)
    return account


def _refuse_over_caps(application: Application, account: CreditAccount) -> None:
    """Hold the granted limit against the caps once more: limits change one transaction after the other; another may be first.

    :raises CapExceeded: names the rule that the cap comes from; nothing is granted
    """
    assert application.granted_limit_minor is not None
    product = application.product
    broken = caps_broken(
        active_caps(),
        limit_minor=application.granted_limit_minor,
        other_limits_minor=limits_beside(account.pk, customer_id=account.customer_id, currency=product.currency),
        currency=product.currency,
        minor_digits=product.minor_digits,
        repayment=application.repayment,
        term_months=application.term_months,
    )
    for one in broken:
        raise refusals.CapExceeded(one)


def _carry_refusal(application: Application, account: CreditAccount, *, actor: Actor) -> None:
    """Let all accounts of a customer who wants no solely automated decision say so, the one just opened among them.

    Said in the application, or of any of their accounts before.
    """
    accounts = CreditAccount.objects.filter(customer_id=account.customer_id).order_by("pk")
    if application.refuses_automated or accounts.filter(signals__refuses_automated_decisions=True).exists():
        note_refusal(list(accounts.values_list("pk", flat=True)), actor=actor)


def refuse_in_the_way(standing: Standing, limit_minor: int) -> None:
    """Refuse to grant a limit to an account as it stands. What an undoing decided about it is not in the way: the grant ends it.

    :raises AccountInTheWay, LimitUnderOwed: it is closed or written off, decided about, or owes more
    :raises LimitUnderPresent: it would lower the limit, or what an undoing has it come down to, which takes a decision with its
        authority, notice and buffer
    """
    if standing.is_written_off or standing.closed_on is not None:
        raise refusals.AccountInTheWay(standing.account_no)
    limits = Decision.objects.filter(
        account_id=standing.account_id, action__in=LIMIT_ACTIONS, status__in=[*OPEN_STATUSES, Status.EFFECTIVE]
    )
    decision = (
        limits.exclude(pk__in=_ended_by_grant(standing.account_id).values("pk")).values_list("reference", flat=True).first()
    )
    if decision is not None:
        raise refusals.AccountInTheWay(standing.account_no, decision=decision)
    if limit_minor < standing.owed_minor:
        raise refusals.LimitUnderOwed(standing.account_no, standing.owed_minor, standing.currency)
    least_minor = limit_to_reach(standing.account_id, standing.limit_minor)
    if limit_minor < least_minor:
        raise refusals.LimitUnderPresent(standing.account_no, standing.limit_minor, standing.currency, least_minor=least_minor)


def limit_to_reach(account_id: int, limit_minor: int) -> int:
    """Return the limit under which nothing is granted to an account: the present one, or what an undoing has it come down to.

    :param limit_minor: the present limit; minor units
    """
    undone = _ended_by_grant(account_id).filter(status=Status.SCHEDULED).values_list("new_limit_minor", flat=True)
    return min([limit_minor, *(minor for minor in undone if minor is not None)])


def _ended_by_grant(account_id: int) -> QuerySet[Decision]:
    """Return the decisions that say of an account that its last grant was wrong: another grant is the answer to them."""
    is_undoing = Q(pk__in=[])
    for action, code in REASONS.items():
        is_undoing |= Q(action=action, reason__code=code)
    return Decision.objects.filter(is_undoing, account_id=account_id, status__in=[Status.SCHEDULED, Status.EFFECTIVE])


def _end_undoing(application: Application, standing: Standing, ends: Writes) -> int:
    """End what an undoing decided about the account; the customer is told of each what no longer holds.

    :return: the limit that would have come about without the grant: what an undoing of that one goes back to
    """
    limit_minor = standing.limit_minor
    why = GRANTED_ANEW % {"number": application.application_no}
    for decision in _ended_by_grant(standing.account_id).select_for_update(of=("self",)).order_by("pk"):
        if decision.status == Status.SCHEDULED:
            limit_minor = limit_minor if decision.new_limit_minor is None else min(limit_minor, decision.new_limit_minor)
            ends.end(decision, Status.CANCELLED, standing, why=why, notice=DecisionNotice.Kind.CANCELLED)
        elif decision.action == Action.SUSPEND_USE:
            ends.end(decision, Status.LIFTED, standing, why=why, notice=DecisionNotice.Kind.ENDED)
        else:
            # The notice of the grant tells the limit.
            ends.end(decision, Status.REPLACED, standing, why=why, notice=None)
    return limit_minor


def _change(application: Application, account: CreditAccount, ends: Writes) -> int:
    limit, actor = application.granted_limit_minor, ends.actor
    assert limit is not None
    hold_day(account.pk)
    standing = lock_standing(account.pk)
    refuse_in_the_way(standing, limit)
    without = _end_undoing(application, standing, ends)
    before = write_credit_limit(account.pk, limit)
    if before != limit:
        record(
            actor=actor,
            action="account.change_limit",
            subject_type="account",
            subject_key=account.account_no,
            account_id=account.pk,
            before={"credit_limit_minor": before},
            after={"credit_limit_minor": limit, "application": application.application_no},
        )
        tell_facts_changed([account.pk])
    return without


def _open(application: Application, *, actor: Actor, today: date) -> CreditAccount:
    assert application.granted_limit_minor is not None
    try:
        hold_book()
    except CloseIsRunning as running:
        raise GrantWaitsForClose(running) from None
    customer = application.customer or _open_customer(application, actor=actor)
    application.customer = customer
    try:
        with transaction.atomic():
            account = CreditAccount.objects.create(
                account_no=application.application_no,
                customer=customer,
                product=application.product,
                opened_on=today,
                credit_limit_minor=application.granted_limit_minor,
                granted_by=granted_by(application),
                content_hash=0,
            )
    except IntegrityError:
        raise refusals.NumberTaken(application.application_no) from None
    AccountState.objects.create(
        account=account, product=application.product, opened_on=today, credit_limit_minor=application.granted_limit_minor
    )
    record(
        actor=actor,
        action="account.open",
        subject_type="account",
        subject_key=account.account_no,
        account_id=account.pk,
        after={
            "product": application.product.product_code,
            "credit_limit_minor": account.credit_limit_minor,
            "granted_by": account.granted_by,
        },
    )
    return account


def _open_customer(application: Application, *, actor: Actor) -> Customer:
    number = application.customer_no or application.application_no
    given = dict(application.consents.values_list("kind", "is_given"))
    try:
        with transaction.atomic():
            customer = Customer.objects.create(
                customer_no=number,
                person=application.person,
                **person_indexes(application.person),
                language=application.language,
                consent_sms=given.get("sms", False),
                consent_email=given.get("email", False),
                consent_push=given.get("push", False),
                content_hash=0,
            )
    except IntegrityError:
        raise refusals.NumberTaken(number) from None
    tokens = name_token_indexes(application.person["name"])
    CustomerNameToken.objects.bulk_create([CustomerNameToken(customer=customer, token_index=token) for token in tokens])
    record(
        actor=actor,
        action="customer.open",
        subject_type="customer",
        subject_key=number,
        after={"application": application.application_no},
    )
    return customer


def granted_by(application: Application) -> str:
    """Return what the line says of how it was granted: the rule and its version where its proposal was followed."""
    said = application.proposal
    if follows(said, outcome=Outcome.GRANT, limit_minor=application.granted_limit_minor, reason_code=""):
        return f"{said['rule']} v{said['number']}"
    return BY_ANALYST
