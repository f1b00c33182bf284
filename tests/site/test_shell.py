"""The shell: health, the frame around every page, navigation, languages, themes, and what stands when something is missing."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.test.utils import CaptureQueriesContext
from factories import make_account, make_installment, make_product, make_user, set_business_date
from rest_framework.authtoken.models import Token

from riskops.shared.models import AuditEntry, CloseRun, CloseShard
from riskops.shared.roles import Role, may, roles_of
from riskops.site.keys import keys_written

pytestmark = pytest.mark.django_db
DAY = date(2025, 3, 31)


def client_of(*roles: Role) -> Client:
    """Return a client logged in as a new person with the roles."""
    client = Client()
    client.force_login(make_user(*roles))
    return client


def page(client: Client, path: str, **headers: Any) -> str:
    """Return a page's text, which must have been served."""
    answer = client.get(path, **headers)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()


def test_healthz_says_that_the_process_lives_without_asking_the_database(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_readyz_says_that_the_database_answers_and_is_migrated() -> None:
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["database"], answer.json()["migrations_missing"]) == (200, "ok", [])


def test_readyz_names_a_migration_that_is_missing() -> None:
    from django.db.migrations.recorder import MigrationRecorder

    last = MigrationRecorder.Migration.objects.filter(app="accounts").order_by("name").last()
    assert last is not None
    last.delete()
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations_missing"] == [f"accounts.{last.name}"]


def test_our_pages_hold_no_inline_script_and_the_policy_forbids_it() -> None:
    account = make_account(account_no="A-1")
    make_installment(account, due_date=DAY - timedelta(days=40))
    set_business_date(DAY)
    client = client_of(Role.TEAM_LEAD)
    for path in ("/accounts/", "/accounts/A-1/", "/accounts/A-1/pay/", "/patterns/", "/api/", "/audit/"):
        answer = client.get(path)
        assert "script-src 'self'" in answer["Content-Security-Policy"], path
        assert "unsafe-eval" not in answer["Content-Security-Policy"], path
        text = answer.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>", text) == [], path
        assert re.findall(r"\son[a-z]+=", text) == [], path


def test_everything_a_page_loads_comes_from_our_own_origin() -> None:
    for path in ("/patterns/", "/admin/auth/user/"):
        text = page(client_of(Role.ADMINISTRATOR), path)
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text)
        assert loaded and [address for address in loaded if not address.startswith(("/static/", "/admin/"))] == []


def test_each_static_file_of_the_shell_is_served() -> None:
    client = client_of(Role.ADMINISTRATOR)
    text = page(client, "/patterns/") + page(client, "/admin/auth/user/")
    for address in set(re.findall(r'"(/static/[^"]+)"', text)) | {"/static/plotly/plotly.min.js"}:
        assert client.get(address).status_code == 200, address


def test_the_navigation_leads_only_where_the_person_may_go() -> None:
    for role in Role:
        client = client_of(role)
        text = client.get("/patterns/").content.decode()
        navigation = text.split('id="navigation"')[1].split("</nav>")[0]
        for address in re.findall(r'href="([^"]+)"', navigation):
            assert client.get(address, follow=True).status_code == 200, (role, address)


def test_the_bare_shell_asks_five_queries() -> None:
    from django.db import connection

    client = client_of(Role.ANALYST)
    client.get("/patterns/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/patterns/")
    # The session, the person, the roles, the book, the close.
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (CloseRun.Status.RUNNING, "04-01 running, 50 %"),
        (CloseRun.Status.FAILED, "04-01 failed at step aging"),
        (CloseRun.Status.WAITING, "04-01 waits for payments"),
    ],
)
def test_the_top_bar_says_how_the_close_stands(status: str, words: str) -> None:
    set_business_date(DAY)
    run = CloseRun.objects.create(
        business_date=DAY + timedelta(days=1),
        through=DAY + timedelta(days=1),
        status=status,
        started_by="test",
        waiting_for=["payments"],
    )
    common = {"run": run, "number": 1, "first_account_id": 1, "last_account_id": 9}
    CloseShard.objects.create(step="post", step_order=1, status=CloseShard.Status.DONE, **common)
    second = CloseShard.Status.FAILED if status == CloseRun.Status.FAILED else CloseShard.Status.PENDING
    CloseShard.objects.create(step="age", step_order=2, status=second, **common)
    text = page(client_of(Role.ANALYST), "/patterns/").split('id="content"')[0]
    assert words in text
    assert "31 Mar 2025" in text


def test_the_top_bar_says_that_the_last_close_is_complete() -> None:
    set_business_date(DAY)
    CloseRun.objects.create(
        business_date=DAY,
        through=DAY,
        status="complete",
        is_open=False,
        started_by="test",
        finished_at=datetime(2025, 4, 1, tzinfo=UTC),
    )
    text = page(client_of(Role.ANALYST), "/patterns/").split('id="content"')[0]
    assert 'data-tone="ok"' in text


def test_a_book_that_is_not_the_real_one_says_so_on_every_page() -> None:
    state = set_business_date(DAY)
    state.book, state.note, state.nightly_paused = "simulated", "nobody in it exists", True
    state.save()
    client = client_of(Role.ADMINISTRATOR)
    for path in ("/accounts/", "/audit/", "/patterns/", "/admin/auth/user/"):
        text = page(client, path)
        assert "simulated book" in text and "nobody in it exists" in text, path
    state.note = ""
    state.save()
    assert "nightly close paused" in page(client, "/accounts/")
    # Resumed, it is still no real book, and is not paused any more.
    state.note, state.nightly_paused = "nobody in it exists, and no night closes it", False
    state.save()
    resumed = page(client, "/accounts/")
    assert "simulated book" in resumed and "no night closes it" not in resumed and "nightly close paused" not in resumed


def test_a_person_switches_language_and_dates_follow() -> None:
    set_business_date(DAY)
    client = client_of(Role.ANALYST)
    assert "31 Mar 2025" in page(client, "/accounts/")
    client.post("/language/", {"language": "zh-hans", "next": "/accounts/"})
    text = page(client, "/accounts/")
    assert "2025年3月31日" in text and "账户" in text and 'lang="zh-hans"' in text


def test_the_theme_that_was_chosen_is_in_the_first_byte_of_the_page() -> None:
    client = client_of(Role.ANALYST)
    assert 'class="dark"' not in page(client, "/patterns/")[:400]
    client.cookies["riskops_theme"] = "dark"
    assert 'class="dark"' in page(client, "/patterns/")[:400]
    client.cookies["riskops_theme"] = '"><script>'
    assert 'data-theme="auto"' in page(client, "/patterns/")[:400]


def test_what_is_not_allowed_is_named_with_the_roles_one_has() -> None:
    answer = client_of(Role.ANALYST).get("/audit/")
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "see the audit trail" in text and "analyst" in text


def test_an_unknown_address_says_which_one() -> None:
    answer = client_of(Role.ANALYST).get("/nowhere/")
    assert answer.status_code == 404 and "There is no page at /nowhere/" in answer.content.decode()


@pytest.mark.parametrize(
    ("language", "words"), [("en", "load the page anew"), ("zh-hans", "重新加载页面")], ids=["english", "chinese"]
)
def test_a_form_left_open_over_a_log_in_says_what_to_do(language: str, words: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user(Role.ADMINISTRATOR))
    client.cookies["django_language"] = language
    answer = client.post("/jobs/nightly/", {"paused": "yes", "reason": "holiday"})
    assert answer.status_code == 403 and words in answer.content.decode()
    assert not AuditEntry.objects.exists()
    stranger = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "x", "password": "y"})
    assert stranger.status_code == 403


def test_a_stranger_at_an_unknown_address_learns_nothing_of_the_book() -> None:
    state = set_business_date(DAY)
    state.book, state.note = "simulated", "nobody in it exists"
    state.save()
    answer = Client().get("/nowhere/")
    text = answer.content.decode()
    assert answer.status_code == 404 and "There is no page at /nowhere/" in text
    assert "2025" not in text and "nobody in it" not in text and "simulated" not in text


def test_a_nul_in_an_address_or_a_search_finds_nothing_and_breaks_nothing() -> None:
    client = client_of(*Role)
    for path in ("/accounts/?q=%00", "/audit/?subject=x%00", "/jobs/arrivals/?feed=%00", "/api/v1/audit/?actor=%00"):
        assert client.get(path).status_code == 400, path
    for path in ("/accounts/~00/", "/accounts/A~001/pay/", "/api/v1/accounts/~00/", "/api/v1/payments/~00/"):
        assert client.get(path).status_code == 404, path
    assert client.post("/accounts/", {"q": "A\0"}, follow=True).status_code == 200


def test_an_unknown_api_address_answers_json() -> None:
    answer = client_of(Role.ANALYST).get("/api/v1/nowhere/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "nothing here: /api/v1/nowhere/"})


def test_a_page_that_fails_gives_the_number_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    from riskops.site.views import patterns

    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(patterns, "render", fail)
    client = client_of(Role.ANALYST)
    client.raise_request_exception = False
    answer = client.get("/patterns/")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()
    client.cookies["django_language"] = "zh-hans"
    in_chinese = client.get("/patterns/").content.decode()
    assert '<html lang="zh-hans">' in in_chinese and "回到首页" in in_chinese


def test_a_page_whose_session_has_ended_is_loaded_anew_instead_of_holding_the_log_in() -> None:
    answer = Client().get("/jobs/", headers={"HX-Request": "true"})
    assert (answer.headers.get("HX-Refresh"), answer.content) == ("true", b"")
    assert Client().get("/jobs/")["Location"] == "/admin/login/?next=/jobs/"


def test_logging_in_leads_to_the_page_of_the_role() -> None:
    make_user(Role.ANALYST, username="lin")
    client = Client()
    answer = client.post("/admin/login/", {"username": "lin", "password": "password"}, follow=True)
    assert [step[0] for step in answer.redirect_chain] == ["/", "/worklist/"]


def test_passwords_cannot_be_tried_out_without_end() -> None:
    from django.core.cache import cache

    from riskops.site.log_in import MOST_FAILURES

    cache.clear()
    make_user(Role.ANALYST, username="lin")
    make_user(Role.ANALYST, username="mei")

    def log_in(name: str, password: str) -> Any:
        return Client().post("/admin/login/", {"username": name, "password": password})

    for _ in range(MOST_FAILURES):
        assert "Too many" not in log_in("lin", "wrong").content.decode()
    refused = log_in("LIN", "password")
    assert refused.status_code == 200 and "wait 15 minutes" in refused.content.decode()
    assert log_in("lin", "password").status_code == 200
    assert log_in("mei", "password").status_code == 302
    cache.clear()
    assert log_in("lin", "password").status_code == 302


def test_a_new_password_ends_the_api_token_whoever_sets_it() -> None:
    person, other = make_user(Role.ANALYST, username="lin"), make_user(Role.ANALYST, username="mei")
    for user in (person, other):
        Token.objects.create(user=user)
    values = {"password1": "a-long-way-to-go-7", "password2": "a-long-way-to-go-7", "usable_password": "true"}
    form = f"/admin/auth/user/{person.pk}/password/"
    administrator = client_of(Role.ADMINISTRATOR)
    assert "ends the API token" in page(administrator, form)

    assert administrator.post(form, {**values, "password2": "another"}).status_code == 200
    assert Token.objects.filter(user=person).exists()
    assert administrator.post(form, values).status_code == 302

    assert list(Token.objects.values_list("user__username", flat=True)) == ["mei"]


def test_a_right_password_forgives_the_wrong_ones_before_it() -> None:
    from django.core.cache import cache

    from riskops.site.log_in import MOST_FAILURES

    cache.clear()
    make_user(Role.ANALYST, username="lin")
    for _ in range(3):
        for _failure in range(MOST_FAILURES - 1):
            Client().post("/admin/login/", {"username": "lin", "password": "wrong"})
        assert Client().post("/admin/login/", {"username": "lin", "password": "password"}).status_code == 302


def test_managers_start_at_the_portfolio() -> None:
    answer = client_of(Role.MANAGER).get("/", follow=True)
    assert answer.redirect_chain == [("/dashboards/portfolio/", 302)]


def test_somebody_who_may_open_nothing_is_told_so() -> None:
    answer = client_of().get("/")
    assert answer.status_code == 200 and "Your roles open no page" in answer.content.decode()


def test_demo_people_can_log_in_and_hold_one_role_each() -> None:
    told = StringIO()
    call_command("make_demo_users", stdout=told)
    assert "lead-demo" in told.getvalue()
    client = Client()
    assert client.login(username="lead", password="lead-demo")
    from django.contrib.auth.models import User

    assert roles_of(User.objects.get(username="lead")) == {Role.TEAM_LEAD}
    # One of each role, and a second of compliance: a contact policy takes two of them.
    assert User.objects.filter(groups__name=Role.COMPLIANCE.value).count() == 2
    assert User.objects.count() == len(Role) + 1
    assert AuditEntry.objects.filter(action="people.manage").count() == len(Role) + 1


def test_demo_people_are_made_once_and_keep_a_changed_password() -> None:
    from django.contrib.auth.models import User

    call_command("make_demo_users", stdout=StringIO())
    user = User.objects.get(username="lead")
    user.set_password("something else entirely")
    user.save()
    call_command("make_demo_users", stdout=StringIO())
    assert User.objects.count() == len(Role) + 1
    assert Client().login(username="lead", password="something else entirely")


def test_demo_people_are_refused_in_production(settings: Any) -> None:
    from django.contrib.auth.models import User

    settings.ENVIRONMENT_NAME = "production"
    with pytest.raises(CommandError, match="known passwords"):
        call_command("make_demo_users")
    assert User.objects.count() == 0


def test_the_lists_of_records_are_in_chinese_too() -> None:
    make_product(product_code="CARD")
    client = client_of(Role.TEAM_LEAD)
    client.cookies["django_language"] = "zh-hans"
    text = page(client, "/admin/accounts/product/")
    assert "产品名称" in text and "产品代码或名称" in text
    assert "产品s" not in text and "Type to search" not in text
    admin = client_of(Role.ADMINISTRATOR)
    admin.cookies["django_language"] = "zh-hans"
    assert "用户名、姓、名或邮箱" in page(admin, "/admin/auth/user/")
    assert "文件名称" in page(admin, "/admin/shared/feed/add/")


def test_the_audit_page_pages_and_filters() -> None:
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(actor_name=f"p{n % 2}", action="payment.post", subject_type="payment", subject_key=f"T{n}")
            for n in range(60)
        ]
    )
    client = client_of(Role.COMPLIANCE)
    first = page(client, "/audit/")
    assert "T59" in first and "T10<" in first and "T9<" not in first
    older = re.search(r'href="(\?before=\d+)"', first)
    assert older
    second = page(client, f"/audit/{older.group(1)}")
    assert "T9<" in second and "T10<" not in second
    assert "T58" in page(client, "/audit/?actor=p0") and "T59" not in page(client, "/audit/?actor=p0")
    assert page(client, "/audit/?subject=T7").count("data-row>") == 1


def test_the_lines_of_closes_and_imports_have_words_too_and_can_be_filtered() -> None:
    after = {"rows": 12, "accounts": [0, 2**63 - 1], "provisional": False, "waiting_for": []}
    AuditEntry.objects.create(
        actor_name="close-of-business", action="close.age", subject_type="close", subject_key="D", after=after
    )
    AuditEntry.objects.create(actor_name="mei", action="installment.change", subject_type="instalment", subject_key="I")
    shown = page(client_of(Role.COMPLIANCE), "/audit/?action=close.age")
    assert '<option value="close.age" selected>a close ages accounts</option>' in shown and shown.count("data-row>") == 1
    assert (
        "0, …" in shown
        and "9223372036854775807" not in shown
        and "False" not in shown
        and "[" not in shown.split("<tbody>")[1].split("</tbody>")[0]
    )


def test_the_trail_is_read_over_the_api_by_those_who_may_see_its_page() -> None:
    AuditEntry.objects.bulk_create(
        [
            AuditEntry(actor_name=f"p{n % 2}", action="payment.post", subject_type="payment", subject_key=f"T{n}", run_id=n)
            for n in range(60)
        ]
    )
    client = client_of(Role.COMPLIANCE)
    first = client.get("/api/v1/audit/").json()
    second = client.get(f"/api/v1/audit/?before={first['next']}").json()
    lines = first["results"] + second["results"]
    assert [line["subject_key"] for line in lines] == [f"T{n}" for n in reversed(range(60))]
    assert second["next"] is None
    assert {line["actor"] for line in client.get("/api/v1/audit/?actor=p1").json()["results"]} == {"p1"}
    assert [line["run_id"] for line in client.get("/api/v1/audit/?run=7").json()["results"]] == [7]
    assert client.get("/api/v1/audit/?before=soon").json() == {"before": "soon is no whole number"}
    assert client_of(Role.ANALYST).get("/api/v1/audit/").status_code == 403


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE shared_auditentry SET actor_name = 'nobody'",
        "DELETE FROM shared_auditentry",
        "INSERT OR REPLACE INTO shared_auditentry SELECT * FROM shared_auditentry",
        "INSERT INTO shared_auditentry SELECT * FROM shared_auditentry WHERE true ON CONFLICT (id) DO UPDATE SET reason = 'x'",
        "TRUNCATE shared_auditentry",
    ],
)
def test_the_database_refuses_to_touch_a_line_of_the_trail(statement: str) -> None:
    from django.db import DatabaseError, connection, transaction

    if statement.startswith("TRUNCATE" if connection.vendor == "sqlite" else "INSERT OR REPLACE"):
        pytest.skip(f"{connection.vendor} has no such statement")
    entry = AuditEntry.objects.create(actor_name="lin", action="payment.post", subject_type="payment", subject_key="T1")
    # Nothing else may refuse first: PostgreSQL truncates no table with checks still to be done.
    connection.check_constraints()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert list(AuditEntry.objects.values_list("pk", "actor_name")) == [(entry.pk, "lin")]


def test_an_administrator_gives_a_role_and_it_is_written_down() -> None:
    from django.contrib.auth.models import Group

    from riskops.site.people.demo import seed_roles

    seed_roles()
    person = make_user(Role.ANALYST, username="lin")
    client = client_of(Role.ADMINISTRATOR)
    legal = Group.objects.get(name="legal")
    answer = client.post(
        f"/admin/auth/user/{person.pk}/change/", {"username": "lin", "is_active": "on", "groups": [legal.pk], "first_name": ""}
    )
    assert answer.status_code == 302, answer.content.decode()[:500]
    person = type(person).objects.get(pk=person.pk)
    assert roles_of(person) == {Role.LEGAL} and not may(person, "payment.post")
    entry = AuditEntry.objects.get(action="people.manage")
    assert entry.before == {"roles": ["analyst"], "is_active": True}
    assert entry.after == {"roles": ["legal"], "is_active": True}


def test_people_and_their_roles_are_shown_in_the_readers_language() -> None:
    from riskops.site.people.demo import seed_roles

    seed_roles()
    person = make_user(Role.TEAM_LEAD, username="mei")
    make_user(Role.LEGAL, username="rosa")
    client = client_of(Role.ADMINISTRATOR)
    client.cookies["django_language"] = "zh-hans"
    for path in ("/admin/auth/user/", f"/admin/auth/user/{person.pk}/change/", "/admin/auth/user/add/"):
        text = re.sub(r"<[^>]+>", "|", page(client, path))
        assert "组长" in text and "team lead" not in text and "agency user" not in text, path
    found = page(client, "/admin/auth/user/?role=legal").split("<tbody")[1:]
    assert "rosa" in "".join(found) and "mei" not in "".join(found)


def test_who_was_locked_out_or_renamed_is_written_down_without_what_was_typed() -> None:
    person = make_user(Role.ANALYST, username="lin")
    client = client_of(Role.ADMINISTRATOR)
    form = {"username": "mei", "email": "mei@example.com", "groups": [person.groups.get().pk]}
    assert client.post(f"/admin/auth/user/{person.pk}/change/", form).status_code == 302
    entry = AuditEntry.objects.get(action="people.manage")
    assert entry.before == {"roles": ["analyst"], "is_active": True}
    assert entry.after == {"roles": ["analyst"], "is_active": False, "fields": ["email", "username"]}


def test_a_password_set_by_an_administrator_is_written_down() -> None:
    person = make_user(Role.APPROVER, username="otto")
    client = client_of(Role.ADMINISTRATOR)
    address = f"/admin/auth/user/{person.pk}/password/"
    assert client.post(address, {"password1": "one", "password2": "other", "usable_password": "true"}).status_code == 200
    assert not AuditEntry.objects.exists()
    form = {"password1": "a long new one", "password2": "a long new one", "usable_password": "true"}
    assert client.post(address, form).status_code == 302
    assert Client().login(username="otto", password="a long new one")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.subject_key, entry.after) == ("people.manage", "otto", {"fields": ["password"]})
    assert client_of(Role.TEAM_LEAD).post(address, form).status_code == 403
    assert AuditEntry.objects.count() == 1


def test_products_can_be_looked_at_in_the_admin_but_not_changed() -> None:
    product = make_product(product_code="P-x", name="before")
    client = client_of(Role.ADMINISTRATOR)
    address = f"/admin/accounts/product/{product.pk}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, {"product_code": "P-x", "name": "after"}).status_code == 403
    product.refresh_from_db()
    assert product.name == "before"


def test_the_keys_shown_are_those_that_the_person_may_use() -> None:
    def shown(role: Role) -> str:
        return str(keys_written(make_user(role)))

    assert "boost it, for team leads and managers" in shown(Role.TEAM_LEAD)
    analyst, compliance = shown(Role.ANALYST), shown(Role.COMPLIANCE)
    assert "record the outcome" in analyst and "boost it" not in analyst
    # Compliance reads the worklist and does nothing there.
    assert "open the account beside the list" in compliance
    assert "record the outcome" not in compliance and "propose a decision" not in compliance
