"""What changes about decisions, gathered and written in a few statements however many there are.

One account at a time and a whole shard at night go through here alike, so both do the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from accounts.events import tell_facts_changed
from accounts.models import AccountState, CreditAccount, Decision, DecisionNotice, Restriction
from accounts.operations.deciding.restrictions import announce, note_restricted, take_turn
from accounts.operations.deciding.standing import Standing
from accounts.operations.deciding.texts import follow_up_texts
from accounts.operations.lending_caps import active_caps, limits_beside
from accounts.queries.scope_values import ScopeValues, scope_values
from accounts.rules.applications import Cap, room_minor
from accounts.rules.decisions import Action, Status, floored_limit
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.request_context import current_request_id
from riskops.shared.rows import update_rows

#: What of a decision changes after it is proposed, besides who judged it.
_MOVING: Final = (
    "status",
    "version",
    "decided_on",
    "effective_on",
    "review_on",
    "expires_on",
    "ended_on",
    "ended_why",
    "limit_before_minor",
    "limit_after_minor",
)
_AT_ONCE: Final = 1_000


@dataclass(slots=True)
class Writes:
    """Changes of decisions on accounts that the caller has locked; `write` puts them into the book.

    :param run_id: the close they belong to, for the audit trail
    """

    actor: Actor
    day: date
    run_id: int | None = None
    ended: dict[int, Decision] = field(default_factory=dict)
    moved: dict[int, Decision] = field(default_factory=dict)
    restrictions: list[Restriction] = field(default_factory=list)
    freed: list[int] = field(default_factory=list)
    limits: dict[int, int] = field(default_factory=dict)
    notices: list[DecisionNotice] = field(default_factory=list)
    lines: list[AuditEntry] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    names: ScopeValues | None = None
    caps: list[Cap] | None = None

    def move(self, decision: Decision, status: Status) -> None:
        """Let a decision go on to another status; its version counts up."""
        decision.status = status
        decision.version += 1
        self.moved[decision.pk] = decision

    def end(self, decision: Decision, status: Status, standing: Standing, *, why: str, notice: str | None) -> None:
        """End a decision: what it restricted is free again, the limit it set goes back, the customer is told.

        :param notice: the kind of notice; None where another one says it already or nobody was told of the decision
        """
        was = decision.status
        decision.ended_on, decision.ended_why = self.day, why
        self.move(decision, status)
        self.ended[decision.pk] = self.moved.pop(decision.pk)
        before = after = None
        more: dict[str, Any] = {}
        if was == Status.EFFECTIVE:
            if decision.blocks is not None:
                self.freed.append(decision.pk)
                self.changed.add(decision.account_id)
            if decision.is_of_limit and status != Status.REPLACED:
                before = standing.limit_minor
                after, more = self._put_back(decision, standing)
        if notice is not None:
            self.tell(decision, notice, standing)
        self.note(decision, f"decision.{status.value}", standing, why, was=was, limits=(before, after), more=more)

    def _put_back(self, decision: Decision, standing: Standing) -> tuple[int | None, dict[str, Any]]:
        """Return the limit to what it was before the decision, unless something else has changed it since.

        :returns: the limit now, None where it stays; and what the audit line says beside it
        """
        if standing.limit_minor != decision.limit_after_minor or decision.limit_before_minor is None:
            return None, {}
        more = self.restore_limit(standing, decision.limit_before_minor)
        return standing.limit_minor, more

    def restore_limit(self, standing: Standing, limit_minor: int) -> dict[str, Any]:
        """Return the limit of an account to an earlier one: not under what is owed, and up only as far as the caps leave room.

        A cap binds whichever way a limit comes about, and what was given up may have been lent on another line since. From a
        limit that grows on, limits change one transaction after the other (`take_turn`): take every other lock before.

        :returns: what the audit line says beside the limits: the limit there would be without caps, where they hold it down
        """
        wanted = floored_limit(limit_minor, owed_minor=min(standing.owed_minor, standing.limit_minor))
        room = self._room_minor(standing) if wanted > standing.limit_minor else None
        allowed = wanted if room is None else max(standing.limit_minor, min(wanted, room))
        self.set_limit(standing, allowed)
        return {"limit_without_caps_minor": wanted} if allowed < wanted else {}

    def _room_minor(self, standing: Standing) -> int | None:
        """Return what the caps leave for an account's limit, beside the customer's other lines; None where none speaks."""
        take_turn()
        if self.caps is None:
            self.caps = active_caps()
        return room_minor(
            self.caps,
            currency=standing.currency,
            other_limits_minor=limits_beside(
                standing.account_id, customer_id=standing.customer_id, currency=standing.currency, unwritten=self.limits
            ),
            minor_digits=standing.minor_digits,
        )

    def set_limit(self, standing: Standing, limit_minor: int) -> None:
        """Change the limit of an account."""
        standing.limit_minor = limit_minor
        self.limits[standing.account_id] = limit_minor
        self.changed.add(standing.account_id)

    def restrict(self, decision: Decision) -> None:
        """Put what a decision forbids in force."""
        blocks = decision.blocks
        assert blocks is not None
        self.restrictions.append(
            Restriction(
                decision=decision,
                account_id=decision.account_id,
                since=decision.effective_on,
                until=decision.expires_on,
                **blocks,
            )
        )
        self.changed.add(decision.account_id)

    def tell(self, decision: Decision, kind: str, standing: Standing, *, answer: str = "", dated: date | None = None) -> None:
        """Queue a notice, in the same transaction as what it tells of.

        :param dated: the business day it goes out on, where that is not the day of the work
        """
        if kind == DecisionNotice.Kind.DECIDED:
            texts = {"en": decision.text_en, "zh": decision.text_zh}
        else:
            texts = follow_up_texts(
                decision,
                kind,
                account_no=standing.account_no,
                currency=standing.currency,
                limit_minor=standing.limit_minor,
                names=self._names() if decision.scope_value else {},
                answer=answer,
            )
        self.notices.append(
            DecisionNotice(decision=decision, kind=kind, text_en=texts["en"], text_zh=texts["zh"], dated=dated or self.day)
        )

    def _names(self) -> ScopeValues:
        """Return the names of channels and categories, read once for all that is written together."""
        if self.names is None:
            self.names = scope_values()
        return self.names

    def note(
        self,
        decision: Decision,
        action: str,
        standing: Standing,
        reason: str = "",
        *,
        was: str = "",
        limits: tuple[int | None, int | None] = (None, None),
        more: dict[str, Any] | None = None,
        was_more: dict[str, Any] | None = None,
    ) -> None:
        """Add a line to the audit trail; `was_more` and `more` are what else there was, and is by now."""
        before: dict[str, Any] = {**({"status": was} if was else {}), **(was_more or {})}
        after: dict[str, Any] = {"status": decision.status, "action": decision.action, **(more or {})}
        if limits[1] is not None:
            before["credit_limit_minor"], after["credit_limit_minor"] = limits
        self.lines.append(
            AuditEntry(
                actor_name=self.actor.name,
                actor_id=self.actor.user_id,
                action=action,
                subject_type="decision",
                subject_key=decision.reference,
                account_id=standing.account_id,
                before=before or None,
                after=after,
                reason=reason,
                request_id=current_request_id(),
                run_id=self.run_id,
            )
        )

    def write(self) -> int:
        """Write everything gathered and return how many decisions changed. Ends come first: they make room for what follows."""
        for batch in (self.ended, self.moved):
            rows = [(decision.pk, *(getattr(decision, name) for name in _MOVING)) for decision in batch.values()]
            update_rows(Decision, _MOVING, rows)
        if self.freed:
            for start in range(0, len(self.freed), _AT_ONCE):
                Restriction.objects.filter(pk__in=self.freed[start : start + _AT_ONCE]).delete()
        Restriction.objects.bulk_create(self.restrictions, batch_size=_AT_ONCE)
        update_rows(CreditAccount, ["credit_limit_minor"], sorted(self.limits.items()))
        update_rows(AccountState, ["credit_limit_minor"], sorted(self.limits.items()))
        note_restricted(self.changed)
        DecisionNotice.objects.bulk_create(self.notices, batch_size=_AT_ONCE)
        AuditEntry.objects.bulk_create(self.lines, batch_size=_AT_ONCE)
        if self.run_id is None:
            tell_facts_changed(sorted(self.changed))
        announce(self.changed)
        return len(self.ended) + len(self.moved)


def add_decisions(decisions: Sequence[Decision]) -> None:
    """Add decisions to the book, under references that are free.

    Where somebody has used one already, by chance or on purpose, another is taken: a close does not fail over a name.
    """
    wanted = [decision.reference for decision in decisions]
    taken = set(Decision.objects.filter(reference__in=wanted).values_list("reference", flat=True))
    for decision in decisions:
        if decision.reference in taken:
            decision.reference = f"{decision.reference[:51]}-{secrets.token_hex(6)}"
    Decision.objects.bulk_create(decisions, batch_size=500)


def lifted_decision(decision: Decision) -> Decision:
    """Return what a lift takes back, locked."""
    assert decision.action == Action.LIFT and decision.lifts_id is not None
    return Decision.objects.select_for_update().get(pk=decision.lifts_id)
