"""Accounts to decide about, and the words for deciding: people by role, one late account, a proposal in one line."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

from django.test import Client
from factories import make_account, make_installment, make_product, make_user, set_business_date

from accounts.models import AgreementVersion, CreditAccount, Decision, DecisionRuleVersion, ReasonCode
from accounts.models.rule_versions import RuleVersion
from accounts.operations.deciding.agreements import accept_agreement, publish_agreement
from accounts.operations.deciding.proposing import propose_decision
from accounts.operations.deciding.ruling import DECISION_RULES
from accounts.operations.deciding.weighing import Asked
from accounts.operations.rebuilding import rebuild_accounts
from accounts.operations.rule_undoing import UndoKind, ask_to_undo, judge_undoing
from accounts.operations.rule_versions import approve_rule, draft_rule, try_rule
from riskops.shared.audit import COMMAND, Actor
from riskops.shared.roles import Role

CLOSED, OPEN = date(2025, 3, 10), date(2025, 3, 11)
#: Reason codes by action, as every migrate brings them.
REASONS = {
    "suspend_use": "overdue",
    "lower_limit": "risk_rising",
    "raise_limit": "good_record",
    "accelerate": "one_fifth_overdue",
    "lift": "cause_gone",
    "write_off": "not_recoverable",
}
_number = count(1)


class Person:
    """Somebody with one role, as operations see them."""

    def __init__(self, role: Role) -> None:
        self.user = make_user(role)
        self.actor = Actor.of(self.user)
        self.roles = [role.value]

    def asks(self, account: CreditAccount, action: str, *, reference: str = "", **asked: Any) -> Decision:
        """Propose a decision, under a reference counted up and the action's first reason code unless told."""
        asked.setdefault("reason_code", REASONS[action])
        asked.setdefault("note", "seen on the account page")
        return propose_decision(
            actor=self.actor,
            roles=self.roles,
            account_id=account.pk,
            asked=Asked(action=action, **asked),
            reference=reference or f"D{next(_number)}",
        )


def at(person: Person) -> Client:
    """Return the browser of a person, logged in."""
    client = Client()
    client.force_login(person.user)
    return client


def page(answer: Any, status: int = 200) -> str:
    """Return the text of a page that was answered as it should be."""
    assert answer.status_code == status, answer.content.decode()[:3000]
    return str(answer.content.decode())


def drafts_rule(person: Person, **values: Any) -> DecisionRuleVersion:
    """Draft a rule that suspends all use of accounts more than 30 days late, unless told."""
    values = {"code": "late30", "rule": "dpd > 30", "action": "suspend_use", "scope": "all", **values}
    values.setdefault("name_en", "Late")
    values.setdefault("name_zh", "逾期")
    values["reason"] = ReasonCode.objects.get(code=REASONS[values["action"]], action=values["action"])
    code = values.pop("code")
    made = draft_rule(DECISION_RULES, actor=person.actor, code=code, values=values)
    assert isinstance(made, DecisionRuleVersion)
    return made


def tries_rule(person: Person, version: DecisionRuleVersion) -> DecisionRuleVersion:
    """Make a dry run of a rule as it stands."""
    return _does(try_rule, person, version, today=OPEN)


def approves_rule(
    person: Person, version: DecisionRuleVersion, *, live_from: date = OPEN, is_warning_accepted: bool = False
) -> DecisionRuleVersion:
    """Approve a rule as it stands, live for the open day unless told."""
    more = {"live_from": live_from, "is_warning_accepted": is_warning_accepted}
    return _does(approve_rule, person, version, today=OPEN, **more)


def _does(act: Any, person: Person, version: DecisionRuleVersion, **more: Any) -> DecisionRuleVersion:
    revision = DecisionRuleVersion.objects.values_list("revision", flat=True).get(pk=version.pk)
    done = act(DECISION_RULES, actor=person.actor, version_id=version.pk, revision=revision, **more)
    assert isinstance(done, DecisionRuleVersion)
    return done


def asks_undo(
    kind: UndoKind, person: Person, version: RuleVersion, *, day: date | None = None, reason: str = "the rule was wrong"
) -> Any:
    """Ask to undo what a version did."""
    return ask_to_undo(kind, actor=person.actor, roles=person.roles, version_id=version.pk, day=day, reason=reason)


def judges_undo(kind: UndoKind, person: Person, undo: Any, *, is_approved: bool = True) -> Any:
    """Approve an undoing, unless told."""
    return judge_undoing(kind, actor=person.actor, roles=person.roles, undo_id=undo.pk, is_approved=is_approved)


def make_late_account(**fields: Any) -> CreditAccount:
    """Return an account with a limit of 10,000.00 that owes 4 × 100.00, two of them late since 1 February and 1 March."""
    account = make_account(**{"product": make_product(), **fields})
    for due in (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1), date(2025, 5, 1)):
        make_installment(account, due_date=due, principal=10_000)
    close_at(account)
    return account


def close_at(*accounts: CreditAccount, day: date = CLOSED) -> None:
    """Put the book at a closed day, the accounts aged."""
    set_business_date(day)
    rebuild_accounts([account.pk for account in accounts], as_of=day, ahead_on=None)


def accept(account: CreditAccount, *, has_clause: bool = True, code: str = "v1") -> AgreementVersion:
    """Let the account's customer accept an agreement."""
    version = publish_agreement(
        actor=COMMAND,
        version=AgreementVersion(
            kind="agreement",
            code=code,
            title_en="Agreement",
            title_zh="协议",
            text_en="…",
            text_zh="……",
            has_acceleration_clause=has_clause,
            published_on=date(2024, 1, 1),
        ),
    )
    accept_agreement(actor=COMMAND, account_id=account.pk, code=code, accepted_on=date(2025, 1, 1))
    return version
