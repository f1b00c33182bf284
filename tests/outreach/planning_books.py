"""Accounts that stand on a ladder, and strategies that are live, for tests of the planning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils import timezone
from factories import make_installment
from outreach_books import make_reachable

from accounts.models import AccountState, CreditAccount
from outreach.bulk.plan import plan_messages
from outreach.models import Message, MessageTemplate, Strategy
from outreach.rules.contacts import Channel
from outreach.rules.ladder_json import as_plain
from outreach.rules.ladders import Act, Anchor, Step, Way

LAST_ACCOUNT_ID = 2**63 - 1
#: The last closed day; messages go out on the day after.
DAY = date(2025, 6, 16)
NEXT = DAY + timedelta(days=1)
NOW = datetime(2025, 6, 16, 17, tzinfo=UTC)


def step(code: str, days: int, *channels: Channel, **more: Any) -> Step:
    """Return a step that sends by some channels (SMS unless said), by templates named like it."""
    ways = tuple(Way(channel, f"{code}-{channel}") for channel in channels or (Channel.SMS,))
    values = {"anchor": Anchor.DUE_DATE, "act": Act.MESSAGE, "ways": ways, **more}
    return Step(code=code, name_en=f"Step {code}", name_zh=code, days=days, **values)


def call(code: str, days: int, **more: Any) -> Step:
    """Return a step at which a person calls."""
    return Step(code=code, name_en=code, name_zh=code, anchor=Anchor.DUE_DATE, days=days, act=Act.CALL, **more)


def follow(steps: Iterable[Step], *, code: str = "standard", since: date = date(2000, 1, 1), **more: Any) -> Strategy:
    """Let a strategy say these steps from a day on."""
    version = Strategy.objects.filter(code=code).count() + 1
    return Strategy.objects.create(
        code=code, version=version, name_en=code, name_zh=code, steps=[as_plain(s) for s in steps], status="approved",
        live_from=since, drafted_by_name="x", approved_by_name="y", approved_at=timezone.now(), **more,
    )  # fmt: skip


def write_templates(steps: Iterable[Step]) -> None:
    """Approve the templates that steps name."""
    for way, purpose in {way: s.purpose for s in steps for way in s.ways}.items():
        MessageTemplate.objects.get_or_create(
            code=way.template, version=1,
            defaults={
                "purpose": purpose,
                "channel": way.channel, "name_en": way.template, "name_zh": way.template, "body_en": "b", "body_zh": "b",
                "status": "approved", "live_from": date(2000, 1, 1), "drafted_by_name": "x",
            },
        )  # fmt: skip


def late(days: int, *, on: date = NEXT, state: dict[str, Any] | None = None, **customer: Any) -> CreditAccount:
    """Return an account whose oldest unpaid instalment was due so many days before the day on which messages go out."""
    account = make_reachable(**customer)
    due_date = on - timedelta(days=days)
    make_installment(account, due_date=due_date)
    is_late = due_date < on - timedelta(days=1)
    stand = {
        "oldest_unpaid_due_date": due_date if is_late else None,
        "days_past_due": days - 1 if is_late else 0,
        "moves_on": None if is_late else due_date + timedelta(days=1),
        **(state or {}),
    }
    AccountState.objects.create(
        **{"opened_on": account.opened_on, **stand}, account=account, product=account.product, credit_limit_minor=1_000_000
    )
    return account


def plan(as_of: date = DAY, now: datetime = NOW) -> int:
    """Plan the whole book, as the close of the day does; return how many messages that was."""
    return plan_messages(as_of=as_of, first_account_id=0, last_account_id=LAST_ACCOUNT_ID, now=now)


def planned(*accounts: CreditAccount) -> list[tuple[Any, ...]]:
    """Return what is planned for accounts: step, channel, state and why, in the order in which it was planned."""
    rows = Message.objects.filter(account__in=accounts).order_by("account_id", "pk")
    return list(rows.values_list("step", "channel", "status", "reason"))


def products_of(accounts: Sequence[CreditAccount]) -> list[str]:
    """Return the codes of the products of accounts."""
    return [account.product.product_code for account in accounts]
