"""A rule is measured on the present book, and stopped at the bound."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from factories import make_account

from accounts.facts import ACCOUNT_FACTS
from accounts.models import AccountState
from accounts.queries.rule_cost import RuleTooSlow, measure_rule, rule_time_bound
from riskops.shared.rule_language import parse_rule
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db
DAY = date(2025, 6, 16)


def test_a_rule_s_cost_is_accounts_and_seconds() -> None:
    for days in (0, 8, 40):
        account = make_account()
        AccountState.objects.create(account=account, product=account.product, opened_on=account.opened_on, days_past_due=days)
    cost = measure_rule(parse_rule("dpd > 7", ACCOUNT_FACTS), DAY, scope=WHOLE_BOOK)
    assert (cost.rows, cost.of_rows, cost.fits_none, cost.fits_all) == (2, 3, False, False)
    assert 0 < cost.seconds < 5
    assert measure_rule(parse_rule("dpd > 700", ACCOUNT_FACTS), DAY, scope=WHOLE_BOOK).fits_none
    assert measure_rule(parse_rule("dpd >= 0", ACCOUNT_FACTS), DAY, scope=WHOLE_BOOK).fits_all


def test_a_query_is_stopped_at_the_bound_and_the_next_one_is_not() -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(RuleTooSlow, match=r"more than 0\.2 seconds"), rule_time_bound(0.2), connection.cursor() as cursor:
        cursor.execute(endless)
    with connection.cursor() as cursor:
        cursor.execute("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT count(*) FROM n")
        assert cursor.fetchone() == (300_000,)
