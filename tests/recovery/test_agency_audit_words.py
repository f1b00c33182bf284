"""What the audit trail has of agencies, as the operations themselves wrote it, in the words of the reader."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from agency_books import DAY, NEXT, actor_of, close, make_agency, make_late, place, stand_at
from django.utils import timezone, translation
from django.utils.html import strip_tags

from recovery.operations.agencies.evaluating import decide_terms, end_person, evaluate_agency, propose_terms
from recovery.operations.agencies.files import receive_file, take_payments
from recovery.operations.agencies.preparing import stop_agency
from recovery.operations.agencies.recalling import recall_account
from recovery.operations.agencies.sending import placement_file
from recovery.operations.agencies.statements import drop_statement, issue_statement, prepare_statement
from recovery.rules.commission import Band
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.templatetags.riskops import changes

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 14, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
PAYMENTS = "account_no,paid_on,amount,reference"
#: What is nobody's word: codes of agencies and people, the currency, heads of columns of a file, buckets.
NAMES = re.compile(r"\b(north|user\d+|CNY|m\d|account_no|placed_on|days_past_due|currency|amount_due)\b")


def test_every_line_about_an_agency_reads_as_words_in_chinese() -> None:
    north, account, other = make_agency("north"), make_late(), make_late()
    stand_at(DAY, [account, other])
    place([account, other], north)
    today, number = timezone.localdate(), account.account_no
    writer, second = actor_of(Role.MANAGER), actor_of(Role.APPROVER)
    evaluate_agency(actor=writer, code="north", evaluated_on=today, result="passed", findings="looked at", today=today)
    for ahead, approves in ((1, True), (2, False)):
        terms = propose_terms(
            actor=writer, code="north", live_from=today + timedelta(days=ahead), bands=[Band(0, 7, None, 1_000)], tail_days=5,
            today=today,
        )  # fmt: skip
        decide_terms(actor=second, code="north", version=terms.version, approves=approves, reason="too dear")
    placement_file(actor=writer, code="north", now=NOW)
    day = NEXT + timedelta(days=1)
    for content in (f"{PAYMENTS}\n{number},2025-03-12,100.00,R-1", f"{PAYMENTS}\nnobody,2025-03-12,100.00,R-1"):
        close(day)
        day += timedelta(days=1)
        row = receive_file(
            actor=writer, code="north", kind="payments", name="in.csv", content=content.encode(), now=NOW, today=today
        )
        if row.status == "checked":
            take_payments(actor=second, file_id=row.pk, now=NOW)
    while day <= date(2025, 3, 31):
        close(day)
        day += timedelta(days=1)
    drop_statement(
        actor=second, statement_id=prepare_statement(actor=writer, code="north", month=date(2025, 3, 1)).pk, reason="again"
    )
    issue_statement(actor=second, statement_id=prepare_statement(actor=writer, code="north", month=date(2025, 3, 1)).pk)
    recall_account(actor=writer, account_no=number, reason="other", note="called in by mistake")
    end_person(actor=writer, code="north", username=north.people.get().user.get_username(), today=today)
    stop_agency(actor=writer, code="north", ends=False, recalls=True, reason="not passed")

    said = {}
    with translation.override("zh-hans"):
        for entry in AuditEntry.objects.filter(action__regex=r"^(agency|placement|commission)"):
            said[entry.pk] = words = strip_tags(changes(entry, "CNY")).replace("\u202f", "")
            if entry.subject_type == "placement_batch":
                # The rule and the shares are what was typed.
                continue
            raw = re.findall(r"[A-Za-z_]{2,}|\d{4}-\d\d\S*", NAMES.sub("", words))
            assert not raw, (entry.action, words)
        told = " ".join(said.values())
    for word in ("已签发", "已放弃", "已批准", "已退回", "已拒收", "其他原因", "2025年3月"):
        assert word in told, word
