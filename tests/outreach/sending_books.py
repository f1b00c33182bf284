"""Messages to send: a customer who is late, a template, a step of a ladder, and providers that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from factories import make_account, make_installment, set_business_date
from outreach_books import NOON, make_reachable

from accounts.models import AccountState, CreditAccount
from outreach.models import Message, MessageTemplate, Strategy
from outreach.operations.sending.claiming import claim
from outreach.operations.sending.dispatching import hand_over
from outreach.operations.sending.holding import Passed
from outreach.operations.sending.preparing import Ready, prepare
from outreach.operations.sending.settling import settle
from outreach.providers import registry
from outreach.providers.interface import Accepted, CannotTell, Found, NotThere, Outgoing, Provider, Result
from outreach.rules.contacts import Channel

DUE = date(2025, 3, 1)
TODAY = NOON.date()
WORKER = "w1"
BODY = "{{ institution }}: {{ overdue_total }}. {{ opt_out }}"

_number = count(1)


def make_late(account: CreditAccount | None = None, *, due: date = DUE, owed: int = 10_000) -> CreditAccount:
    """Return an account late since a day, in a book that is closed up to yesterday."""
    number = next(_number)
    account = account or make_reachable(
        person={"name": "王小明", "phone": f"139{number:08}", "email": f"c{number}@example.com", "device_ids": f"dev-{number}"}
    )
    set_business_date(TODAY - timedelta(days=1))
    make_installment(account, due_date=due, principal=owed)
    AccountState.objects.create(
        account=account, product=account.product, opened_on=account.opened_on, oldest_unpaid_due_date=due, bucket=1,
        days_past_due=(TODAY - due).days, overdue_principal_minor=owed, outstanding_principal_minor=owed, has_booked=True,
    )  # fmt: skip
    return account


def second_account(account: CreditAccount) -> CreditAccount:
    """Return another account of the same customer, late as well."""
    return make_late(make_account(customer=account.customer))


def make_template(code: str = "late-sms", channel: str = "sms", **fields: Any) -> MessageTemplate:
    """Return a template that holds; one of the code that is there already is kept."""
    there = MessageTemplate.objects.filter(code=code).first()
    texts = {"body_en": BODY, "body_zh": BODY, "subject_en": "", "subject_zh": "", **fields}
    if channel != "sms":
        texts.update(subject_en="Reminder", subject_zh="还款提醒")
    return there or MessageTemplate.objects.create(
        code=code, channel=channel, version=1, name_en=code, name_zh=code, status="approved", live_from=date(2025, 1, 1),
        drafted_by_name="x", approved_by_name="y", **texts,
    )  # fmt: skip


def make_strategy(step: str = "d7", **fields: Any) -> Strategy:
    """Return a strategy with one step; the same one where there is one already and nothing else is asked for."""
    code = f"ladder-{step}"
    there = Strategy.objects.filter(code=code).first() if not fields else None
    return there or Strategy.objects.create(
        code=code, version=Strategy.objects.filter(code=code).count() + 1, name_en=code, name_zh=code, status="approved",
        live_from=date(2025, 1, 1) + timedelta(days=next(_number) % 300), drafted_by_name="x", approved_by_name="y",
        steps=[{"code": step, **fields}],
    )  # fmt: skip


def make_message(
    account: CreditAccount, channel: str = "sms", *, step: str = "d7", stop_rule: str = "", **fields: Any
) -> Message:
    """Return a reminder that is due."""
    # What is written with its occasion has no template; all else is written for what it is sent for.
    purpose = "reminder" if "texts" in fields else fields.get("purpose", "reminder")
    code = f"late-{channel}" if purpose == "reminder" else f"{purpose}-{channel}"
    make_template(fields.setdefault("template_code", code), channel, purpose=purpose)
    fields.setdefault("strategy", make_strategy(step, **({"stop_rule": stop_rule} if stop_rule else {})))
    return Message.objects.create(
        account=account, customer=account.customer, step=step, channel=channel,
        **{"episode": DUE, "purpose": "reminder", "planned_on": TODAY, "due_at": NOON - timedelta(hours=1), **fields},
    )  # fmt: skip


class Carrier(Provider):
    """A provider that keeps what it is given by its key, and answers what it is told to, in order; then it accepts."""

    def __init__(self, name: str = "carrier", *, is_idempotent: bool = False, is_askable: bool = True) -> None:
        self.name = name  # type: ignore[misc]
        self.channels = frozenset(Channel)  # type: ignore[misc]
        self.is_idempotent = is_idempotent  # type: ignore[misc]
        self.is_askable = is_askable  # type: ignore[misc]
        self.knows_absence = is_askable  # type: ignore[misc]
        self.answers: list[Result | Callable[[Outgoing], Result]] = []
        self.by_key: dict[str, Result] = {}
        #: Every call, and what customers got: one effect a key where it is idempotent.
        self.calls: list[Outgoing] = []
        self.effects: list[str] = []
        self.is_down: Result | None = None
        #: The only templates it carries; None: every text.
        self.registered: Collection[str] | None = None

    def carries(self, template_code: str, language: str) -> bool:
        return self.registered is None or template_code in self.registered

    def send(self, outgoing: Outgoing) -> Result:
        self.calls.append(outgoing)
        if self.is_down is not None:
            return self.is_down
        if outgoing.key in self.by_key:
            return self.by_key[outgoing.key]
        answer = self.answers.pop(0) if self.answers else self.accepts
        return answer(outgoing) if callable(answer) else answer

    def accepts(self, outgoing: Outgoing) -> Result:
        """Take a message."""
        if outgoing.key not in self.effects or not self.is_idempotent:
            self.effects.append(outgoing.key)
        return Accepted(f"ref {outgoing.key}")

    def find(self, key: str, *, address: str = "", sent_at: datetime | None = None) -> Found:
        if not self.is_askable:
            return CannotTell("it cannot be asked")
        return Accepted(f"ref {key}") if key in self.effects else NotThere()


def use(monkeypatch: pytest.MonkeyPatch, *carriers: Carrier) -> None:
    """Let these be the providers of every channel, all healthy unless `is_passed_over`."""

    def pick(
        providers: Iterable[Provider], now: datetime, not_these: Collection[str] = (), healthy: Collection[str] = ()
    ) -> Provider | None:
        return next((c for c in providers if c.name not in not_these and not getattr(c, "is_passed_over", False)), None)

    def any_works(providers: Iterable[Provider], resting: Collection[str]) -> bool:
        return any(not getattr(carrier, "is_passed_over", False) for carrier in providers)

    monkeypatch.setattr(registry, "any_works", any_works)
    monkeypatch.setattr(registry, "providers_of", lambda channel: carriers)
    monkeypatch.setattr(registry, "provider_named", lambda name: next((c for c in carriers if c.name == name), None))
    monkeypatch.setattr(registry, "pick", pick)


def prepared(message: Message, now: datetime = NOON, *, worker: str = WORKER) -> Ready | Passed:
    """Claim one message and prepare it."""
    claim(Channel(message.channel), now, 500, worker)
    return prepare(message.pk, now, worker=worker)


def send(message: Message, now: datetime = NOON) -> Message:
    """Send one message as a worker does, and return it as it stands then."""
    ready = prepared(message, now)
    if isinstance(ready, Ready):
        settle(message.pk, ready.attempt, hand_over(ready, now), now)
    return Message.objects.get(pk=message.pk)
