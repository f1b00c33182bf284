"""Vintages are cut by how lines were granted: the segment reads what the account keeps of its application."""

from __future__ import annotations

import pytest
from factories import make_account

from dashboards.segments import segment
from riskops.shared.sql import fetch


@pytest.mark.django_db
def test_an_account_is_in_the_segment_of_the_rule_that_proposed_it_and_one_by_file_in_none() -> None:
    make_account(account_no="A1", granted_by="new-customer v2")
    make_account(account_no="A2", granted_by="analyst")
    make_account(account_no="A3")
    cut = segment("granted_by")
    rows = fetch(f"SELECT a.account_no, {cut.expression} FROM accounts_creditaccount AS a ORDER BY 1", cut.parameters)
    assert rows == [("A1", "new-customer v2"), ("A2", "analyst"), ("A3", "")]
