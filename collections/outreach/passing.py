"""What the contact policy says to the worklist: whom not to take from a queue just now, because they may not be called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.utils import timezone

from accounts.models import AccountState, CreditAccount, Customer, Product
from casework.models import Tier, TierPolicy
from outreach.experiments import left_alone
from outreach.models import Contact
from outreach.policies import NoPolicy, live_policies, pick_policy
from outreach.rules.contact_policy import DAYS_OF_A_WEEK, TALKED, Policy, RuleId, judge
from outreach.rules.contacts import CALLS, Channel, Hold, Hours, Outcome, Party, Past, Purpose, Request, Standing
from outreach.wording import verdict_text
from riskops.shared.models import BookState
from riskops.shared.sql import days_between, is_postgresql, moment, places

#: The name by which a queue may be worked in spite of it.
CALLS_BLOCK: Final = "calls"
#: A local day is over a day later than anywhere else, and a week is read in local days.
_READ: Final = timedelta(days=DAYS_OF_A_WEEK + 2)


def calls_refused(account_ids: Sequence[int], now: datetime) -> dict[int, str]:
    """Return why accounts may not be called now, though they may be later, by account id: hours, calls made already, an
    experiment that leaves the customer without contact.

    Only accounts in tiers whose work is calling: a review is done at any hour. What else forbids a call for good (a noted hold,
    no number) is no matter of waiting and passes nobody over; the gate answers it when a call is asked for. A fixed number of
    queries.
    """
    accounts = [
        account
        for account in _accounts(account_ids, timezone.localtime(now).date())
        if Tier.Intervention.CALL in (account.may_do or ())
    ]
    if not accounts:
        return {}
    past = _calls_of({account.customer_id for account in accounts}, now)
    live = live_policies(timezone.localtime(now).date())
    found = {}
    for account in accounts:
        customer = account.customer
        agreed = getattr(customer, "agreed_hours", None)
        hours = Hours(agreed.opens_at, agreed.closes_at) if agreed else None
        try:
            policy = pick_policy(live, account.product.product_code)
        except NoPolicy:
            # Whoever asks for the call is told so by the gate; the queue is no worse off than before.
            continue
        holds = frozenset({(Hold.NO_CONTACT_ARM, account.pk)}) if account.is_left_alone else frozenset()
        standing = Standing(zone=ZoneInfo(customer.time_zone), agreed_hours=hours, holds=holds)
        # A number there is none of is not what is asked about here; any other number takes its place.
        request = Request(Channel.CALL, Purpose.REMINDER, account.pk, customer.phone_index or 0)
        verdict = judge(policy.figures(), request, standing, past.get(customer.pk, ()), now)
        if verdict.until is not None or verdict.rule is RuleId.HOLD:
            found[account.pk] = verdict_text(verdict, zone=customer.time_zone)
    return found


def items_at_rest(now: datetime) -> Q:
    """Return the condition over work items of those that `calls_refused` names for days: for an experiment's sake, after a
    conversation about the debt, after as many calls as a week allows.

    What is over by the next morning (hours, the calls of a day) is not among them. A fixed number of queries; each item costs
    a look at the calls of its customer.
    """
    tiers = Tier.objects.filter(policy=_live_tiers()).values_list("code", "interventions")
    calling = sorted(code for code, may_do in tiers if Tier.Intervention.CALL in may_do)
    if not calling:
        return Q(pk__in=[])
    on = timezone.localtime(now).date()
    alone = left_alone(customer="casework_workitem.customer_id", product="casework_workitem.product_id", on=on)
    found = _holds(alone)
    for policy, products in _products_by_policy(on).items():
        if at_rest := _at_rest(policy, now):
            found |= Q(_holds(*at_rest), product__in=products)
    # Not by `account__state`: that would read each account as well.
    tier = f"(SELECT s.tier FROM {AccountState._meta.db_table} AS s WHERE s.account_id = casework_workitem.account_id)"
    return _holds(f"{tier} IN ({places(calling)})", tuple(calling)) & found


def _holds(sql: str, parameters: tuple[Any, ...] = ()) -> Q:
    return Q(RawSQL(sql, parameters, output_field=BooleanField()))


def _products_by_policy(on: date) -> dict[Policy, list[int]]:
    live, found = live_policies(on), dict[Policy, list[int]]()
    for product_id, product_code in Product.objects.order_by("pk").values_list("pk", "product_code"):
        try:
            found.setdefault(pick_policy(live, product_code).figures(), []).append(product_id)
        except NoPolicy:
            continue
    return found


def _at_rest(policy: Policy, now: datetime) -> tuple[str, tuple[Any, ...]] | None:
    """Return whether a rule of several days lets a debt rest, as SQL over `casework_workitem` with its parameters: what `judge`
    says of a call to the debtor. None where the policy has no such rule.

    Counted, not asked for by EXISTS: PostgreSQL would read what went to anybody in nine days, to look at it for each item.
    """
    if 0 in (policy.effective_calls_a_day, policy.unanswered_a_day, policy.calls_a_week):
        # No call is ever allowed: no matter of waiting, and nobody is passed over.
        return None
    rules: list[str] = []
    parameters: list[Any] = []
    if policy.quiet_days_after_conversation:
        within, values = _within(policy.quiet_days_after_conversation, now)
        rules.append(f"COUNT(CASE WHEN c.outcome IN ({_quoted(TALKED)}) AND {within} THEN 1 END) > 0")
        parameters += values
    if policy.calls_a_week is not None:
        within, values = _within(DAYS_OF_A_WEEK, now)
        rules.append(f"COUNT(CASE WHEN c.outcome <> '{Outcome.NOT_MADE}' AND {within} THEN 1 END) >= %s")
        parameters += [*values, policy.calls_a_week]
    calls = (
        f"FROM {Contact._meta.db_table} AS c WHERE c.customer_id = casework_workitem.customer_id "
        f"AND c.account_id = casework_workitem.account_id AND c.at > %s "
        f"AND c.channel IN ({_quoted(CALLS)}) AND c.party <> '{Party.THIRD_PARTY}'"
    )
    return (f"(SELECT {' OR '.join(rules)} {calls})", (*parameters, moment(now - _READ))) if rules else None


def _within(days: int, now: datetime) -> tuple[str, list[Any]]:
    """Return SQL for whether a contact `c` was made within so many of the customer's days, the present one included.

    The customer's zone is read only for what was made so near to the first of the days that it decides: clocks that were put
    forward meanwhile make a day an hour or two shorter.
    """
    surely = now - timedelta(days=days - 1) + timedelta(hours=2)
    age = days_between(_local_day("%s"), _local_day("c.at"))
    return f"(c.at BETWEEN %s AND %s OR {age} BETWEEN 0 AND %s)", [moment(surely), moment(now), moment(now), days - 1]


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in sorted(names))


def _local_day(at: str) -> str:
    """Return SQL for the day of a moment where the customer of a contact `c` is; Django gives SQLite the function."""
    zone = f"(SELECT u.time_zone FROM {Customer._meta.db_table} AS u WHERE u.id = c.customer_id)"
    return f"CAST({at} AT TIME ZONE {zone} AS date)" if is_postgresql() else f"django_datetime_cast_date({at}, {zone}, 'UTC')"


def _live_tiers() -> Subquery:
    """Return the id of the tier policy that is live on the last closed day."""
    day = Subquery(BookState.objects.filter(pk=1).values("business_date")[:1])
    live = TierPolicy.objects.filter(status=TierPolicy.Status.APPROVED, live_from__lte=day).order_by("-live_from")
    return Subquery(live.values("pk")[:1])


def _accounts(account_ids: Sequence[int], on: date) -> QuerySet[Any]:
    """Return accounts with what is asked of them, in one query.

    `may_do`: the interventions of their tier; `is_left_alone`: whether an experiment leaves the customer without contact.
    """
    tier = Tier.objects.filter(policy=_live_tiers(), code=OuterRef("state__tier"))
    rows = CreditAccount.objects.filter(pk__in=account_ids).select_related("product", "customer__agreed_hours")
    alone = left_alone(customer="accounts_creditaccount.customer_id", product="accounts_creditaccount.product_id", on=on)
    return rows.annotate(
        may_do=Subquery(tier.values("interventions")[:1]), is_left_alone=RawSQL(alone, (), output_field=BooleanField())
    )


def _calls_of(customers: set[int], now: datetime) -> dict[int, list[Past]]:
    rows = Contact.objects.filter(customer_id__in=customers, channel__in=CALLS, at__gt=now - _READ)
    found: dict[int, list[Past]] = {}
    columns: Any = ("customer_id", "at", "channel", "purpose", "party", "account_id", "detail", "outcome")
    for customer_id, at, channel, purpose, party, account_id, detail, outcome in rows.values_list(*columns):
        one = Past(at, Channel(channel), Purpose(purpose), Party(party), account_id, detail, Outcome(outcome))
        found.setdefault(customer_id, []).append(one)
    return found
