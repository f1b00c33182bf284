"""The authority matrix changed by two people: proposed, approved, rejected, withdrawn, by operation, page and API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from deciding_books import Person, at, page
from django.db import IntegrityError, transaction
from factories import TESTER
from side_by_side import at_once

from accounts.models import AuthorityChange, AuthorityRow
from accounts.operations.deciding import matrix
from accounts.operations.deciding.refusals import DecisionRefusal, DecisionSettingRefused
from accounts.operations.deciding.weighing import authority_lines
from accounts.operations.refusals import ReasonMissing
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role

#: A line that no migrate brings, and what it says as the trail keeps it.
LINE = {"action": "lift", "role": "manager", "currency": "", "amount_from": 0, "amount_to": 100, "approver_role": "legal"}
WIDER = {**LINE, "amount_to": 200}


@pytest.fixture
def manager(db: None) -> Person:
    return Person(Role.MANAGER)


@pytest.fixture
def approver(db: None) -> Person:
    return Person(Role.APPROVER)


@pytest.fixture
def line(db: None) -> AuthorityRow:
    return AuthorityRow.objects.create(**LINE)


def approve(person: Person, change: AuthorityChange) -> AuthorityChange:
    return matrix.approve_change(actor=person.actor, change_id=change.pk, remark="seen")


def as_read(line: AuthorityRow) -> dict[str, Any]:
    """Return what a line says to somebody who looks at it now; what it said last, if it has ended."""
    found = AuthorityRow.objects.filter(pk=line.pk).first()
    return (found or line).values()


def trail() -> list[tuple[str, Any, Any]]:
    """Return what the trail says, oldest first: action, before, after."""
    return list(AuditEntry.objects.order_by("pk").values_list("action", "before", "after"))


def test_a_line_is_added_by_two_and_what_stands_holds_until_then(manager: Person, approver: Person) -> None:
    before = authority_lines("lift")
    change = matrix.propose_line(actor=manager.actor, values=LINE, reason="managers stand in")
    assert authority_lines("lift") == before
    assert (change.kind, change.before, change.after) == ("add", None, LINE)

    approve(approver, change)
    change.refresh_from_db()
    assert (change.status, change.judged_by_name, change.judgement) == ("approved", approver.user.username, "seen")
    assert AuthorityRow.objects.get(role="manager", action="lift").values() == LINE
    assert len(authority_lines("lift")) == len(before) + 1
    assert trail() == [("authority.propose", None, LINE), ("authority.approve", None, LINE)]
    said = AuditEntry.objects.get(action="authority.approve")
    assert (said.subject_type, said.reason) == ("authorityrow", "managers stand in · seen")


def test_a_line_is_changed_and_ended_with_what_it_said_before(line: AuthorityRow, manager: Person, approver: Person) -> None:
    approve(approver, matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=WIDER, reason="more"))
    line.refresh_from_db()
    assert line.values() == WIDER
    approve(approver, matrix.propose_end(actor=manager.actor, line_id=line.pk, seen=as_read(line), reason="no more"))
    assert not AuthorityRow.objects.filter(pk=line.pk).exists()
    assert trail() == [
        ("authority.propose", LINE, WIDER),
        ("authority.approve", LINE, WIDER),
        ("authority.propose", WIDER, None),
        ("authority.approve", WIDER, None),
    ]


def test_the_proposer_neither_approves_nor_rejects_in_the_operation_and_in_the_database(
    line: AuthorityRow, manager: Person
) -> None:
    change = matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=WIDER, reason="more")
    with pytest.raises(matrix.OwnMatrixChange, match="somebody else has to"):
        approve(manager, change)
    with pytest.raises(matrix.OwnMatrixChange):
        matrix.reject_change(actor=manager.actor, change_id=change.pk, reason="no")
    # A machine is no second person.
    with pytest.raises(matrix.OwnMatrixChange):
        matrix.approve_change(actor=TESTER, change_id=change.pk)
    line.refresh_from_db()
    change.refresh_from_db()
    assert (line.values(), change.status) == (LINE, "proposed")

    closed = {"closed_at": change.proposed_at}
    other = Person(Role.APPROVER).user
    wrong: list[dict[str, Any]] = [
        {"judged_by": manager.user, "status": "approved", **closed},
        {"status": "approved", **closed},
        {"judged_by": other, "status": "withdrawn", **closed},
        {"judged_by": other, "status": "approved"},
        {"judged_by": other, "status": "rejected", **closed},
        {"status": "proposed", **closed},
        {"reason": ""},
        {"before": None},
        {"after": None},
        {"line_id": None},
        {"kind": "end"},
    ]
    for fields in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            AuthorityChange.objects.filter(pk=change.pk).update(**fields)
    right = {"judged_by": other, "status": "rejected", "judgement": "no", **closed}
    assert AuthorityChange.objects.filter(pk=change.pk).update(**right) == 1


def test_a_rejected_or_withdrawn_change_changes_nothing_and_is_over(
    line: AuthorityRow, manager: Person, approver: Person
) -> None:
    rejected = matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=WIDER, reason="more")
    with pytest.raises(ReasonMissing):
        matrix.reject_change(actor=approver.actor, change_id=rejected.pk, reason=" ")
    matrix.reject_change(actor=approver.actor, change_id=rejected.pk, reason="too much")
    withdrawn = matrix.propose_end(actor=manager.actor, line_id=line.pk, seen=as_read(line), reason="no more")
    with pytest.raises(matrix.NotYourMatrixChange, match="Reject it instead"):
        matrix.withdraw_change(actor=approver.actor, change_id=withdrawn.pk)
    matrix.withdraw_change(actor=manager.actor, change_id=withdrawn.pk)
    for change in (rejected, withdrawn):
        with pytest.raises(matrix.MatrixChangeMovedOn):
            approve(approver, change)
        with pytest.raises(matrix.MatrixChangeMovedOn):
            matrix.withdraw_change(actor=manager.actor, change_id=change.pk)
    line.refresh_from_db()
    assert line.values() == LINE
    assert [action for action, _before, _after in trail()] == [
        "authority.propose", "authority.rejected", "authority.propose", "authority.withdrawn",
    ]  # fmt: skip


def test_a_change_of_a_line_that_changed_since_is_refused_with_what_differs(
    line: AuthorityRow, manager: Person, approver: Person
) -> None:
    narrower = {**LINE, "amount_to": 50, "approver_role": "approver"}
    late = matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=narrower, reason="less")
    end = matrix.propose_end(actor=manager.actor, line_id=line.pk, seen=as_read(line), reason="no more")
    approve(approver, matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=WIDER, reason="more"))
    for change in (late, end):
        with pytest.raises(matrix.MatrixChangeOutdated, match=r"\(Amount to: 100 → 200\)"):
            approve(approver, change)
    line.refresh_from_db()
    assert line.values() == WIDER
    assert set(AuthorityChange.objects.filter(pk__in=[late.pk, end.pk]).values_list("status", flat=True)) == {"proposed"}

    approve(approver, matrix.propose_end(actor=manager.actor, line_id=line.pk, seen=as_read(line), reason="no more"))
    with pytest.raises(matrix.MatrixChangeOutdated, match="has been ended since"):
        approve(approver, late)
    with pytest.raises(matrix.MatrixLineUnknown):
        matrix.propose_end(actor=manager.actor, line_id=line.pk, seen=as_read(line), reason="again")


def test_what_cannot_be_a_line_is_refused_when_it_is_proposed_and_when_it_is_approved(
    line: AuthorityRow, manager: Person, approver: Person
) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({**LINE, "approver_role": "manager"}, "cannot be asked to approve"),
        ({**LINE, "amount_from": 100}, "authority_amounts_in_order"),
        ({**LINE, "role": "nobody"}, "not a valid choice"),
        (LINE, "authority_row_once|already exists"),
    ]
    for values, message in wrong:
        with pytest.raises(DecisionSettingRefused, match=message):
            matrix.propose_line(actor=manager.actor, values=values, reason="x")
    with pytest.raises(DecisionSettingRefused, match="says just that already"):
        matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=LINE, reason="x")
    with pytest.raises(ReasonMissing):
        matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=WIDER, reason="")
    assert not AuthorityChange.objects.exists()

    other = {**LINE, "amount_from": 1}
    change = matrix.propose_line(actor=manager.actor, values=other, reason="x")
    with pytest.raises(matrix.MatrixChangeThere, match=manager.user.username):
        matrix.propose_line(actor=Person(Role.MANAGER).actor, values=other, reason="y")
    AuthorityRow.objects.create(**other)
    with pytest.raises(DecisionSettingRefused):
        approve(approver, change)
    change.refresh_from_db()
    assert (change.status, AuthorityRow.objects.filter(**other).count()) == ("proposed", 1)


@pytest.mark.django_db(transaction=True)
def test_two_people_who_approve_two_changes_of_one_line_at_once_do_not_both_win() -> None:
    manager, judges = Person(Role.MANAGER), [Person(Role.APPROVER), Person(Role.MANAGER)]
    line = AuthorityRow.objects.create(**LINE)
    changes = [
        matrix.propose_line(
            actor=manager.actor, line_id=line.pk, seen=as_read(line), values={**LINE, "amount_to": most}, reason="x"
        )
        for most in (200, 300)
    ]

    def judge(number: int) -> str:
        try:
            approve(judges[number], changes[number])
        except DecisionRefusal as refusal:
            return type(refusal).__name__
        return "approved"

    assert sorted(at_once([lambda: judge(0), lambda: judge(1)])) == ["MatrixChangeOutdated", "approved"]
    assert AuditEntry.objects.filter(action="authority.approve").count() == 1


# The page ----------------------------------------------------------------------------------------------------------


def seen_in(shown: str) -> str:
    """Return what a page's first form carries of the line that it was opened on."""
    found = re.search(r'name="seen" value="([^"]+)"', shown)
    assert found is not None
    return found[1]


def test_a_form_opened_before_the_line_changed_takes_nothing_back(line: AuthorityRow, manager: Person, approver: Person) -> None:
    proposing, address = at(manager), f"/authority/{line.pk}/propose/"
    opened = page(proposing.get(address))
    narrower = {**LINE, "approver_role": "approver"}
    approve(approver, matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=narrower, reason="x"))
    # Only the bound is typed anew; the approver of the form is the one that stood when it was opened.
    form = {**WIDER, "reason": "the lead is away", "seen": seen_in(opened)}
    refused = page(proposing.post(address, form), 422)
    assert "Needs approval by: legal → approver" in refused and "Open it anew" in refused and "the lead is away" in refused
    # The form below the refused one has not seen more than it.
    again = {"reason": "no more", "seen": re.findall(r'name="seen" value="([^"]+)"', refused)[-1]}
    assert "The line has changed since you looked at it" in page(proposing.post(f"/authority/{line.pk}/end/", again), 422)
    for garbled in ("", "e30:x:y"):
        assert "does not say what the line said" in page(proposing.post(address, {**form, "seen": garbled}), 422)
    assert AuthorityChange.objects.count() == 1
    form["seen"] = seen_in(page(proposing.get(address)))
    assert proposing.post(address, form).status_code == 302


def test_two_people_change_a_line_on_the_page(line: AuthorityRow, manager: Person, approver: Person) -> None:
    proposing, judging = at(manager), at(approver)
    form = {"action": "lift", "role": "manager", "approver_role": "legal", "amount_from": "0", "amount_to": "200", "currency": ""}
    address = f"/authority/{line.pk}/propose/"
    opened = page(proposing.get(address))
    assert 'value="100"' in opened
    form["seen"] = seen_in(opened)
    refused = page(proposing.post(address, {**form, "amount_to": "100", "reason": "typed with care"}), 422)
    assert "says just that already" in refused and "typed with care" in refused
    assert "This field is required" in page(proposing.post(address, form), 422)
    sent = proposing.post(address, {**form, "reason": "the lead is away"}, follow=True)
    assert "the matrix stays as it is until somebody else approves" in page(sent)

    change = AuthorityChange.objects.get()
    one = f"/authority/changes/{change.pk}/"
    own = page(proposing.get("/authority/"))
    assert "a change waits" in own and f"{one}withdraw/" in own and f"{one}approve/" not in own
    assert proposing.post(f"{one}approve/", {}).status_code == 422
    seen = page(judging.get("/authority/"))
    assert "<del>100</del>" in seen and "<strong>200</strong>" in seen and "the lead is away" in seen
    assert f"{one}approve/" in seen and f"{one}withdraw/" not in seen and "Change or end" not in seen
    assert "This field is required" in page(judging.post(f"{one}reject/", {"reason": ""}), 422)
    assert judging.post(f"{one}approve/", {"remark": "agreed"}).status_code == 302
    line.refresh_from_db()
    assert line.amount_to == 200
    shown = page(judging.get("/authority/"))
    assert "Changed lately" in shown and "agreed" in shown and f"{one}approve/" not in shown
    assert "is approved already" in page(judging.post(f"{one}reject/", {"reason": "late"}), 422)


def test_the_page_says_what_differs_and_offers_no_approval_of_what_is_outdated(
    line: AuthorityRow, manager: Person, approver: Person
) -> None:
    proposing, judging = at(manager), at(approver)
    read = {"seen": seen_in(page(proposing.get(f"/authority/{line.pk}/propose/")))}
    assert proposing.post(f"/authority/{line.pk}/end/", {**read, "reason": ""}).status_code == 422
    assert proposing.post(f"/authority/{line.pk}/end/", {**read, "reason": "no more"}).status_code == 302
    change = AuthorityChange.objects.get()
    AuthorityRow.objects.filter(pk=line.pk).update(amount_to=200)
    seen = page(judging.get("/authority/"))
    assert "The line has changed since this was proposed" in seen and f"changes/{change.pk}/approve/" not in seen
    refused = page(judging.post(f"/authority/changes/{change.pk}/approve/", {"remark": ""}), 422)
    assert "Amount to: 100 → 200" in refused
    AuthorityRow.objects.filter(pk=line.pk).delete()
    assert "The line has been ended since this was proposed" in page(judging.get("/authority/"))
    assert proposing.post(f"/authority/changes/{change.pk}/withdraw/", {}).status_code == 302
    assert proposing.get(f"/authority/{line.pk}/propose/").status_code == 404
    assert judging.post("/authority/changes/999/approve/", {"remark": ""}).status_code == 404


def test_who_may_neither_propose_nor_approve_looks_and_the_admin_only_shows(line: AuthorityRow, manager: Person) -> None:
    analyst = at(Person(Role.ANALYST))
    matrix.propose_line(actor=manager.actor, line_id=line.pk, seen=as_read(line), values=WIDER, reason="more")
    seen = page(analyst.get("/authority/"))
    assert "What holds" in seen and "/approve/" not in seen and "/propose/" not in seen
    assert analyst.get("/authority/propose/").status_code == 403
    own = at(manager)
    assert "Authority matrix" in page(own.get("/admin/accounts/authorityrow/"))
    for address in ("add/", f"{line.pk}/change/", f"{line.pk}/delete/"):
        assert own.post(f"/admin/accounts/authorityrow/{address}", {**LINE, "post": "yes"}).status_code == 403
    line.refresh_from_db()
    assert line.values() == LINE


# The API -----------------------------------------------------------------------------------------------------------


def test_two_people_change_the_matrix_by_api(line: AuthorityRow, manager: Person, approver: Person) -> None:
    def call(person: Person, path: str, data: dict[str, Any] | None, status: int) -> Any:
        client = at(person)
        sent = client.get if data is None else client.post
        answer = sent(f"/api/v1/authority/{path}", data, content_type="application/json")
        assert answer.status_code == status, answer.content
        return answer.json()

    def listed() -> Any:
        return next(row for row in call(approver, "", None, 200) if row["id"] == line.pk)

    asked = {"kind": "change", "line": line.pk, "seen": LINE, "after": WIDER, "reason": "more"}
    made = call(manager, "changes/", asked, 201)
    assert (made["status"], made["before"], made["after"], made["proposed_by"]) == (
        "proposed", LINE, WIDER, manager.user.username,
    )  # fmt: skip
    assert listed()["amount_to"] == 100
    assert call(manager, "changes/", asked, 409)["code"] == "matrix_change_there"
    for wrong in (
        {"kind": "end"},
        {"line": None},
        {"seen": None},
        {"after": None},
        {"kind": "add"},
        {"reason": ""},
        {"after": {"role": "legal"}},
    ):
        call(manager, "changes/", {**asked, **wrong}, 400)
    assert call(manager, "changes/", {**asked, "line": 999}, 404)["code"] == "matrix_line_unknown"
    assert call(manager, "changes/", {**asked, "after": LINE}, 422)["code"] == "decision_setting_refused"

    one = f"changes/{made['id']}/"
    assert call(manager, f"{one}approve/", {}, 422)["code"] == "own_matrix_change"
    assert call(approver, f"{one}approve/", {"remark": "agreed"}, 200)["judged_by"] == approver.user.username
    assert listed()["amount_to"] == 200
    assert call(approver, f"{one}reject/", {"reason": "late"}, 409)["code"] == "matrix_change_moved_on"
    assert call(approver, "changes/999/", None, 404)["code"] == "matrix_change_unknown"

    end = {"kind": "end", "line": line.pk, "seen": LINE, "reason": "no more"}
    outdated = call(manager, "changes/", end, 409)
    assert outdated["code"] == "matrix_change_outdated" and "Amount to: 100 → 200" in outdated["detail"]
    ended = call(manager, "changes/", {**end, "seen": listed()}, 201)
    assert ended["after"] is None
    assert call(manager, f"changes/{ended['id']}/withdraw/", {}, 200)["status"] == "withdrawn"
    added = call(manager, "changes/", {"kind": "add", "after": {"action": "lift", "role": "manager"}, "reason": "all"}, 201)
    assert added["after"] == {**LINE, "amount_to": None, "approver_role": ""}
    assert call(approver, f"changes/{added['id']}/reject/", {"reason": "too much"}, 200)["judgement"] == "too much"
    assert [row["id"] for row in call(approver, "changes/?status=rejected", None, 200)] == [added["id"]]
    call(approver, "changes/?status=lost", None, 400)
    assert listed()["approver_role"] == "legal"
