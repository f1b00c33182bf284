"""What an audit entry changed, as people read it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.html import strip_tags

from riskops.shared.audit_words import action_label
from riskops.shared.models import AuditEntry
from riskops.shared.templatetags.riskops import changes


def told(before: dict[str, Any] | None, after: dict[str, Any] | None, currency: str = "") -> str:
    return strip_tags(changes(AuditEntry(before=before, after=after), currency)).strip().replace("\u202f", "")


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
