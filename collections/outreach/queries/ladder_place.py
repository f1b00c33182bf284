"""Where one account stands on the ladder of its strategy: by line the episode, what is due, what was planned, what comes next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from accounts.facts import facts_shown
from accounts.models import AccountSignals, AccountState, CreditAccount, Installment
from outreach.experiments import strategy_of
from outreach.models import Message, Strategy
from outreach.rules.ladders import Act, Anchor, Step, due_step, next_step
from outreach.strategies import ANCHORS, Ladder, ladder_of, notices_of, takes
from riskops.shared.rule_language import FactsRow


@dataclass(frozen=True, slots=True)
class LineStand:
    """One line of the ladder for one account.

    :param episode: the date its steps are reckoned from
    :param due: the step that is due on the day, planned nowhere yet; a call is never planned, so it is due until it is over
    :param coming: the first step after the day, as the account stands now
    """

    anchor: Anchor
    episode: date
    due: Step | None
    coming: Step | None
    planned: tuple[Message, ...]

    @property
    def coming_on(self) -> date | None:
        """The day of the step that comes."""
        return self.coming.day(self.episode) if self.coming else None

    @property
    def last(self) -> Message | None:
        """The latest step that was planned."""
        return self.planned[-1] if self.planned else None


@dataclass(frozen=True, slots=True)
class LadderStand:
    """One account on its ladder, on a day. No lines: nothing is past due, due, or restricted."""

    strategy: Strategy
    ladder: Ladder
    today: date
    lines: tuple[LineStand, ...]

    @property
    def has_message_due(self) -> bool:
        """Whether a message is due that was not planned."""
        return any(line.due is not None and line.due.act is Act.MESSAGE for line in self.lines)


def ladder_stand(account: CreditAccount, *, as_of: date, today: date) -> LadderStand | None:
    """Return where an account stands on a day; None where no strategy holds for its product, or it has no state yet.

    :param account: read with `product`; its state and its signals are asked for where they were not read with it
    :param as_of: the last closed day, whose figures the rules see
    """
    treated = strategy_of(account, today)
    state: AccountState | None = getattr(account, "state", None)
    if treated is None or state is None or state.opened_on > as_of:
        return None
    ladder = notices_of(ladder_of(treated.strategy)) if treated.is_left_alone else ladder_of(treated.strategy)
    facts = facts_shown(account.pk, as_of, ladder.facts)
    episodes = _episodes(account, state, as_of)
    rows = Message.objects.filter(account_id=account.pk, episode__in=set(episodes.values()), strategy__isnull=False)
    messages = list(rows.order_by("planned_on", "pk"))
    lines = [
        _line(ladder, anchor, episode, messages, today, state.tier, facts)
        for anchor, episode in episodes.items()
        if ladder.line(anchor)
    ]
    return LadderStand(treated.strategy, ladder, today, tuple(lines))


def _episodes(account: CreditAccount, state: AccountState, as_of: date) -> Mapping[Anchor, date]:
    """Return the dates of an account that steps are reckoned from."""
    due_date = state.oldest_unpaid_due_date
    if due_date is None:
        coming = Installment.objects.filter(account_id=state.pk, is_open=True, due_date__gte=as_of)
        due_date = coming.order_by("due_date").values_list("due_date", flat=True).first()
    signals = getattr(account, "signals", None) or AccountSignals()
    dates = {
        Anchor.DUE_DATE: due_date,
        Anchor.RESTRICTED: signals.restricted_on if signals.is_restricted else None,
        Anchor.PROMISE_DUE: signals.promise_due_on if signals.has_open_promise else None,
        Anchor.PROMISE_BROKEN: None if signals.has_open_promise else signals.promise_broken_on,
    }
    return {anchor: day for anchor in ANCHORS if (day := dates[anchor]) is not None}


def _line(
    ladder: Ladder, anchor: Anchor, episode: date, messages: Sequence[Message], today: date, tier: str, facts: FactsRow
) -> LineStand:
    steps = ladder.line(anchor)
    others = {step.code for step in ladder.steps if step.anchor is not anchor}
    planned = tuple(message for message in messages if message.episode == episode and message.step not in others)

    def holds(step: Step) -> bool:
        return takes(step, tier, facts)

    days = {message.step: message.planned_on for message in planned}
    due = due_step(steps, episode=episode, today=today, planned=days, holds=holds)
    return LineStand(anchor, episode, due, next_step(steps, episode=episode, today=today, holds=holds), planned)
