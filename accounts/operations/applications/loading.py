"""Staged rows of applications.csv taken in, each by the operation that every other door calls too."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

from accounts.operations.applications.proposing import propose_applications
from accounts.operations.applications.receiving import Applied, Bureau, Consent, open_day, receive_application
from accounts.portfolio_files.applying import Trail, Written
from accounts.portfolio_files.formats import APPLICATIONS, CONSENTS
from accounts.portfolio_files.staging import columns_of
from riskops.shared.personal import decrypt
from riskops.shared.sql import fetch

_COLUMNS: Final = columns_of(APPLICATIONS.stage)


def load_applications(trail: Trail) -> Written:
    """Take in the staged applications that are new, and let the rules propose for all of them at once.

    An application never changes by file: rows that the book holds are the same, or were refused before.
    """
    named = ", ".join(f"s.{column}" for column in _COLUMNS)
    rows = fetch(
        f"SELECT {named}, t.divisor FROM {APPLICATIONS.stage} AS s JOIN stage_terms AS t ON t.product_code = s.product_code "
        "WHERE NOT EXISTS (SELECT 1 FROM accounts_application AS b WHERE b.application_no = s.application_no) ORDER BY s.line"
    )
    ids = []
    for *values, divisor in rows:
        row = dict(zip(_COLUMNS, values, strict=True))
        application = receive_application(
            actor=trail.actor, applied=_applied(row, divisor), file_hash=row["content_hash"], reason=trail.reason
        )
        ids.append(application.pk)
    if ids:
        propose_applications(ids, actor=trail.actor, today=open_day())
    return Written(added=len(ids), changed=0)


def _applied(row: dict[str, Any], divisor: int) -> Applied:
    """Return a staged row as the operation takes it; amounts come packed (accounts/portfolio_files/cells.py)."""
    return Applied(
        application_no=row["application_no"],
        product_code=row["product_code"],
        requested_limit_minor=row["requested_limit"] // 10 // divisor,
        declared_income_minor=row["declared_income"] // 10 // divisor,
        person=decrypt(row["person"]),
        customer_no=row["customer_no"],
        language=row["language"],
        employment=row["employment"],
        purpose=row["purpose"],
        channel=row["channel"],
        repayment=row["repayment"],
        term_months=row["term_months"],
        agreement=row["agreement"],
        disclosure=row["disclosure"],
        accepted_on=_day(row["accepted_on"]),
        refuses_automated=bool(row["refuses_automated"]),
        consents=_consents(row),
        bureau=_bureau(row, divisor),
        attributes=json.loads(row["attributes"]) if row["attributes"] else {},
    )


def _consents(row: dict[str, Any]) -> list[Consent]:
    if not row["consent_source"] or not row["consented_at"]:
        return []
    given_at = datetime.fromisoformat(row["consented_at"])
    return [Consent(name.removeprefix("consent_"), bool(row[name]), row["consent_source"], given_at) for name in CONSENTS]


def _bureau(row: dict[str, Any], divisor: int) -> list[Bureau]:
    reported_on = _day(row["bureau_on"])
    if not row["bureau_source"] or reported_on is None:
        return []
    debt = row["bureau_debt"]
    return [
        Bureau(
            source=row["bureau_source"],
            reported_on=reported_on,
            score=row["bureau_score"],
            debt_minor=None if debt is None else debt // 10 // divisor,
            overdue_days=row["bureau_overdue_days"],
            queries_6m=row["bureau_queries_6m"],
        )
    ]


def _day(value: Any) -> date | None:
    """Return a day of staging: SQLite gives it back as text."""
    return date.fromisoformat(value) if isinstance(value, str) else value
