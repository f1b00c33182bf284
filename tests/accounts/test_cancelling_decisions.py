"""Who may take back what is not in force yet: the proposer a proposal, and what is decided only who might lift it alone."""

from __future__ import annotations

import pytest
from deciding_books import Person, accept, make_late_account
from rest_framework.test import APIClient

from accounts.models import CreditAccount, Decision, DecisionNotice
from accounts.operations.deciding import refusals
from accounts.operations.deciding.judging import approve_decision, cancel_decision
from riskops.shared.roles import Role


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


def cancel(person: Person, decision: Decision) -> Decision:
    decision.refresh_from_db()
    return cancel_decision(
        actor=person.actor, roles=person.roles, decision_id=decision.pk, version=decision.version, reason="no longer wanted"
    )


def test_a_demand_that_two_people_decided_is_not_cancelled_by_a_third_alone(late: CreditAccount) -> None:
    accept(late)
    legal, approver, analyst = Person(Role.LEGAL), Person(Role.APPROVER), Person(Role.ANALYST)
    decision = legal.asks(late, "accelerate")
    approve_decision(actor=approver.actor, roles=approver.roles, decision_id=decision.pk, version=1)

    with pytest.raises(refusals.NotYoursToCancel, match="approver, legal, team lead"):
        cancel(analyst, decision)
    decision.refresh_from_db()
    assert (decision.status, DecisionNotice.objects.count()) == ("scheduled", 1)

    cancel(legal, decision)
    decision.refresh_from_db()
    assert (decision.status, DecisionNotice.objects.count()) == ("cancelled", 2)


def test_a_proposal_is_cancelled_by_who_made_it_or_may_judge_it(late: CreditAccount) -> None:
    analyst, other, lead = Person(Role.ANALYST), Person(Role.ANALYST), Person(Role.TEAM_LEAD)
    decision = analyst.asks(late, "suspend_use", scope="all")
    with pytest.raises(refusals.NotYoursToCancel, match="team lead"):
        cancel(other, decision)
    decision.refresh_from_db()
    assert decision.status == "proposed"
    cancel(analyst, decision)
    again = analyst.asks(late, "suspend_use", scope="all")
    cancel(lead, again)
    assert list(Decision.objects.values_list("status", flat=True)) == ["cancelled", "cancelled"]


def test_cancelling_is_refused_by_api_and_not_offered_on_the_page(late: CreditAccount, client: object) -> None:
    lead, analyst = Person(Role.TEAM_LEAD), Person(Role.ANALYST)
    decision = lead.asks(late, "lower_limit", new_limit_minor=500_000)
    api = APIClient()
    api.force_authenticate(analyst.user)
    answer = api.post(f"/api/v1/decisions/{decision.pk}/cancel/", {"version": decision.version, "reason": "so"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_yours_to_cancel")
    for person, is_offered in ((analyst, False), (lead, True)):
        client.force_login(person.user)  # type: ignore[attr-defined]
        shown = client.get(f"/decisions/{decision.pk}/")  # type: ignore[attr-defined]
        assert ("cancel" in shown.context["forms"]) is is_offered
