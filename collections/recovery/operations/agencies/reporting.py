"""Contacts that an agency reports in a file: each is logged as made, whatever the policy says, and judged like every other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
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

#: Lines named of what a file reported wrongly.
MOST_NAMED: Final = 200


def key_of(agency: Agency, reference: str) -> str:
    """Return the key of the log for a contact of an agency's file."""
    return f"agency {agency.pk}: {reference}"


def log_contacts(
    actor: Actor, agency: Agency, rows: Mapping[int, dict[str, Any]], accounts: Mapping[str, CreditAccount], now: datetime
) -> dict[str, Any]:
    """Log the contacts of a file in the order of their moments and return what the policy says of them, by rule.

    Whoever is not registered with the agency, not trained or not examined made no contact that was allowed: it is logged as made
    by somebody unfit, under the name given.

    :raises FileHasProblems: no contact policy held on a day
    """
    people = {person.user.get_username(): person for person in AgencyPerson.objects.filter(agency=agency).select_related("user")}
    counted: Counter[str] = Counter()
    named: list[dict[str, Any]] = []
    for line, values in sorted(rows.items(), key=lambda item: (item[1]["at"], item[0])):
        at, account = datetime.fromisoformat(values["at"]), accounts[values["account_no"]]
        person = people.get(values["collector"])
        made_by = Actor.of(person.user) if person is not None else Actor(values["collector"][:150])
        channel = Channel(values["channel"])
        request = Request(
            channel=channel,
            purpose=Purpose(values["purpose"]),
            account_id=account.pk,
            detail=detail_of(account.customer, channel),
            is_collector_fit=_is_fit(person, at),
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
            found.append("not_placed")
        counted.update(found)
        if found and len(named) < MOST_NAMED:
            named.append({"line": line, "account_no": account.account_no, "rules": found})
    return {"logged": len(rows), "by_rule": dict(counted), "not_allowed": named}


def _is_fit(person: AgencyPerson | None, at: datetime) -> bool:
    if person is None:
        return False
    day = timezone.localtime(at).date()
    is_registered = person.since <= day and (person.until is None or day <= person.until)
    return is_registered and is_trained(person.trained_on, day) and bool(has_examination(person.user, on=day))


def _was_placed(agency: Agency, account: CreditAccount, at: datetime) -> bool:
    """Return whether an account was with an agency on the calendar day of a moment."""
    day = timezone.localtime(at).date()
    rows = Placement.objects.filter(agency=agency, account=account, placed_on__lte=day)
    return any(placement.recalled_on is None or day <= placement.recalled_on for placement in rows)
