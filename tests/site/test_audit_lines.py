"""What an audit entry changed, as people read it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from django.utils.html import strip_tags
from factories import TESTER, make_user

from riskops.shared.audit import record
from riskops.shared.audit_words import action_label
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.templatetags.riskops import changes


def told(before: dict[str, Any] | None, after: dict[str, Any] | None, currency: str = "") -> str:
    return strip_tags(changes(AuditEntry(before=before, after=after), currency)).strip().replace("\u202f", "")


def test_what_fills_pages_is_folded_with_its_beginning_and_nothing_lost() -> None:
    short, long = "dpd > 7 " * 10, "dpd > 7 " * 100
    assert "<details>" not in changes(AuditEntry(before=None, after={"rule": short}), "")
    folded = str(changes(AuditEntry(before=None, after={"rule": long + "<b>"}), ""))
    beginning, whole = folded.split("</summary>")
    assert len(strip_tags(beginning)) < 200 and "dpd &gt; 7 dpd" in beginning
    assert long.replace(">", "&gt;") + "&lt;b&gt;" in whole


def test_a_limit_is_changed_by_more_than_imports() -> None:
    assert str(action_label("account.change_limit")) == "a credit limit changes"


@pytest.mark.parametrize(
    ("before", "after", "currency", "line"),
    [
        ({"status": "open", "n": 1}, {"status": "closed", "n": 1}, "", "status open → closed"),
        (None, {"limit_minor": 500_000}, "CNY", "limit ¥5,000.00"),
        (None, {"limit_minor": 500_000}, "", "limit_minor 500000"),
        ({"agreement": None}, {"agreement": "a-1"}, "", "agreement – → a-1"),
        (None, {"roles": ["approver", "legal"], "is_open": True, "none": []}, "", "roles approver, legal open yes none –"),
        (None, {"fates": {"stopped": 1, "used": 2}}, "", "fates stopped 1, used 2"),
        (
            *(None, {"money": [{"currency": "CNY", "limits_minor": 6_000_000}, {"currency": "JPY", "limits_minor": 30_000}]}, ""),
            "money currency CNY, limits ¥60,000.00, currency JPY, limits ¥30,000",
        ),
    ],
)
def test_values_are_told_as_words_and_money(before: Any, after: Any, currency: str, line: str) -> None:
    assert " ".join(told(before, after, currency).split()) == line


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("subject", "before", "after", "english", "chinese"),
    [
        (
            "dispute", {"status": "proposed"}, {"status": "closed", "root_cause": "identity", "amount_minor": 9_999_999_900},
            "status outcome waits for a second person → closed "
            "root cause somebody else used the customer's name amount ¥99,999,999.00",
            "状态 结果待第二人审批 → 已结案 根本原因 他人冒用客户名义 金额 ¥99,999,999.00",
        ),
        (
            "dispute", None, {"kind": "not_mine", "lane": "fraud", "claim_characters": 55, "received_on": "2025-03-15"},
            "kind Not mine: fraud claim lane fraud claim characters of the claim 55 received on 15 Mar 2025", "",
        ),
        ("dispute", None, {"what": "cancel_installment", "component": 4}, "what cancel an instalment component principal", ""),
        (
            "agency", {"status": "prepared"}, {"status": "in_use", "licence_no": "L-1", "placed_days": 180},
            "status waits for a second person → in use licence number L-1 days until an account is recalled 180", "",
        ),
        (
            "agency", {"status": "prepared"},
            {"month": "2025-03-01", "status": "issued", "lines": 3, "base_minor": 10_001, "total_minor": 2_500},
            "status waits for a second person → issued month Mar 2025 lines 3 paid ¥100.01 commission ¥25.00", "",
        ),
        ("agency", {"status": "prepared"}, {"status": "dropped"}, "status waits for a second person → dropped", ""),
        (
            "agency", {"status": "proposed"},
            {"terms": 2, "live_from": "2025-04-01", "bands": ["m0–m7 ≤30: 25.00 %"], "tail_days": 5, "status": "refused"},
            "status waits for a second person → sent back terms 2 live from 1 Apr 2025 "
            "bands m0–m7 ≤30: 25.00 % days after recall that still count 5", "",
        ),
        (
            "agency", {"file_state": "checked"}, {"file": 4, "file_state": "loaded", "rows": 2, "amount_minor": 100},
            "state of the file checked: waits for a second person → loaded file 4 rows 2 amount ¥1.00", "",
        ),
        (
            "agency", None, {"file": 5, "kind": "contacts", "rows": 1, "file_state": "refused"},
            "file 5 kind contacts (from the agency) rows 1 state of the file refused", "",
        ),
        (
            "account", None, {"recalled_on": "2025-04-01", "recall_reason": "other"},
            "recalled on 1 Apr 2025 reason of the recall another reason", "",
        ),
        (
            "plan", None,
            {"status": "proposed", "day": "2025-04-01", "instrument": "re_age", "terms_version": 2, "covers": "late",
             "first_due_date": "2025-05-01"},
            "status waits for approval day 1 Apr 2025 instrument re-age version of the terms 2 "
            "takes over what is late, with its penalty first due date 1 May 2025", "",
        ),
        ("plan", None, {"covers": "open", "days_missed": 16}, "takes over everything unpaid days missed 16", ""),
        ("plan", None, {"read": "offered.pdf"}, "read as offered, as a PDF", "阅读的内容 要约版，PDF 文件"),
        ("plan", None, {"read": "draft, on screen"}, "read as a draft, on screen", ""),
        ("plan", None, {"read": "paper"}, "read as signed on paper", "阅读的内容 纸质签署版"),
        ("plan", None, {"read": "draft"}, "read draft", "阅读的内容 draft"),
        ("account", None, {"may_use": False, "plan": "", "day": "2025-04-01"}, "may be used no plan day 1 Apr 2025", ""),
        ("legal case", {"stage": "suit"}, {"stage": "judgment", "on": "2025-04-01"}, "stage suit → judgment on 1 Apr 2025", ""),
    ],
)  # fmt: skip
def test_lines_about_a_subject_speak_in_the_words_of_its_columns(
    subject: str, before: Any, after: Any, english: str, chinese: str
) -> None:
    entry = AuditEntry(subject_type=subject, before=before, after=after)

    def said() -> str:
        return " ".join(strip_tags(changes(entry, "CNY")).replace("\u202f", "").replace("&#x27;", "'").split())

    assert said() == english
    with translation.override("zh-hans"):
        words = said()
        assert words == chinese if chinese else not re.search(r"[a-z]{2,}|\d{4}-\d", words.replace("L-1", ""))


@pytest.mark.parametrize("value", ["2025-13-45", "20250401", "(2025) 2025-04-01", "2025-04-01 2"])
def test_what_is_no_day_stays_as_it_is(value: str) -> None:
    assert told(None, {"docket_no": value}) == f"docket no {value}"


@pytest.mark.django_db
def test_the_kinds_of_disputes_are_asked_for_once_a_page(client: Client) -> None:
    client.force_login(make_user(Role.MANAGER))
    asked = []
    for number in (1, 10):
        for place in range(number):
            record(
                actor=TESTER, action="dispute.open", subject_type="dispute", subject_key=f"A/{number}/{place}",
                after={"kind": "not_mine" if place % 2 else "amount"},
            )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/audit/").content.decode()
        assert ("Not mine: fraud claim" in page) == (number > 1)
        asked.append(sum("casework_disputekind" in query["sql"] for query in queries))
    assert asked == [1, 1]
