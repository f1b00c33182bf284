"""How an account stands for a letter: what it is expected to bring against its cost, and what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.facts import facts_of
from accounts.models import AccountState, CreditAccount
from accounts.tiers import tiers
from casework.models import Tier
from casework.policies import account_rule, live_policies
from outreach.gate import ask_gate
from outreach.models.policies import HOLD_NAMES
from outreach.policies import NoPolicy
from outreach.queries.standing import detail_of
from outreach.rules.contacts import Channel, Purpose, Request
from outreach.wording import finding_text, rule_name
from recovery.letter_policies import policies_on
from recovery.models import LegalCase, Letter, LetterPolicy
from recovery.operations.letters.refusals import NoLetterPolicy, nothing_past_due
from recovery.rules.benefit import Benefit, benefit, rate_of
from riskops.shared.rule_language import RuleRefusal, holds
from riskops.shared.wording import day_text, money_text

#: What the rules of letters themselves are called; the others are holds and rules of the contact policy.
_OWN_RULES: Final[dict[str, Promise]] = {
    "cool_off": gettext_lazy("too soon"),
    "legal_case": gettext_lazy("legal case"),
    "loses_money": gettext_lazy("loses money"),
    "no-policy": gettext_lazy("no policy"),
    "not_late": gettext_lazy("not past due"),
    "open_letter": gettext_lazy("letter under way"),
    "promise": gettext_lazy("open promise"),
    "tier": gettext_lazy("warning tier"),
}
_HOLDS: Final = {str(hold): name for hold, name in HOLD_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that forbids a letter: the rule's name for programs, and in words."""

    rule: str
    text: str

    @property
    def name(self) -> str:
        """The rule in a word or two."""
        return str(_OWN_RULES.get(self.rule) or _HOLDS.get(self.rule) or rule_name(self.rule))


@dataclass(frozen=True, slots=True)
class LetterStanding:
    """An account, weighed for a letter.

    :param obstacles: what forbids it, the gravest first; empty: it may be proposed
    :param is_outside_rule: the policy's rule would not propose it
    """

    account: CreditAccount
    policy: LetterPolicy
    days_past_due: int
    bucket: int
    line: Benefit
    obstacles: tuple[Obstacle, ...]
    is_outside_rule: bool

    @property
    def currency(self) -> str:
        """Of all its amounts."""
        return self.policy.currency


def request_for(account: CreditAccount) -> Request:
    """Return the contact that a letter is, as the gate is asked for it: a demand, which names the institution and the debt."""
    detail = detail_of(account.customer, Channel.LETTER)
    return Request(channel=Channel.LETTER, purpose=Purpose.DEMAND, account_id=account.pk, detail=detail)


def tiers_for_letters(on: date) -> frozenset[str]:
    """Return the codes of the tiers whose accounts may be sent a letter, by the tier policy of a business day."""
    policy = live_policies(on).first()
    if policy is None:
        return frozenset()
    return frozenset(tier.code for tier in policy.tiers.all() if Tier.Intervention.LETTER in tier.interventions)


def letter_standing(account: CreditAccount, *, business_date: date, now: datetime) -> LetterStanding:
    """Return how an account stands for a letter, postings of the open day included.

    :param account: read with its customer and product
    :raises NoLetterPolicy: no figures hold for its currency
    """
    today = timezone.localdate(now)
    policy = policies_on(today).get(account.product.currency)
    if policy is None:
        raise NoLetterPolicy(account.product.currency)
    state = AccountState.objects.filter(pk=account.pk).first() or AccountState(account=account)
    balance_minor = state.overdue_total_minor
    rate_bp = rate_of(policy.rate_bands(), bucket=state.bucket, balance_minor=balance_minor)
    line = benefit(balance_minor=balance_minor, rate_bp=rate_bp, cost_minor=policy.letter_cost_minor)
    return LetterStanding(
        account=account,
        policy=policy,
        days_past_due=state.days_past_due,
        bucket=state.bucket,
        line=line,
        obstacles=tuple(_obstacles(account, state, policy, line, business_date, now)),
        is_outside_rule=not _is_in_rule(account.pk, policy, business_date),
    )


def _is_in_rule(account_id: int, policy: LetterPolicy, business_date: date) -> bool:
    try:
        return holds(account_rule(policy.rule), facts_of([account_id], business_date).get(account_id, {}))
    except RuleRefusal:
        return False


def _obstacles(
    account: CreditAccount,
    state: AccountState,
    policy: LetterPolicy,
    line: Benefit,
    business_date: date,
    now: datetime,
) -> list[Obstacle]:
    found = [*still_forbidden(account, now)]
    if line.balance_minor <= 0:
        found.append(Obstacle("not_late", nothing_past_due()))
    elif line.net_minor < policy.least_net_minor:
        found.append(loses_money(line, policy))
    if state.tier and state.tier not in tiers_for_letters(business_date):
        shown = tiers().shown(business_date).get(state.tier)
        name = shown.name if shown is not None else state.tier
        found.append(Obstacle("tier", _("its tier %(tier)s allows no letter") % {"tier": name}))
    found.extend(_letters_in_the_way(account.pk, policy, business_date))
    return found


def loses_money(line: Benefit, policy: LetterPolicy) -> Obstacle:
    """Return that a letter costs more than it is expected to bring, with the sum."""
    currency = policy.currency
    text = _("it loses money: %(rate)s of %(balance)s brings %(expected)s and costs %(cost)s, %(net)s net, at least %(least)s")
    return Obstacle(
        "loses_money",
        text
        % {
            "rate": rate_text(line.rate_bp),
            "balance": money_text(line.balance_minor, currency),
            "expected": money_text(line.expected_minor, currency),
            "cost": money_text(line.cost_minor, currency),
            "net": money_text(line.net_minor, currency),
            "least": money_text(policy.least_net_minor, currency),
        },
    )


def rate_text(rate_bp: int) -> str:
    """Return a rate in hundredths of a percent, in percent: `2.5%`."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}{f'.{rest:02d}'.rstrip('0') if rest else ''}%"


def still_forbidden(account: CreditAccount, now: datetime) -> list[Obstacle]:
    """Return what forbids a letter until it is sent: an open promise, a legal case, whatever the gate forbids for good.

    Hours and frequency are a matter of the moment of sending.
    """
    found = []
    if _has_open_promise(account):
        found.append(Obstacle("promise", _("a promise to pay is open")))
    case = LegalCase.objects.filter(account=account, status__in=["proposed", "open"]).first()
    if case is not None:
        found.append(Obstacle("legal_case", _("legal case %(case)s is open") % {"case": case.reference}))
    try:
        finding = ask_gate(request_for(account), now).verdict.finding
    except NoPolicy:
        return [*found, Obstacle("no-policy", _("no contact policy holds; compliance must approve one"))]
    if finding is not None and finding.until is None:
        found.append(Obstacle(str(finding.hold or finding.rule), finding_text(finding)))
    return found


def _has_open_promise(account: CreditAccount) -> bool:
    try:
        return bool(account.signals.has_open_promise)
    except ObjectDoesNotExist:
        return False


def _letters_in_the_way(account_id: int, policy: LetterPolicy, business_date: date) -> list[Obstacle]:
    last = Letter.objects.filter(account_id=account_id).exclude(status__in=["rejected", "stopped"]).order_by("-id").first()
    if last is None:
        return []
    if last.status in Letter.OPEN:
        return [Obstacle("open_letter", _("letter %(letter)s is under way") % {"letter": last.reference})]
    again_on = (last.sent_on or last.proposed_on) + timedelta(days=policy.cool_off_days)
    if business_date < again_on:
        text = _("letter %(letter)s was sent; the next may be proposed from %(day)s on")
        return [Obstacle("cool_off", text % {"letter": last.reference, "day": day_text(again_on)})]
    return []
