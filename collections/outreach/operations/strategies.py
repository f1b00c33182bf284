"""Collection strategies: what their versions may say, and trying one on the book. Their life is that of every version."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from casework.policies import account_rule, live_policy_row
from outreach.ladder_wording import problem_text, unread_text
from outreach.models import MessageTemplate, Strategy
from outreach.operations.product_claims import refuse_products_of_others, refuse_unknown_products
from outreach.operations.strategy_refusals import (
    LadderMalformed,
    LadderProblem,
    NothingToTryOn,
    NotTried,
    ProductOfOtherStrategy,
)
from outreach.operations.version_refusals import NotDraft, VersionMalformed, VersionUnknown
from outreach.operations.versions import Kind, Status
from outreach.queries.strategy_tries import StrategyTry, try_ladder
from outreach.roles import APPROVE_STRATEGY, DRAFT_STRATEGY
from outreach.rules.ladder_json import LadderUnread, as_plain, in_order, steps_from_plain
from outreach.rules.ladders import Known, problems_of
from riskops.shared.audit import Actor, record
from riskops.shared.day import book_state
from riskops.shared.reading import one_moment
from riskops.shared.rule_language import RuleRefusal

SUBJECT: Final = "strategy"
_IN_WORK: Final = (Status.DRAFT, Status.PROPOSED)


def problems_in(plain: Any, *, today: date) -> tuple[LadderProblem, ...]:
    """Return all that is wrong with steps, in words; the first value that cannot be read stands alone."""
    try:
        steps = steps_from_plain(plain)
    except LadderUnread as unread:
        # steps[2].ways[0].channel: the third step, its field ways.
        head, _dot, rest = unread.path.partition(".")
        place = int(head[len("steps[") : -1]) if head != "steps" else None
        field = rest.partition(".")[0].partition("[")[0] or "steps"
        where = f"{rest}: " if rest and rest != field else ""
        return (LadderProblem(place, field, where + unread_text(unread)),)
    found = problems_of(steps, known_names(today))
    return tuple(LadderProblem(problem.step, problem.field, problem_text(problem)) for problem in found)


def known_names(today: date) -> Known:
    """Return what a ladder may name: tiers, templates, rules that can be parsed."""
    policy = live_policy_row(today)
    tiers = tuple(policy.tiers.order_by("position").values_list("code", flat=True)) if policy else ()
    approved = MessageTemplate.objects.filter(status=Status.APPROVED).order_by("version")
    # Later versions take the place of earlier ones.
    templates = {code: (channel, purpose) for code, channel, purpose in approved.values_list("code", "channel", "purpose")}
    channels = {code: channel for code, (channel, _purpose) in templates.items()}
    purposes = {code: purpose for code, (_channel, purpose) in templates.items()}
    return Known(tiers, channels, purposes, _rule_refusal)


def _rule_refusal(text: str) -> str:
    try:
        account_rule(text)
    except RuleRefusal as refusal:
        return str(refusal)
    return ""


def _check_strategy(strategy: Strategy) -> None:
    """Refuse what is no ladder, and products there are none of; lay what is one out whole, in the order of its days."""
    products = strategy.products
    if not isinstance(products, list) or not all(isinstance(code, str) for code in products):
        raise VersionMalformed("products", _("Give a list of product codes."))
    refuse_unknown_products(products)
    problems = problems_in(strategy.steps, today=timezone.localdate())
    if problems:
        raise LadderMalformed(problems)
    strategy.steps = [as_plain(step) for step in in_order(steps_from_plain(strategy.steps))]


def _check_from(strategy: Strategy, live_from: date) -> None:
    """Refuse a version that was not tried as it stands, or that names a product of another strategy."""
    if strategy.dry_run is None or strategy.dry_run_revision != strategy.revision:
        raise NotTried(str(strategy))
    refuse_products_of_others(strategy, live_from, ProductOfOtherStrategy)


#: A day's messages are planned by one version, so it holds from tomorrow at the earliest. A product follows one strategy, so a
#: copy under another code begins with none.
STRATEGIES: Final = Kind(
    model=Strategy,
    subject=SUBJECT,
    draft=DRAFT_STRATEGY,
    approve=APPROVE_STRATEGY,
    check=_check_strategy,
    check_from=_check_from,
    reset={"products": list},
)


def try_strategy(*, actor: Actor, key: str, version: int, now: datetime) -> StrategyTry:
    """Try a draft, or what is proposed, on the book of the last closed day; keep what was found with it and return it.

    The book is read without a lock on the draft: a change made meanwhile makes the figures those of the revision before.

    :raises VersionUnknown, NotDraft: there is no draft or proposal of that version
    :raises LadderMalformed: it names what there is no more
    :raises NothingToTryOn: no day is closed yet
    """
    strategy = STRATEGIES.of(key).filter(version=version).first()
    if strategy is None:
        raise VersionUnknown(key, version)
    if strategy.status not in _IN_WORK:
        raise NotDraft(str(strategy), strategy.get_status_display())
    _check_strategy(strategy)
    with one_moment():
        as_of = book_state().business_date
        if as_of is None:
            raise NothingToTryOn
        found = try_ladder(strategy, as_of=as_of, now=now)
    with transaction.atomic():
        still = STRATEGIES.of(key).select_for_update(of=("self",)).get(version=version)
        if still.status not in _IN_WORK:
            raise NotDraft(str(still), still.get_status_display())
        still.dry_run, still.dry_run_revision = found.as_json(), strategy.revision
        still.save(update_fields=["dry_run", "dry_run_revision"])
        after = {"dry_run_of_revision": strategy.revision, "as_of": as_of.isoformat(), "messages": found.messages}
        record(actor=actor, action=DRAFT_STRATEGY, subject_type=SUBJECT, subject_key=str(still), after=after)
    return found
