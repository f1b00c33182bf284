"""The counters of relief: from random rows as plain Python counts them, on the page, as CSV and by the API."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import factories
import plotly.graph_objects as go
import pytest
from books import close_through, put_snapshot, standing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CreditAccount, ScheduleChange
from accounts.rules.terms import Component
from casework.models import Case, Plan, PlanEvent, Promise, ReliefTerms
from dashboards.answers import answer
from dashboards.metrics.relief import COUNTERS
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db
APRIL, MAY, JUNE = date(2025, 4, 30), date(2025, 5, 31), date(2025, 6, 30)
MONTH_ENDS = [APRIL, MAY, JUNE]
#: The last closed day, in the middle of a month.
TODAY = date(2025, 7, 11)


@dataclass
class Row:
    """An instrument as the test made it: what it was, and the days of what became of it."""

    instrument: str
    product: str
    currency: str
    amount: int
    opened: date
    ends: dict[str, date]


class Rows:
    """A book of random promises, plans and waivers in two currencies."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.rows: list[Row] = []
        self.products = {
            "card": factories.make_product(product_code="card"),
            "loan": factories.make_product(product_code="loan"),
            "yen": factories.make_product(product_code="yen", currency="JPY", minor_digits=0),
        }
        for _ in range(40):
            self.add(self.dice.choice(sorted(COUNTERS)))
        for product in self.products.values():
            account = factories.make_account(product=product)
            for day in MONTH_ENDS:
                put_snapshot(account, day, standing(0, 100))
        close_through(TODAY)

    def day(self, first: date, last: date) -> date:
        return first + timedelta(days=self.dice.randint(0, max(0, (last - first).days)))

    def add(self, instrument: str) -> None:
        code = self.dice.choice(sorted(self.products))
        account = factories.make_account(product=self.products[code])
        # Some on the edges of a month, some after the last closed day.
        edges = [date(2025, 5, 1), MAY, date(2025, 6, 1), JUNE, TODAY, TODAY + timedelta(days=1)]
        opened = self.dice.choice(edges) if self.dice.random() < 0.4 else self.day(date(2025, 3, 1), TODAY)
        amount = self.dice.randint(1, 90_000)
        row = Row(instrument, code, self.products[code].currency, amount, opened, {})
        getattr(self, f"_{instrument if instrument in ('promise', 'waiver') else 'plan'}")(row, account)
        self.rows.append(row)

    def _promise(self, row: Row, account: CreditAccount) -> None:
        status = self.dice.choice(["open", "kept", "partly", "broken", "cancelled"])
        decided = None if status == "open" else self.day(row.opened, TODAY + timedelta(days=3))
        if decided is not None:
            row.ends[status] = decided
        own = {"account": account, "customer_id": account.customer_id, "product_id": account.product_id}
        case = Case.objects.create(**own, episode=1, since=row.opened, opened_on=row.opened, stage="work", stage_since=row.opened)
        Promise.objects.create(
            **own, case=case, made_on=row.opened, recorded_at=timezone.now(), made_by_name="x", total_minor=row.amount,
            part_count=1, partly_from_bp=5_000, ends_on=row.opened, watched_until=row.opened, status=status, decided_on=decided,
        )  # fmt: skip

    def _waiver(self, row: Row, account: CreditAccount) -> None:
        owed = factories.make_installment(account, due_date=date(2025, 2, 1), principal=row.amount)
        factories.make_waiver(owed, component=Component.PRINCIPAL, amount=row.amount, value_date=row.opened)

    def _plan(self, row: Row, account: CreditAccount) -> None:
        status = self.dice.choice(["offered", "withdrawn", "active", "paid", "cured", "broken"])
        is_signed = status not in ("offered", "withdrawn")
        change = None
        if is_signed:
            change = ScheduleChange.objects.create(
                reference=f"S{account.pk}", account=account, kind=row.instrument, value_date=row.opened, reason="r"
            )
        ended = self.day(row.opened, TODAY + timedelta(days=3)) if status in ("cured", "broken", "withdrawn") else None
        plan = Plan.objects.create(
            reference=f"PLAN-{account.pk}", account=account, customer=account.customer, parts=[], schedule=[],
            owed_minor=row.amount, terms=ReliefTerms.objects.get(instrument=row.instrument, version=1), reason="r",
            proposed_on=row.opened,
            proposed_by_name="x", status=status, signed_on=row.opened if is_signed else None, change=change, ended_on=ended,
        )  # fmt: skip
        if not is_signed:
            row.opened = date(9999, 1, 1)
            return
        # Paid, undone, and paid again: the last one counts. A broken one that was paid before counts as broken alone.
        if status in ("paid", "cured") or self.dice.random() < 0.3:
            days = sorted(self.day(row.opened, ended or TODAY + timedelta(days=3)) for _ in range(2))
            for day in days:
                PlanEvent.objects.create(plan=plan, kind="paid", day=day, actor_name="x")
            if status in ("paid", "cured"):
                row.ends["paid"] = days[-1]
        if status in ("cured", "broken"):
            assert ended is not None
            row.ends[status] = ended

    def counted(self, day: date, **only: str) -> dict[tuple[str, str], tuple[int, int]]:
        """Return by instrument and counter the number and the amount, as the definitions say."""
        numbers: Counter[tuple[str, str]] = Counter()
        amounts: Counter[tuple[str, str]] = Counter()
        for row in self.rows:
            if any(getattr(row, name) != value for name, value in only.items()) or row.opened > day:
                continue
            met = {name for name, on in row.ends.items() if on <= day}
            here = {name for name in met if (row.ends[name].year, row.ends[name].month) == (day.year, day.month)}
            if (row.opened.year, row.opened.month) == (day.year, day.month):
                here.add("opened")
            if row.instrument != "waiver" and not met - {"cured"}:
                here.add("open")
            for name in here - {"cancelled"}:
                numbers[row.instrument, name] += 1
                amounts[row.instrument, name] += row.amount
        return {key: (numbers[key], amounts[key]) for key in numbers}


@pytest.fixture
def manager(client: Client) -> Client:
    cache.clear()
    client.force_login(factories.make_user(Role.MANAGER))
    return client


@pytest.mark.parametrize("seed", range(6))
def test_every_counter_is_what_plain_python_counts(seed: int) -> None:
    made = Rows(seed)
    for only in ({"currency": "CNY"}, {"currency": "JPY"}, {"product": "loan"}):
        for place, measure in enumerate(("count", "amount")):
            expected: dict[Any, Any] = {}
            for day in MONTH_ENDS:
                here = {key: both[place] for key, both in made.counted(day, **only).items()}
                for (instrument, counter), number in here.items():
                    together = sum(other for (_of, name), other in here.items() if name == counter)
                    expected[day, instrument, counter] = (number, together)
            found = answer("relief", first=APRIL, last=JUNE, measure=measure, options=only)
            assert {(c.as_of, c.key_1, c.key_2): (c.numerator, c.denominator) for c in found.cells} == expected
            kept = answer("promise_kept", first=APRIL, last=JUNE, measure=measure, options=only)
            shares = {}
            for day in MONTH_ENDS:
                here = made.counted(day, **only)
                ended = [here.get(("promise", name), (0, 0))[place] for name in ("kept", "partly", "broken")]
                if sum(ended):
                    shares[day] = (ended[0], sum(ended))
            assert {c.as_of: (c.numerator, c.denominator) for c in kept.cells} == shares


def test_cut_by_currency_each_segment_has_its_own(tmp_path: Any) -> None:
    made = Rows(11)
    found = answer("relief", first=JUNE, last=JUNE, measure="amount", segment="currency")
    for currency in ("CNY", "JPY"):
        cells = {(c.key_1, c.key_2): c.numerator for c in found.cells if c.segment == currency}
        assert cells == {key: both[1] for key, both in made.counted(JUNE, currency=currency).items()}
        assert cells


def test_the_page_and_the_api_say_the_same_of_the_last_closed_day(manager: Client) -> None:
    made = Rows(7)
    for currency, digits in (("CNY", 2), ("JPY", 0)):
        expected = made.counted(TODAY, currency=currency)
        told = manager.get(f"/api/v1/relief-counters/?currency={currency}").json()
        assert (told["as_of"], told["currency"], told["currencies"]) == ("2025-07-11", currency, ["CNY", "JPY"])
        for one in told["counters"]:
            number, amount = expected.get((one["instrument"], one["counter"]), (0, 0))
            assert (one["count"], one["amount"]) == (number, f"{amount / 10**digits:.{digits}f}"), one
        assert len(told["counters"]) == sum(len(names) for names in COUNTERS.values())

        page = manager.get(f"/dashboards/relief/?currency={currency}").content.decode()
        table = page.split('id="today"')[1].split("</table>")[0]
        rows = re.findall(r'<th scope="row">(.*?)</th>(.*?)</tr>', table, re.DOTALL)
        assert [re.sub("<.*?>", "", name) for name, _cells in rows] == ["Promise", "Deferral", "Restructure", "Re-age", "Waiver"]
        opened = [int(re.findall(r'<td class="num">(?:<a [^>]+>)?(\d+)<', cells)[0]) for _name, cells in rows]
        names = ("promise", "deferral", "restructure", "re_age", "waiver")
        assert opened == [expected.get((name, "opened"), (0, 0))[0] for name in names]
    assert manager.get("/api/v1/relief-counters/?currency=XXX").status_code == 400


@pytest.mark.parametrize("seed", range(3))
def test_each_figure_leads_to_exactly_what_it_counts(manager: Client, seed: int) -> None:
    Rows(seed)
    followed: Counter[str] = Counter()
    for part in ("currency=CNY", "currency=JPY", "currency=CNY&product=loan"):
        page = manager.get(f"/dashboards/relief/?{part}").content.decode()
        table = page.split('id="today"')[1].split("</table>")[0]
        figures = re.findall(r'<td class="num"><a href="([^"]+)">(\d+)</a><span class="sub">([^<]+)</span>', table)
        # Five of promises, five of each kind of plan; waivers have no list.
        assert len(figures) == 5 + 3 * 5
        for raw, figure, money in figures:
            address = raw.replace("&amp;", "&")
            assert manager.get(address).content.decode().count("<tr data-row>") == int(figure), address
            # The API of the list takes the same address, and its amounts add up to the figure's.
            told = manager.get(f"/api/v1{address}").json()
            rows = told["results"] if isinstance(told, dict) else told
            assert len(rows) == int(figure), address
            amounts = sum((Decimal(row["promised"] if "promised" in row else row["owed"]) for row in rows), Decimal(0))
            assert amounts == Decimal(re.sub(r"[^\d.]", "", money)), address
            followed["promises" if address.startswith("/promises/") else "plans"] += int(figure) > 0
    assert followed["promises"] and followed["plans"]


def test_what_is_no_step_is_left_out_of_a_list_and_refused_by_the_api(manager: Client) -> None:
    for where in ("plans", "promises"):
        for query, words in (
            ("step=lost&until=2025-07-11", "There is no step lost"),
            ("step=broken&since=July&until=2025-07-11", "since is no day"),
            ("step=open", "until is no day"),
        ):
            assert words in manager.get(f"/{where}/?{query}").content.decode(), (where, query)
            refused = manager.get(f"/api/v1/{where}/?{query}")
            assert refused.status_code == 400 and words in refused.content.decode(), (where, query)


@pytest.mark.parametrize("measure", ["count", "amount"])
def test_charts_tables_and_csv_hold_the_same_figures(manager: Client, measure: str) -> None:
    made = Rows(5)
    page = manager.get(f"/dashboards/relief/?currency=CNY&measure={measure}").content.decode()
    found = re.findall(r'<script id="figure-(\w+)" type="application/json">(.*?)</script>', page, re.DOTALL)
    drawn = {key: json.loads(text) for key, text in found}
    assert set(drawn) == {"opened", "open", "kept"}
    place, scale = (0, 1) if measure == "count" else (1, 100)
    for counter in ("opened", "open"):
        for trace in drawn[counter]["data"]:
            instrument = trace["name"].replace("-", "_")
            assert trace["y"] == [
                made.counted(day, currency="CNY").get((instrument, counter), (0, 0))[place] / scale for day in MONTH_ENDS
            ]
    for figure in drawn.values():
        plain = json.loads(re.sub(r"var\(--[\w-]+\)", "#123456", json.dumps(figure)))
        assert go.Figure(plain).layout.yaxis.title.text
    csv_url = re.search(r'href="(/dashboards/metrics/relief.csv[^"]+)"', page)
    assert csv_url
    rows = list(csv.DictReader(io.StringIO(manager.get(csv_url.group(1).replace("&amp;", "&")).content.decode())))
    june = {(r["key_1"], r["key_2"]): round(float(r["numerator"]) * scale) for r in rows if r["as_of"] == "2025-06-30"}
    assert june == {key: both[place] for key, both in made.counted(JUNE, currency="CNY").items()}


def test_a_book_without_a_closed_day_says_what_to_do(manager: Client) -> None:
    assert "No day is closed yet" in manager.get("/dashboards/relief/").content.decode()
    assert manager.get("/api/v1/relief-counters/").json()["as_of"] is None


def test_the_page_asks_a_fixed_number_of_queries(manager: Client) -> None:
    made = Rows(2)
    manager.get("/dashboards/relief/")
    with CaptureQueriesContext(connection) as few:
        manager.get("/dashboards/relief/")
    for _ in range(10):
        made.add("promise")
        made.add("restructure")
    with CaptureQueriesContext(connection) as many:
        manager.get("/dashboards/relief/")
    assert len(many) == len(few)
