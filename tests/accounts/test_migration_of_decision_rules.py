"""Decision rules written before they were rules in versions keep their numbers, their dry runs and the days they held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from factories import make_account, make_user
from migrating import database_before, migrate, newest

from riskops.shared.roles import Role

BEFORE = ("accounts", "0041_sweep_candidates")
DAY = date(2025, 3, 10)
OLD_RUN = {
    "business_date": "2025-03-10",
    "accounts": 1,
    "of_accounts": 3,
    "products": [
        {
            "product_code": "std", "currency": "CNY", "accounts": 1, "of_accounts": 3,
            "limits_minor": 1_000, "principal_minor": 40,
        }
    ],
}  # fmt: skip


@pytest.fixture
def old(django_db_setup: None, django_db_blocker: Any, tmp_path: Path) -> Iterator[Any]:
    with django_db_blocker.unblock(), database_before(BEFORE, tmp_path) as models:
        yield models


def test_old_versions_are_kept_with_the_days_they_held(old: Any) -> None:
    author, approver = make_user(Role.TEAM_LEAD), make_user(Role.MANAGER)
    account = make_account()
    reason = old.get_model("accounts", "ReasonCode").objects.create(code="r", action="suspend_use", text_en="x", text_zh="x")
    versions = old.get_model("accounts", "DecisionRuleVersion").objects
    common = {"text": "dpd > 30", "action": "suspend_use", "scope": "all", "reason": reason}
    common |= {"author_id": author.pk, "author_name": "Lin"}
    lived = {"approved_by_id": approver.pk, "approved_by_name": "Wang", "dry_run": OLD_RUN}
    for code, number, status, live_from, retired_on in (
        ("late", 1, "retired", date(2025, 1, 1), date(2025, 2, 1)),
        ("late", 2, "retired", date(2025, 2, 1), date(2025, 3, 1)),
        ("late", 3, "retired", date(2025, 3, 5), None),
        ("late", 4, "live", date(2025, 3, 9), None),
        ("late", 5, "tried", None, None),
        ("late", 6, "draft", None, None),
    ):
        more = lived if live_from else {"dry_run": OLD_RUN if status == "tried" else None}
        versions.create(code=code, number=number, status=status, live_from=live_from, retired_on=retired_on, **common, **more)
    old.get_model("accounts", "Decision").objects.create(
        reference="D1", account_id=account.pk, action="suspend_use", status="undone", scope="all", owed_minor=0, weighed_minor=0,
        reason=reason, text_en="x", text_zh="x", proposed_by_name="rule", proposed_on=date(2025, 3, 7), buffer_days=0,
        decided_on=date(2025, 3, 7), effective_on=date(2025, 3, 7), ended_on=date(2025, 3, 8), engine_version="1", source="rule",
        rule_version=versions.get(number=3),
    )  # fmt: skip
    proposals = old.get_model("accounts", "ProposalRule").objects
    proposal = proposals.order_by("pk").first()
    if proposal is None:
        proposal = proposals.create(code="any", number=1, order=1, rule="declared_income > 0", outcome="refer")
    tried = {"figures": {"applications": 4, "holds": 1, "before": {"grant": 4}, "after": {"grant": 3, "refer": 1}}}
    tried |= {"granted_minor": {"CNY": [400, 300]}, "movers": [{"application_no": "A"}], "as_of": "2025-03-11"}
    proposals.filter(pk=proposal.pk).update(dry_run=tried)

    new = migrate(newest("accounts"))
    rows = new.get_model("accounts", "DecisionRuleVersion").objects.order_by("number")
    kept = [(row.number, row.status, row.live_from, row.live_until) for row in rows]
    assert kept == [
        (1, "live", date(2025, 1, 1), date(2025, 2, 1)),
        # By hand on the first of March, on which it had decided.
        (2, "live", date(2025, 2, 1), date(2025, 3, 2)),
        # By undoing: it decided last on the seventh.
        (3, "live", date(2025, 3, 5), date(2025, 3, 8)),
        (4, "live", date(2025, 3, 9), None),
        (5, "discarded", None, None),
        (6, "draft", None, None),
    ]
    assert {(row.rule, row.drafted_by_id, row.drafted_by_name, row.name_en) for row in rows} == {
        ("dpd > 30", author.pk, "Lin", "late")
    }
    assert rows[0].approved_by_id == approver.pk
    assert rows[4].dry_run == {
        "parts": [
            {
                "product_code": "std", "currency": "CNY", "of": 3, "holds": 1, "limits_minor": 1_000, "principal_minor": 40,
            }
        ],
        "as_of": "2025-03-11",
        "figures": {"holds": 1, "of": 3},
    }  # fmt: skip
    assert new.get_model("accounts", "Decision").objects.get().rule_version_id == rows[2].pk
    found = new.get_model("accounts", "ProposalRule").objects.get(pk=proposal.pk).dry_run
    part = found["parts"][0]
    assert (part["product_code"], part["holds"], part["of"], part["granted_after_minor"]) == ("", 1, 4, 300)
    assert found["movers"] == [{"application_no": "A", "product_code": ""}]
