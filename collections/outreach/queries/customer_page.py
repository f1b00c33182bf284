"""What a customer sees of themselves behind a link: as little as can be done with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from accounts.models import AccountState, Appeal, CreditAccount, Decision
from accounts.operations.deciding.appealing import last_day_to_appeal
from accounts.rules.decisions import LIFTABLE_ACTIONS, Status
from casework.models import Plan, PlanAgreement
from outreach.models import EducationArticle, OptOut
from outreach.models.education import stage_of
from outreach.models.versions import live_versions
from outreach.rules.contacts import ELECTRONIC, Channel


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """A channel of messages. `is_out`: the customer wants nothing by it."""

    channel: Channel
    is_out: bool


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """A decision that the customer may object to, or has. No amounts: whoever holds the link may not be the customer."""

    reference: str
    action: str
    decided_on: date
    last_day: date | None
    appeal: Appeal | None


@dataclass(frozen=True, slots=True)
class OwnPage:
    """The page. `last4` is all it says of the account; of an offered plan, that there is one and until when.

    :param agreed: the plan that was signed last, as long as it is not over; its agreement can be had
    """

    last4: str
    channels: tuple[ChannelChoice, ...]
    decisions: tuple[OpenDecision, ...]
    plan: Plan | None
    agreed: Plan | None
    education: tuple[EducationArticle, ...]

    @property
    def may_opt_out(self) -> bool:
        """Whether there is a channel left to opt out of."""
        return any(not choice.is_out for choice in self.channels)


def own_page(account: CreditAccount, today: date, *, business_day: date, is_proved: bool) -> OwnPage:
    """Return what stands on the page of an account's customer, in a fixed number of queries.

    :param business_day: the day by which it is told whether a decision may still be objected to
    :param is_proved: whoever reads has shown that they are the customer
    """
    out = set(OptOut.objects.filter(customer=account.customer_id, until=None).values_list("channel", flat=True))
    order = (Channel.SMS, Channel.EMAIL, Channel.PUSH)
    channels = tuple(ChannelChoice(channel, channel in out) for channel in order if channel in ELECTRONIC)
    rows = Decision.objects.filter(
        account=account, action__in=LIFTABLE_ACTIONS, status__in=(Status.SCHEDULED, Status.EFFECTIVE), decided_on__isnull=False
    )
    decisions = []
    for decision in rows.select_related("appeal").order_by("-decided_on", "-pk")[:10]:
        last_day = last_day_to_appeal(decision)
        appeal = getattr(decision, "appeal", None)
        assert decision.decided_on is not None  # filtered above
        if appeal is not None or (last_day is not None and business_day <= last_day):
            decisions.append(
                OpenDecision(decision.reference, decision.get_action_display(), decision.decided_on, last_day, appeal)
            )
    return OwnPage(
        account.account_no[-4:],
        channels,
        tuple(decisions),
        offered_plan(account),
        agreed_plan(account),
        _education(today, _stage(account) if is_proved else None),
    )


def offered_plan(account: CreditAccount) -> Plan | None:
    """Return the plan that is offered to the account's customer and not signed yet."""
    return Plan.objects.filter(account=account, status=Plan.Status.OFFERED).select_related("terms", "account__product").first()


def agreed_plan(account: CreditAccount) -> Plan | None:
    """Return the plan that is in force or observed and whose agreement was kept, the last one signed."""
    signed = Plan.objects.filter(account=account, status__in=(Plan.Status.ACTIVE, Plan.Status.PAID))
    return signed.filter(agreements__stage=PlanAgreement.Stage.SIGNED).order_by("-pk").first()


def _stage(account: CreditAccount) -> str:
    """Return the stage of lateness that an account is in; one that was never closed is not late."""
    days = AccountState.objects.filter(account=account).values_list("days_past_due", flat=True).first()
    return stage_of(days or 0)


def _education(today: date, stage: str | None) -> tuple[EducationArticle, ...]:
    """Return the articles, in the order of their stages: those of one stage first, without those of the others.

    :param stage: the customer's own; None for all stages: a choice would tell whoever holds the link how late one is
    """
    stages = EducationArticle.Stage.values
    articles = live_versions(EducationArticle, today).values()
    if stage is None:
        return tuple(sorted(articles, key=lambda row: (stages.index(row.stage), row.code)))
    own = [row for row in articles if row.stage in (stage, EducationArticle.Stage.ANY)]
    return tuple(sorted(own, key=lambda row: (row.stage != stage, row.code)))
