"""Letters proposed: one by hand, or today's by rule over the whole book."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.facts import ACCOUNT_FACTS, account_rows
from accounts.models import CreditAccount, Customer
from accounts.operations.refusals import AccountUnknown
from accounts.operations.reviewing import business_day
from accounts.queries.rule_cost import rule_time_bound
from casework.policies import account_rule
from outreach.models import ContactHold
from outreach.queries.standing import HOLD_SIGNALS
from recovery.letter_policies import policies_on
from recovery.letter_roles import PROPOSE_LETTER, PROPOSE_LETTERS
from recovery.models import LegalCase, Letter, LetterPolicy
from recovery.operations.letters import refusals
from recovery.queries.letter_standing import LetterStanding, letter_standing, tiers_for_letters
from recovery.rules.benefit import WHOLE_BP
from riskops.shared.audit import Actor, line, record, record_all
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.rule_language import holding
from riskops.shared.scope import Scope, scope_of_actor

#: Who proposes by rule, as letters and the trail name it.
RULE_NAME: Final = "letter-rule"
#: How many times as many accounts as letters a run looks at: some have no address, which no set-based question sees.
_LOOKED_AT: Final = 5
#: Characters of a note.
LONGEST_NOTE: Final = 500


@transaction.atomic
def weigh_letter(*, account_id: int, now: datetime) -> LetterStanding:
    """Return how an account stands for a letter; nothing is written.

    :raises AccountUnknown: it is not in the book
    :raises NoLetterPolicy: no figures hold for its currency
    """
    return letter_standing(_account(account_id), business_date=business_day(), now=now)


@transaction.atomic
def propose_letter(*, actor: Actor, account_id: int, note: str, now: datetime) -> Letter:
    """Propose a letter by hand; legal approves it, somebody else than whoever proposed.

    What the policy's rule would not propose is taken and marked; what loses money or is forbidden is not taken.

    :raises AccountUnknown: it is not in the book
    :raises NoLetterPolicy: no figures hold for its currency
    :raises ConflictDeclared: whoever acts has a conflict with the customer
    :raises LetterInTheWay: it loses money, or something forbids it; the message names the rule
    """
    account = _account(account_id)
    refuse_conflict(actor, account.customer_id)
    # Two who propose at once are answered one after the other.
    Customer.objects.select_for_update(of=("self",), no_key=True).get(pk=account.customer_id)
    standing = letter_standing(account, business_date=business_day(), now=now)
    if standing.obstacles:
        raise refusals.LetterInTheWay(account.account_no, [obstacle.text for obstacle in standing.obstacles])
    letter = _letter(account, standing, actor, Letter.Source.PERSON, note.strip()[:LONGEST_NOTE], business_day())
    letter.save(force_insert=True)
    record(
        actor=actor,
        action=PROPOSE_LETTER,
        subject_type="letter",
        subject_key=letter.reference,
        account_id=account.pk,
        after=_as_recorded(letter),
        reason=letter.note,
    )
    return letter


def _account(account_id: int) -> CreditAccount:
    found = CreditAccount.objects.select_related("customer", "product", "signals").filter(pk=account_id).first()
    if found is None:
        raise AccountUnknown(account_id)
    return found


def _letter(account: CreditAccount, standing: LetterStanding, actor: Actor, source: str, note: str, proposed_on: date) -> Letter:
    return Letter(
        account=account,
        customer_id=account.customer_id,
        source=source,
        policy=standing.policy,
        template_code=standing.policy.template_code,
        language="zh" if account.customer.language.startswith("zh") else "en",
        currency=standing.currency,
        days_past_due=standing.days_past_due,
        bucket=standing.bucket,
        balance_minor=standing.line.balance_minor,
        rate_bp=standing.line.rate_bp,
        expected_minor=standing.line.expected_minor,
        cost_minor=standing.line.cost_minor,
        net_minor=standing.line.net_minor,
        is_outside_rule=standing.is_outside_rule,
        note=note,
        proposed_on=proposed_on,
        proposed_by_id=actor.user_id,
        proposed_by_name=actor.name,
    )


def _as_recorded(letter: Letter) -> dict[str, Any]:
    return {
        "balance_minor": letter.balance_minor,
        "rate_bp": letter.rate_bp,
        "cost_minor": letter.cost_minor,
        "net_minor": letter.net_minor,
        "policy": str(letter.policy),
        "is_outside_rule": letter.is_outside_rule,
    }


# By rule ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a run by rule proposed, and whether more would have been without its bound."""

    letters: tuple[Letter, ...]
    is_bounded: bool


def propose_letters(*, actor: Actor, now: datetime) -> Proposed:
    """Propose a letter for each account that the live policies choose, those that bring most first, up to their bounds.

    One set-based question a policy. An account is weighed again, alone, before its letter is written, so both paths agree; what
    was posted or held in between stops it. Run again on the same day nothing is proposed twice.

    :raises NoLetterPolicy: no figures hold
    """
    live = policies_on(timezone.localdate(now))
    if not live:
        raise refusals.NoLetterPolicy("–")
    day, letters, is_bounded = business_day(), [], False
    scope = scope_of_actor(actor)
    for policy in live.values():
        with rule_time_bound():
            wanted = candidates(policy, day, now, scope=scope).values_list("pk", flat=True)
            found = list(wanted[: policy.most_a_run * _LOOKED_AT + 1])
        own, looked = _propose_found(actor, found[: policy.most_a_run * _LOOKED_AT], now, most=policy.most_a_run)
        letters.extend(own)
        is_bounded |= looked < len(found)
    return Proposed(tuple(letters), is_bounded)


@transaction.atomic
def _propose_found(actor: Actor, account_ids: Sequence[int], now: datetime, *, most: int) -> tuple[list[Letter], int]:
    """Propose letters about the first of these accounts that may have one; return them, and how many accounts were looked at."""
    accounts = CreditAccount.objects.select_related("customer", "product", "signals").in_bulk(list(account_ids))
    customers = sorted({account.customer_id for account in accounts.values()})
    list(Customer.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=customers).order_by("pk").values_list("pk"))
    day, looked = business_day(), 0
    letters: list[Letter] = []
    for account_id in account_ids:
        if len(letters) == most:
            break
        looked += 1
        standing = letter_standing(accounts[account_id], business_date=day, now=now)
        if standing.obstacles or standing.is_outside_rule:
            continue
        letter = _letter(accounts[account_id], standing, Actor(RULE_NAME), Letter.Source.RULE, "", day)
        try:
            with transaction.atomic():
                letter.save(force_insert=True)
        except IntegrityError:
            # Another run has proposed one.
            continue
        letters.append(letter)
    record_all(
        line(
            actor=actor,
            action=PROPOSE_LETTERS,
            subject_type="letter",
            subject_key=letter.reference,
            account_id=letter.account_id,
            after=_as_recorded(letter),
        )
        for letter in letters
    )
    return letters, looked


def candidates(policy: LetterPolicy, day: date, now: datetime, *, scope: Scope) -> QuerySet[Any]:
    """Return the states of the accounts that a run would propose a letter for, those that bring most first; set-based.

    The same as `letter_standing` finds one by one, but for what the gate knows of a customer's experiments and third parties.
    """
    rows = scope.accounts(account_rows()).filter(product__currency=policy.currency)
    rows = holding(account_rule(policy.rule), ACCOUNT_FACTS, rows, day).filter(oldest_unpaid_due_date__isnull=False)
    rows = rows.filter(Q(tier__in=sorted(tiers_for_letters(day))) | Q(tier=""))
    signals = ("has_open_promise", "is_on_hold", "is_vulnerable", *HOLD_SIGNALS)
    for column in signals:
        rows = rows.exclude(**{f"own_signals__{column}": True})
    own = OuterRef("pk")
    sent_lately = Q(sent_on__gt=day - timedelta(days=policy.cool_off_days))
    proposed_lately = Q(sent_on=None, proposed_on__gt=day - timedelta(days=policy.cool_off_days))
    in_the_way = Letter.objects.filter(account_id=own).filter(
        Q(status__in=Letter.OPEN) | (~Q(status__in=["rejected", "stopped"]) & (sent_lately | proposed_lately))
    )
    held = ContactHold.objects.filter(customer_id=OuterRef("account__customer_id"), since__lte=now)
    held = held.filter(Q(until=None) | Q(until__gt=now)).filter(Q(account=None) | Q(account_id=own))
    cases = LegalCase.objects.filter(account_id=own, status__in=["proposed", "open"])
    rows = rows.filter(~Exists(in_the_way), ~Exists(held), ~Exists(cases))
    overdue = F("overdue_principal_minor") + F("overdue_interest_minor") + F("overdue_fee_minor") + F("penalty_due_minor")
    rows = rows.annotate(balance=overdue)
    rates = [
        When(bucket__gte=band.bucket_from, balance__gte=band.amount_from_minor, then=Value(band.rate_bp))
        for band in reversed(policy.rate_bands())
    ]
    rows = rows.annotate(rate=Case(*rates, default=Value(0), output_field=IntegerField()))
    half = WHOLE_BP // 2
    rows = rows.annotate(net=(F("balance") * F("rate") + Value(half)) / Value(WHOLE_BP) - Value(policy.letter_cost_minor))
    return rows.filter(net__gte=policy.least_net_minor).order_by("-net", "pk")
