"""The pages of decisions: the form with its preview, the queue, one decision and what is done to it there."""

from __future__ import annotations

import pytest
from deciding_books import OPEN, Person, at, make_late_account, page

from accounts.models import AgreementVersion, CreditAccount, Decision, DecisionTerms, ReasonCode, Restriction
from accounts.rules.decisions import Status
from riskops.shared.models import AuditEntry
from riskops.shared.roles import EVENTS, OPERATIONS, Role

FORM = {"reference": "R1", "reason_code": "overdue", "scope": "all", "scope_value": "", "most": "", "note": "seen"}


@pytest.fixture
def late(db: None) -> CreditAccount:
    return make_late_account(account_no="LATE")


def test_the_form_shows_facts_and_knows_the_approver_before_anything_is_pressed(late: CreditAccount) -> None:
    browser = at(Person(Role.ANALYST))
    shown = page(browser.get("/accounts/LATE/decide/?action=suspend_use"))
    assert "days past due" in shown and "utilisation" in shown

    preview = page(browser.post("/accounts/LATE/decide/?action=suspend_use", FORM, headers={"HX-Request": "true"}))
    assert "Needs approval by: team lead" in preview
    assert "payments are overdue" in preview and "暂停使用" in preview
    assert not Decision.objects.exists()

    alone = page(at(Person(Role.TEAM_LEAD)).post("/accounts/LATE/decide/?action=suspend_use", {**FORM, "preview": "1"}))
    assert "You may decide this alone" in alone


def test_an_explanation_says_of_which_close_its_facts_are(late: CreditAccount) -> None:
    lead = Person(Role.TEAM_LEAD)
    decision = lead.asks(late, "suspend_use", scope="all")
    shown = page(at(lead).get(f"/accounts/LATE/decisions/{decision.reference}/explanation/"))
    # Proposed on the open day, the 11th of March; the last close is that of the day before.
    assert "as of the close of 10 Mar 2025, with what was posted until the proposal" in shown
    told = at(lead).get(f"/api/v1/accounts/LATE/decisions/{decision.reference}/explanation/").json()
    assert told["facts_as_of"] == "2025-03-10"


def test_a_refusal_stands_beside_its_field_and_nothing_is_lost(late: CreditAccount) -> None:
    browser = at(Person(Role.TEAM_LEAD))
    form = {"reference": "R1", "reason_code": "risk_rising", "new_limit": "399.99", "note": "typed with care"}
    shown = page(browser.post("/accounts/LATE/decide/?action=lower_limit", form), 422)
    assert "¥\u202f399.99 is under the ¥\u202f400.00 owed" in shown and "typed with care" in shown
    assert not Decision.objects.exists()


def test_propose_approve_appeal_and_lift_in_the_browser(late: CreditAccount) -> None:
    analyst, lead, approver = Person(Role.ANALYST), Person(Role.TEAM_LEAD), Person(Role.APPROVER)
    sent = at(analyst).post("/accounts/LATE/decide/?action=suspend_use", FORM)
    decision = Decision.objects.get()
    assert sent["Location"] == f"/decisions/{decision.pk}/"
    # The very same form again is no second decision.
    assert at(analyst).post("/accounts/LATE/decide/?action=suspend_use", FORM)["Location"] == sent["Location"]

    queue = page(at(lead).get("/decisions/"))
    assert "yours to judge" in queue and "LATE" in queue
    assert "you proposed it" in page(at(analyst).get("/decisions/"))
    assert "decision_approve" not in page(at(analyst).get(sent["Location"]))

    own = page(at(Person(Role.TEAM_LEAD)).get(sent["Location"]))
    assert f"/decisions/{decision.pk}/approve/" in own
    stale = at(lead).post(f"/decisions/{decision.pk}/approve/", {"version": 7, "remark": "fine by me"})
    assert "has changed since you opened it" in page(stale, 422) and "fine by me" in page(stale, 422)
    assert at(lead).post(f"/decisions/{decision.pk}/approve/", {"version": 1, "remark": ""}).status_code == 302
    assert Restriction.objects.count() == 1
    assert "suspended: all use" in page(at(analyst).get("/accounts/LATE/"))

    decision.refresh_from_db()
    form = {"version": decision.version, "received_on": OPEN.isoformat(), "grounds": "I have paid."}
    assert at(analyst).post(f"/decisions/{decision.pk}/appeal/", form).status_code == 302
    assert "I have paid." in page(at(approver).get(f"/decisions/{decision.pk}/"))
    assert "LATE" in page(at(approver).get("/decisions/?list=appeals"))
    decision.refresh_from_db()
    answered = {"version": decision.version, "outcome": "refused", "answer_en": "Not yet.", "answer_zh": "尚未到账"}
    assert at(approver).post(f"/decisions/{decision.pk}/answer/", answered).status_code == 302

    decision.refresh_from_db()
    lifted = {"version": decision.version, "reference": "L1", "reason_code": "cause_gone", "note": ""}
    assert at(lead).post(f"/decisions/{decision.pk}/lift/", lifted).status_code == 302
    assert not Restriction.objects.exists()
    shown = page(at(lead).get(f"/decisions/{decision.pk}/"))
    assert "L1" in shown and "same verdict" in shown
    assert "Suspend use" in page(at(lead).get("/accounts/LATE/?tab=decisions")).replace("suspend use", "Suspend use")


def test_a_verdict_that_no_longer_comes_out_is_shown(late: CreditAccount) -> None:
    lead = Person(Role.TEAM_LEAD)
    decision = lead.asks(late, "suspend_use", scope="all")
    Decision.objects.filter(pk=decision.pk).update(verdict={**decision.verdict, "has_authority": False})
    assert "The verdict computed again is not the one that was stored." in page(at(lead).get(f"/decisions/{decision.pk}/"))


@pytest.mark.parametrize("name", ["to_approve", "in_buffer", "in_force", "to_review", "appeals", "ended", "all", "nonsense"])
def test_every_list_opens_empty_and_full(late: CreditAccount, name: str) -> None:
    lead = Person(Role.TEAM_LEAD)
    page(at(lead).get(f"/decisions/?list={name}"))
    lead.asks(late, "suspend_use", scope="all")
    Person(Role.ANALYST).asks(late, "lower_limit", new_limit_minor=500_000)
    page(at(lead).get(f"/decisions/?list={name}"))


def test_a_decision_that_is_not_there_is_404(late: CreditAccount) -> None:
    assert at(Person(Role.TEAM_LEAD)).get("/decisions/99/").status_code == 404
    assert at(Person(Role.TEAM_LEAD)).post("/decisions/99/approve/", {"version": 1}).status_code == 404


def test_the_trail_says_in_words_what_became_of_a_decision(late: CreditAccount) -> None:
    lead = Person(Role.TEAM_LEAD)
    decision = lead.asks(late, "suspend_use", scope="all")
    shown = page(at(lead).get(f"/decisions/{decision.pk}/"))
    assert "decided and noticed" in shown and "took effect" in shown
    words = {**{name: str(operation.label) for name, operation in OPERATIONS.items()}, **EVENTS}
    ends = {f"decision.{status}" for status in Status if status not in ("proposed", "scheduled", "effective")}
    assert ends <= set(words)
    assert 'value="decision.take_effect"' in page(at(Person(Role.COMPLIANCE)).get("/audit/"))


# The admin ---------------------------------------------------------------------------------------------------------


def test_the_admin_writes_settings_through_their_operations(db: None) -> None:
    manager = at(Person(Role.MANAGER))
    terms = DecisionTerms.objects.get(action="lower_limit")
    form = {"action": "lower_limit", "buffer_days": "10", "review_days": "40", "expiry_days": "30", "appeal_days": "30"}
    assert "Constraint" in page(manager.post(f"/admin/accounts/decisionterms/{terms.pk}/change/", form))
    assert manager.post(f"/admin/accounts/decisionterms/{terms.pk}/change/", {**form, "review_days": ""}).status_code == 302
    line = AuditEntry.objects.get(action="decision_terms.edit")
    assert line.after is not None and line.after["buffer_days"] == 10

    reason = ReasonCode.objects.get(code="overdue")
    form = {"code": "overdue", "action": "suspend_use", "name_en": "x", "name_zh": "x", "text_en": "{wrong}", "text_zh": "x"}
    assert "may hold" in page(manager.post(f"/admin/accounts/reasoncode/{reason.pk}/change/", {**form, "is_active": "on"}))
    assert (
        manager.post(
            f"/admin/accounts/reasoncode/{reason.pk}/change/", {**form, "text_en": "From {day}.", "is_active": "on"}
        ).status_code
        == 302
    )
    assert ReasonCode.objects.get(code="overdue").text_en == "From {day}."


def test_who_may_not_edit_the_settings_may_look_at_them(late: CreditAccount) -> None:
    Person(Role.TEAM_LEAD).asks(late, "suspend_use", scope="all")
    analyst = at(Person(Role.ANALYST))
    for model in (
        "authorityrow",
        "reasoncode",
        "decisionterms",
        "decisioncontrol",
        "agreementversion",
        "decision",
        "restriction",
    ):
        page(analyst.get(f"/admin/accounts/{model}/"))
        assert analyst.post(f"/admin/accounts/{model}/add/", {}).status_code == 403
    page(analyst.get(f"/admin/accounts/decision/{Decision.objects.get().pk}/change/"))


def test_legal_publishes_an_agreement_and_nobody_changes_it(db: None) -> None:
    legal = at(Person(Role.LEGAL))
    form = {
        "kind": "agreement", "code": "v9", "product": "", "title_en": "A", "title_zh": "协议", "text_en": "t", "text_zh": "文",
        "has_acceleration_clause": "on", "published_on": "2025-01-01",
    }  # fmt: skip
    assert legal.post("/admin/accounts/agreementversion/add/", form).status_code == 302
    version = AgreementVersion.objects.get()
    assert legal.post(f"/admin/accounts/agreementversion/{version.pk}/change/", {**form, "code": "v10"}).status_code == 403


def test_a_rule_is_drafted_tried_taken_live_and_its_decisions_undone_in_the_browser(late: CreditAccount) -> None:
    from datetime import date

    from accounts.models import DecisionRuleVersion, DecisionUndo
    from accounts.operations.deciding.nightly import work_decisions

    lead, manager = at(Person(Role.TEAM_LEAD)), at(Person(Role.MANAGER))
    form = {"code": "late30", "name_en": "Late", "name_zh": "逾期", "rule": "dpd >", "action": "suspend_use", "scope": "all"}
    form |= {"lifts_itself": "on", "reason": str(ReasonCode.objects.get(code="overdue").pk)}
    refused = page(lead.post("/decision-rules/draft/", form), 422)
    assert "Line 1" in refused and "<mark>" in refused and refused.count('id="id_rule"') == 1
    assert "data-rule-editor" in refused and 'data-fact="dpd"' in refused and ">dpd &gt;</textarea>" in refused
    assert "This field is required" in page(lead.post("/decision-rules/draft/", {**form, "rule": ""}), 422)
    assert lead.post("/decision-rules/draft/", {**form, "rule": "dpd > 30"}).status_code == 302
    version = DecisionRuleVersion.objects.get()
    one = f"/decision-rules/{version.pk}/"
    lead.post(f"{one}change/", {**form, "rule": "dpd > 31", "revision": 1})
    assert "dpd &gt; 31" in page(lead.get(one))
    assert "has changed since you opened it" in page(lead.post(f"{one}try/", {"revision": 1}), 422)
    lead.post(f"{one}try/", {"revision": 2})
    for address in ("/decision-rules/", one):
        tried = page(manager.get(address)).replace("\u202f", " ")
        assert "1 of 1 accounts" in tried and "limits ¥ 10,000.00, principal ¥ 400.00" in tried
    approve = {"live_from": OPEN.isoformat(), "revision": 3}
    warned = page(manager.post(f"{one}approve/", approve), 422)
    assert "holds on 1 of 1" in warned and "It holds on everything, or on nothing, and that is meant" in warned
    manager.post(f"{one}approve/", {**approve, "is_warning_accepted": "on"})
    work_decisions(closed_day=date(2025, 3, 10), first_account_id=0, last_account_id=2**60)
    assert Restriction.objects.count() == 1
    lead.post(f"/decision-rules/{version.pk}/undo/", {"reason": "wrong"})
    undo = DecisionUndo.objects.get()
    lead_again = lead.post(f"/decision-undoings/{undo.pk}/judge/", {"approve": "1"})
    assert lead_again.status_code == 403
    manager.post(f"/decision-undoings/{undo.pk}/judge/", {"approve": "1"})
    assert not Restriction.objects.exists()
    manager.post("/decision-rules/switch/", {"was_stopped": "0", "reason": "look first"})
    assert "look first" in page(lead.get("/decision-rules/"))
