"""Every page and endpoint against every role: the role table decides, and nothing stands outside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from django.conf import settings
from django.contrib import admin
from django.template.base import NodeList
from django.test import Client
from django.utils.safestring import SafeString
from factories import (
    make_conflict,
    make_user,
)
from one_of_everything import AUTHORITY_LINE_ID, PRODUCT_CODE, path_of, put_one_of_everything
from rest_framework.authtoken.models import Token

from accounts.models import (
    CreditAccount,
)
from riskops.shared.models import AuditEntry, PortfolioScope
from riskops.shared.role_admin import RoleAdmin
from riskops.shared.roles import OPERATIONS, Role
from tools.doors import METHODS, OPEN_DOORS, Door, admin_rows, doors, patterns

OPEN_TO_ALL: Final = {"healthz", "readyz", "set_language", "outreach:hook"}
#: Open to whoever holds a customer's link; to all others there is nothing.
BEHIND_A_LINK: Final = {
    *("outreach:public", "outreach:public_opt_out", "outreach:public_appeal"),
    "outreach:public_simulation",
    "outreach:public_decisions",
    *("outreach:public_plan", "outreach:public_plan_accept", "outreach:public_plan_agreement"),
}
#: Addresses of the admin that are nobody's data: the log-in, one's own password, translations, the frame itself.
ADMIN_FRAME: Final = {
    "index", "login", "logout", "password_change", "password_change_done", "jsi18n", "view_on_site", "app_list", "None",
    # Both look into the models below, and ask each one's own permission.
    "search", "autocomplete",
}  # fmt: skip
#: The models of the admin: the operation that looks, the one that changes, and what even that one does not do there.
ADMIN_TABLE: Final[dict[str, tuple[str, str | None, frozenset[str]]]] = {
    "accounts.Application": ("application.view", None, frozenset()),
    "accounts.ApplicationAppeal": ("application.view", None, frozenset()),
    "accounts.ConductFigure": ("product.view", "conduct_figure.edit", frozenset({"add", "delete"})),
    "accounts.LendingCap": ("application.view", "lending_cap.edit", frozenset({"delete"})),
    "accounts.Product": ("product.view", None, frozenset()),
    "accounts.AgreementVersion": ("decision.view", "agreement.publish", frozenset({"change", "delete"})),
    "accounts.AuthorityRow": ("decision.view", None, frozenset()),
    "accounts.Decision": ("decision.view", None, frozenset()),
    "accounts.DecisionControl": ("decision.view", "decision_terms.edit", frozenset({"add", "delete"})),
    "accounts.DecisionTerms": ("decision.view", "decision_terms.edit", frozenset({"delete"})),
    "accounts.ReasonCode": ("decision.view", "reason_code.edit", frozenset({"delete"})),
    "accounts.ScopeValue": ("decision.view", "scope_value.edit", frozenset({"delete"})),
    "accounts.Restriction": ("decision.view", None, frozenset()),
    "accounts.CreditAccount": ("account.view", None, frozenset()),
    "accounts.Customer": ("account.view", None, frozenset()),
    "accounts.Review": ("review.view", "review.work", frozenset({"add", "delete"})),
    "accounts.ReviewReason": ("review.view", "review_reason.edit", frozenset({"delete"})),
    "auth.User": ("people.manage", "people.manage", frozenset({"delete"})),
    "casework.BusinessCalendar": ("tier_policy.view", "business_calendar.edit", frozenset({"delete"})),
    "casework.DisputeKind": ("dispute.view", "dispute_setting.edit", frozenset({"delete"})),
    "casework.ReplyTemplate": ("dispute.view", "dispute_setting.edit", frozenset({"add", "delete"})),
    "casework.TierPolicy": ("tier_policy.view", None, frozenset()),
    "django_celery_beat.PeriodicTask": ("schedule.edit", "schedule.edit", frozenset({"add", "delete"})),
    "shared.Feed": ("close.view", "schedule.edit", frozenset({"delete"})),
}
#: What the issue lets compliance write; everything else it only reads. Declaring and ending conflicts of interest is among
#: it because compliance keeps that register; a reveal reads, and is recorded. `api.use` makes one's own token.
COMPLIANCE_WRITES: Final = {
    *("conflict.declare", "conflict.declare_for_others", "conflict.end", "review.grade"),
    *("contact_policy.draft", "contact_policy.approve", "contact_hold.place", "contact_hold.end"),
    *("message_template.draft", "message_template.approve", "strategy.approve", "experiment.approve"),
    *("education.draft", "education.approve", "outbox.act", "outbox.correct"),
    "dispute_setting.edit",
    *("agency.approve", "agency.stop", "agency.evaluate"),
    "resale.judge",
}
READING: Final = {"view", "view_own", "reveal", "export", "use", "verify", "audit"}

#: Arguments that lead to an account: who may not see it, or has a conflict, gets in by none of them.
OF_AN_ACCOUNT: Final = {
    "account_no", "payment_no", "customer_no", "review_id", "file_id", "decision_id", "application_id", "message_id",
    "dispute_id", "evidence_id", "mandate_id", "debit_id", "promise_id", "contact_id",
    "letter_id", "case_id", "reference", "write_off_id",
}  # fmt: skip
#: The same arguments, leading nowhere.
NOBODYS: Final = {
    "account_no": "A-nobody", "payment_no": "T-nobody", "customer_no": "C-nobody",
    "review_id": 99, "file_id": 99, "decision_id": 999, "application_id": 999,
    "message_id": 999, "dispute_id": 999, "evidence_id": 999, "mandate_id": 999, "debit_id": 999,
    "promise_id": 999, "contact_id": 999, "letter_id": 999, "case_id": 999, "reference": "PLAN-nobody", "write_off_id": 999,
}  # fmt: skip

DOORS = doors()


def at_once(*roles: Role) -> Any:
    """Have a walk done by somebody with all of these roles, and in the slow tests by somebody with each of them alone.

    For what goes by the account or the method and not by the role: each door is open to one person, and asked once.
    """
    alone = [pytest.param((role,), marks=(pytest.mark.slow, pytest.mark.once), id=role.name.lower()) for role in roles]
    return pytest.mark.parametrize("roles", [pytest.param(roles, id="all"), *alone])


@pytest.fixture
def book(db: None) -> CreditAccount:
    """Put one account with an instalment and a payment into the book, and one row of all else that addresses name."""
    return put_one_of_everything()


def answers_of(client: Client, door: Door, path: str) -> dict[str, Any]:
    """Return what a door answers, by method: a page is asked by GET and by POST, an endpoint by the door's own method."""
    if door.is_api:
        data = {} if door.method != "get" else None
        return {door.method: getattr(client, door.method)(path, content_type="application/json", data=data)}
    asked = {"get": client.get(path), "post": client.post(path)}
    # Which methods a page takes is said before who may come in.
    return {method: answer for method, answer in asked.items() if answer.status_code != 405}


def is_refused(answer: Any) -> bool:
    """Return whether the role table said no; a refusal for this person or team is none of its."""
    if answer.status_code != 403:
        return False
    if answer.headers["Content-Type"].startswith("application/json"):
        return "code" not in answer.json()
    return not any(template.name == "403_here.html" for template in answer.templates)


def led_on(client: Client, answer: Any) -> Any:
    """Return the page that an answer leads to, as what only takes POSTs leads whoever comes by GET; else the answer."""
    return client.get(answer["Location"]) if answer.status_code == 302 else answer


def client_of(*roles: Role) -> tuple[Client, Any]:
    """Return a client logged in as a new person, and the person."""
    client, person = Client(), make_user(*roles)
    client.force_login(person)
    return client, person


# No door without a row --------------------------------------------------------------------------------------------


def test_every_door_names_its_operation() -> None:
    unguarded = sorted(
        {f"{door.method} {door.route}" for door in DOORS if door.operation is None and door.name not in OPEN_DOORS}
    )
    assert unguarded == []
    assert {door.operation for door in DOORS if door.operation} <= set(OPERATIONS)
    assert set(OPEN_DOORS) <= {door.name for door in DOORS}


def test_every_operation_has_a_door_or_is_asked_inside_one() -> None:
    asked = {door.operation for door in DOORS} | {name for row in admin_rows().values() for name in row}
    # Asked beside another operation, on a page or in a command.
    inside = {"conflict.declare_for_others", "conflict.view", "promise.override"}
    assert set(OPERATIONS) - asked == inside


def test_every_address_of_the_admin_is_of_a_model_in_the_table_or_of_the_frame() -> None:
    prefixes = tuple(label.lower().replace(".", "_") + "_" for label in ADMIN_TABLE)
    names = {name.removeprefix("admin:") for name, _route, _pattern in patterns() if name.startswith("admin:")}
    assert {name for name in names if not name.startswith(prefixes)} <= ADMIN_FRAME
    assert admin_rows() == {label: (view, edit) for label, (view, edit, _not) in ADMIN_TABLE.items()}


#: Each role. Compliance may read everything: with it another engine meets every page; the rest is no matter of engines.
EACH_ROLE = [pytest.param(role, id=role.name.lower(), marks=() if role is Role.COMPLIANCE else pytest.mark.once) for role in Role]


# Each role at each door -------------------------------------------------------------------------------------------


@pytest.fixture
def drawn_for_one(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave all pages but those of compliance, who may read everything, undrawn: who may come in was decided before that."""
    if role is not Role.COMPLIANCE:
        monkeypatch.setattr(NodeList, "render", lambda _nodes, _context: SafeString(""))


@pytest.mark.usefixtures("drawn_for_one")
@pytest.mark.parametrize("role", EACH_ROLE)
def test_a_role_meets_403_exactly_where_the_table_says_no(role: Role, book: CreditAccount) -> None:
    client, _person = client_of(role)
    wrong = []
    for door in DOORS:
        if door.operation is None:
            continue
        answers = answers_of(client, door, path_of(door))
        assert answers, door
        for method, answer in answers.items():
            if is_refused(answer) == (role in OPERATIONS[door.operation].roles):
                wrong.append((method, door.route, answer.status_code))
    assert wrong == []


@at_once(*Role)
def test_an_endpoint_does_nothing_by_a_method_it_does_not_have(roles: tuple[Role, ...], book: CreditAccount) -> None:
    client, _person = client_of(*roles)
    declared = {(door.name, door.method) for door in DOORS}
    done = []
    for door in {door.name: door for door in DOORS if door.is_api}.values():
        for method in METHODS:
            if (door.name, method) not in declared:
                answer = getattr(client, method)(
                    path_of(door), content_type="application/json", data={} if method != "get" else None
                )
                if answer.status_code not in (403, 405):
                    done.append((method, door.route, answer.status_code))
    assert done == []


@pytest.mark.usefixtures("drawn_for_one")
@pytest.mark.parametrize("role", EACH_ROLE)
def test_a_role_may_do_with_a_model_of_the_admin_what_the_table_says(role: Role, book: CreditAccount) -> None:
    client, person = client_of(role)
    # The account is in everybody's sight, an agency's too, so that only the table stands between.
    PortfolioScope.objects.create(user=person, product_code=PRODUCT_CODE)
    wrong = []
    for model in admin.site._registry:
        view, edit, never = ADMIN_TABLE[model._meta.label]
        may_edit = edit is not None and role in OPERATIONS[edit].roles
        may_view = role in OPERATIONS[view].roles or may_edit
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        row = f"{base}{model._default_manager.values_list('pk', flat=True).first()}/"
        actions = {
            ("get", base): may_view,
            ("get", f"{row}change/"): may_view,
            ("get", f"{row}history/"): may_view,
            ("post", f"{row}change/"): may_edit and "change" not in never,
            ("get", f"{base}add/"): may_edit and "add" not in never,
            ("post", f"{base}add/"): may_edit and "add" not in never,
            ("get", f"{row}delete/"): may_edit and "delete" not in never,
            ("post", f"{row}delete/"): may_edit and "delete" not in never,
        }
        for (method, path), is_allowed in actions.items():
            answer = getattr(client, method)(path)
            # The history of schedules and feeds leads to the audit trail, which asks its own operation.
            if answer.status_code == 302 and "/audit/" in answer["Location"]:
                continue
            if (answer.status_code == 403) == is_allowed:
                wrong.append((method, path, answer.status_code))
    assert wrong == []


def test_compliance_reads_everything_there_is_to_read_and_writes_only_what_is_its_own() -> None:
    held = {name for name, operation in OPERATIONS.items() if Role.COMPLIANCE in operation.roles}
    reading = {name for name in OPERATIONS if name.rpartition(".")[2] in READING}
    assert held - reading == COMPLIANCE_WRITES
    assert reading - held == set()


def test_without_a_role_a_person_may_do_nothing_even_as_superuser(book: CreditAccount) -> None:
    client, person = client_of()
    person.is_superuser = person.is_staff = True
    person.save()
    let_in = []
    for door in DOORS:
        if door.operation is not None:
            answers = answers_of(client, door, path_of(door))
            let_in += [(method, door.route) for method, answer in answers.items() if not is_refused(answer)]
    assert let_in == []
    for label in ADMIN_TABLE:
        assert client.get(f"/admin/{label.lower().replace('.', '/')}/").status_code == 302, label


def test_every_page_of_the_admin_asks_the_role_table() -> None:
    assert [model.__name__ for model, pages in admin.site._registry.items() if not isinstance(pages, RoleAdmin)] == []


@pytest.mark.django_db
def test_a_superuser_with_a_role_sees_nobodys_token() -> None:
    token = Token.objects.create(user=make_user(Role.APPROVER))
    client, person = client_of(Role.ADMINISTRATOR)
    person.is_superuser = person.is_staff = True
    person.save()
    answer = client.get("/admin/authtoken/tokenproxy/")
    assert answer.status_code == 404 and token.key not in answer.content.decode()


#: Addresses that only scripts of a page ask, or other programs, and that nobody is ever led to.
ASKED_BY_SCRIPTS: Final = {"outreach:hook", "accounts:rule_check", "accounts:application_rule_check", "worklist-renew"}


def test_who_comes_by_get_to_where_a_form_is_sent_is_led_to_its_page(book: CreditAccount) -> None:
    client, _person = client_of(*Role)
    pages = {door.name: client.get(path_of(door)).status_code for door in DOORS if not door.is_api}
    assert {name for name, status in pages.items() if status == 405} == ASKED_BY_SCRIPTS
    assert {pages[name] for name in BEHIND_A_LINK - {"outreach:public"}} == {302}
    led = {
        "accounts:decision_approve": "/decisions/1/",
        "accounts:decision_rule_try": "/decision-rules/1/",
        "accounts:undo_judge": "/decision-rules/",
        "accounts:authority_end": f"/authority/{AUTHORITY_LINE_ID}/propose/",
        "accounts:authority_approve": "/authority/",
        "accounts:application_undo_judge": "/proposal-rules/",
        "accounts:proposal_rule_undo": "/proposal-rules/1/",
        "accounts:application_withdraw": "/applications/1/",
        "accounts:review_save": "/reviews/1/",
        "casework:approve": "/tiers/1/",
        "casework:dispute_conclude": "/disputes/1/",
        "casework:dispute_drop_correction": "/disputes/1/",
        "worklist-outcome": "/worklist/1/",
        "worklist-undo": "/worklist/",
        "queue-share-out": "/queues/",
        "team-members": "/teams/1/",
        "outreach:provider_retry": "/outbox/providers/",
        "outreach:reply_read": "/outbox/replies/",
        "recovery:letters_decide": "/letters/",
        "recovery:letter_send": "/letters/1/",
        "recovery:legal_case_move": "/legal/1/",
        "recovery:write_offs_approve": "/write-offs/",
        "recovery:write_off_rule_try": "/write-off-rules/1/",
        "recovery:recovery_sell": "/recoveries/at/A-roles/",
        "recovery:resale_judge": "/resale/",
    }
    doors_by_name = {door.name: door for door in DOORS}
    assert {name: client.get(path_of(doors_by_name[name]))["Location"] for name in led} == led


# Whose accounts ---------------------------------------------------------------------------------------------------

ACCOUNT_DOORS = [door for door in DOORS if OF_AN_ACCOUNT & set(door.pattern.pattern.converters)]


@at_once(*(role for role in Role if role is not Role.COMPLIANCE))
def test_an_account_out_of_sight_is_answered_at_every_door_like_one_that_does_not_exist(
    roles: tuple[Role, ...], book: CreditAccount
) -> None:
    client, person = client_of(*roles)
    PortfolioScope.objects.create(user=person, product_code="another")
    seen = []
    for door in ACCOUNT_DOORS:
        hidden = answers_of(client, door, path_of(door))
        unknown = answers_of(client, door, path_of(door, **NOBODYS))
        for method, led in hidden.items():
            answer = led_on(client, led)
            status = 404 if set(roles) & OPERATIONS[door.operation or ""].roles else 403
            # A body that cannot be read is refused before the account is looked for, whoever asks.
            if answer.status_code not in (status, 400) or led.status_code != unknown[method].status_code:
                seen.append((method, door.route, answer.status_code, unknown[method].status_code))
            if PRODUCT_CODE in answer.content.decode():
                seen.append((method, door.route, "names the product", 0))
    assert len(ACCOUNT_DOORS) >= 30
    assert seen == []


def test_who_is_in_conflict_gets_in_by_no_door_of_the_account_and_leaves_no_mark(book: CreditAccount) -> None:
    client, person = client_of(*Role)
    make_conflict(person, book.customer)
    lines = AuditEntry.objects.count()
    opened = []
    for door in ACCOUNT_DOORS:
        for method, led in answers_of(client, door, path_of(door)).items():
            answer = led_on(client, led)
            if answer.status_code != 400 and (answer.status_code != 403 or is_refused(answer)):
                opened.append((method, door.route, answer.status_code))
    assert opened == []
    assert AuditEntry.objects.count() == lines


def _answer(client: Client, door: Door) -> Any:
    return next(iter(answers_of(client, door, path_of(door)).values()))


def test_who_is_not_logged_in_is_led_to_the_log_in_or_refused(book: CreditAccount) -> None:
    client = Client()
    for door in DOORS:
        answer = _answer(client, door)
        if door.name in BEHIND_A_LINK:
            # What only takes POSTs leads to the page, where there is nothing without a link.
            assert led_on(client, answer).status_code in (404, 405), door
        elif door.name in OPEN_TO_ALL:
            # No provider is called as the walk calls it.
            assert answer.status_code == 404 if door.name == "outreach:hook" else answer.status_code in (200, 302, 400), door
        elif door.route.startswith("api/v1/"):
            assert answer.status_code in (401, 403), door
        else:
            assert answer.status_code == 302 and answer["Location"].startswith("/admin/login/"), door


def test_the_document_of_roles_says_what_the_table_says() -> None:
    text = (Path(settings.BASE_DIR) / "docs" / "roles.md").read_text()
    for name, operation in OPERATIONS.items():
        line = next((line for line in text.splitlines() if f"`{name}`" in line), "")
        assert line, f"docs/roles.md does not name {name}; run make docs"
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        assert sum(1 for cell in cells[2:] if cell) == len(operation.roles), f"docs/roles.md is stale at {name}; run make docs"
