"""Contacts that an agency reports in a file: each is logged as made, whatever the policy says, and judged like every other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from accounts.models import CreditAccount
from outreach.gate import KeyOfAnother
from outreach.policies import NoPolicy
from outreach.queries.standing import detail_of
from outreach.reported import log_reported
from outreach.rules.contacts import Channel, Outcome, Purpose, Request
from recovery.models import Agency, AgencyPerson, Placement
from recovery.operations.agencies.finding import is_trained
from recovery.operations.agencies.refusals import FileHasProblems
from riskops.shared.audit import Actor
from riskops.shared.people.examinations import has_examination

#: What the keys of reported contacts begin with.
REPORTED: Final = "agency "
#: The rule that says an account was not with the agency: the placement's, beside those of the contact policy.
NOT_PLACED: Final = "not_placed"
#: Lines named of what a file reported wrongly.
MOST_NAMED: Final = 200


def key_of(agency: Agency, reference: str) -> str:
    """Return the key of the log for a contact of an agency's file."""
    return f"{reported_by(agency)}{reference}"


def reported_by(agency: Agency) -> str:
    """Return what the keys of contacts begin with that an agency reported."""
    return f"{REPORTED}{agency.pk}: "


def log_contacts(
    actor: Actor, agency: Agency, rows: Mapping[int, dict[str, Any]], accounts: Mapping[str, CreditAccount], now: datetime
) -> dict[str, Any]:
    """Log the contacts of a file in the order of their moments and return what the policy says of them, by rule.

    Whoever is not registered with the agency, not trained or not examined made no contact that was allowed: it is logged as made
    by somebody unfit, under the name given.

    :raises FileHasProblems: no contact policy held on a day
    """
    people: dict[str, list[AgencyPerson]] = defaultdict(list)
    registered = AgencyPerson.objects.filter(agency=agency).select_related("user").prefetch_related("trainings")
    for person in registered.order_by("since", "pk"):
        people[person.user.get_username()].append(person)
    counted: Counter[str] = Counter()
    named: list[dict[str, Any]] = []
    for line, values in sorted(rows.items(), key=lambda item: (item[1]["at"], item[0])):
        at, account = datetime.fromisoformat(values["at"]), accounts[values["account_no"]]
        own = people.get(values["collector"], [])
        made_by = Actor.of(own[-1].user) if own else Actor(values["collector"][:150])
        channel = Channel(values["channel"])
        request = Request(
            channel=channel,
            purpose=Purpose(values["purpose"]),
            account_id=account.pk,
            detail=detail_of(account.customer, channel),
            is_collector_fit=_is_fit(own, at),
        )
        try:
            _contact, verdict = log_reported(
                actor=made_by, key=key_of(agency, values["reference"]), request=request, at=at,
                outcome=Outcome(values["outcome"]), note="", now=now,
            )  # fmt: skip
        except NoPolicy:
            raise FileHasProblems(line, settings.CONTACT_PROFILE) from None
        except KeyOfAnother:
            raise FileHasProblems(line, values["reference"]) from None
        found = [] if verdict.is_allowed else [str(verdict.rule)]
        if not _was_placed(agency, account, at):
            found.append(NOT_PLACED)
        counted.update(found)
        if found and len(named) < MOST_NAMED:
            named.append({"line": line, "account_no": account.account_no, "rules": found})
    return {"logged": len(rows), "by_rule": dict(counted), "not_allowed": named}


def _is_fit(own: Sequence[AgencyPerson], at: datetime) -> bool:
    """Return whether somebody was fit to call at a moment.

    :param own: the times they were registered with the agency; whoever came back has several
    """
    day = timezone.localtime(at).date()
    then = [person for person in own if person.since <= day and (person.until is None or day <= person.until)]
    # A training is of the person: it holds on when they come back.
    trained = {training.trained_on for person in own for training in person.trainings.all()}
    trained |= {person.trained_on for person in own}
    return bool(then) and any(is_trained(one, day) for one in trained) and bool(has_examination(then[0].user, on=day))


def was_placed(stays: Iterable[tuple[date, date | None]], at: datetime) -> bool:
    """Return whether an account was with an agency on the calendar day of a moment.

    :param stays: the days it was placed and recalled
    """
    day = timezone.localdate(at)
    return any(placed_on <= day and (recalled_on is None or day <= recalled_on) for placed_on, recalled_on in stays)


def _was_placed(agency: Agency, account: CreditAccount, at: datetime) -> bool:
    return was_placed(Placement.objects.filter(agency=agency, account=account).values_list("placed_on", "recalled_on"), at)
