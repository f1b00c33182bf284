"""The portfolio page, the accounts behind its figures, and the API: real requests on a small closed book."""

from __future__ import annotations

import json
import re
from datetime import date
from html import unescape
from itertools import chain
from urllib.parse import parse_qs, urlsplit

import factories
import plotly.graph_objects as go
import pytest
from books import NEVER_USED, close_through, history, put_snapshot, standing
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dashboards.bulk import aggregate_snapshots, finish_aggregate
from dashboards.queries.behind import behind_page
from dashboards.rules.months import shifted
from riskops.shared.models import AuditEntry
from riskops.shared.roles import Role
from riskops.shared.scope import WHOLE_BOOK

pytestmark = pytest.mark.django_db
APRIL, MAY, JUNE = date(2025, 4, 30), date(2025, 5, 31), date(2025, 6, 30)
DAYS = [APRIL, MAY, JUNE]
STORIES = [
    *[(standing(0, 1_000), standing(0, 900), standing(10, 900))] * 3,
    *[(standing(0, 1_000), standing(15, 1_000), standing(45, 1_000))] * 2,
    (standing(25, 700), standing(56, 700), standing(86, 700)),
    (standing(29, 50), standing(30, 50), standing(60, 50)),
    (standing(95, 600), standing(126, 600), standing(156, 600, is_written_off=True)),
    (standing(160, 10), standing(191, 10), standing(221, 10)),
    (standing(0, 20), standing(), standing()),
    (NEVER_USED, NEVER_USED, standing(0, 5)),
    (NEVER_USED, NEVER_USED, NEVER_USED),
]


@pytest.fixture
def manager(client: Client) -> Client:
    cache.clear()
    client.force_login(factories.make_user(Role.MANAGER))
    return client


@pytest.fixture
def book():
    card = factories.make_product(product_code="card", name="Card")
    for story in STORIES:
        account = history(DAYS, *story, product=card)
        if story[2].get("is_written_off"):
            factories.make_write_off(account, value_date=date(2025, 6, 9), principal=600)
    close_books()
    return card


def close_books() -> None:
    for day in DAYS:
        aggregate_snapshots(as_of=day, run_id=1, shard=0, first_account_id=0, last_account_id=2**62)
        finish_aggregate(as_of=day, run_id=1)
    close_through(JUNE)


def figures(page: str) -> dict[str, dict[str, object]]:
    found = re.findall(r'<script id="figure-(\w+)" type="application/json">(.*?)</script>', page, re.DOTALL)
    return {key: json.loads(text) for key, text in found}


def points(figure: dict[str, object]) -> list[tuple[str, str]]:
    """Return hover text and address of every point that has an address."""
    found: list[tuple[str, str]] = []
    for trace in figure["data"]:  # type: ignore[attr-defined]
        texts, links = trace["hovertext"], trace["customdata"]
        if trace["type"] == "heatmap":
            texts, links = list(chain(*texts)), list(chain(*links))
        found += [(text, link) for text, link in zip(texts, links, strict=True) if link and text]
    return found


def rows_behind(address: str) -> tuple[int, int]:
    """Return the count that the page behind an address states, and the rows that all its pages together list."""
    parameters = parse_qs(urlsplit(address).query)
    states = parameters.pop("state", [])
    flat = {name: values[0] for name, values in parameters.items()}
    listed: set[int] = set()
    after = 0
    while True:
        page = behind_page({**flat, "after": str(after)}, states=states, visible=WHOLE_BOOK)
        listed |= {row.account_id for row in page.rows}
        after = page.next_after
        if not after:
            return page.size.accounts, len(listed)


@pytest.mark.parametrize("query", ["", "measure=amount", "measure=count", "buckets=late", "month=2025-05-31&measure=count"])
def test_every_count_on_a_chart_equals_the_rows_behind_it(manager, book, query):
    page = manager.get(f"/dashboards/portfolio/?{query}").content.decode()
    drawn = figures(page)
    assert set(drawn) == {"buckets", "coincident", "lagged", "matrix"}
    for key, figure in drawn.items():
        followed = points(figure)
        assert followed, key
        for text, address in followed:
            stated = re.search(r"Accounts: ([\d,]+) of", text)
            assert stated, (key, text)
            shown = int(stated.group(1).replace(",", ""))
            assert rows_behind(address) == (shown, shown), (key, text, address)


def test_the_pages_of_a_long_list_together_list_every_account_once(manager, monkeypatch):
    product = factories.make_product()
    for _ in range(53):
        history(DAYS, standing(0, 1), standing(0, 1), standing(10, 1), product=product)
    close_books()
    first = manager.get("/dashboards/accounts-behind/?as_of=2025-06-30&state=m1").content.decode()
    assert first.count("<tr data-row>") == 50
    following = unescape(re.search(r'<a class="button" rel="next" href="([^"]+)">', first).group(1))
    second = manager.get(f"/dashboards/accounts-behind/{following}").content.decode()
    assert second.count("<tr data-row>") == 3
    numbers = set(re.findall(r'/accounts/(A\d+)/">', first)) | set(re.findall(r'/accounts/(A\d+)/">', second))
    assert len(numbers) == 53
    assert '<span id="accounts-behind-count">53</span>' in first


def test_figures_are_valid_plotly_and_keep_the_chart_manners(manager, book):
    for query in ("", "measure=count&buckets=late"):
        for figure in figures(manager.get(f"/dashboards/portfolio/?{query}").content.decode()).values():
            plain = json.loads(
                re.sub(r"var\(--heat-\d\)|var\(--(m\d|paid|ink-\d|ink|panel|line|line-strong)\)", "#123456", json.dumps(figure))
            )
            built = go.Figure(plain)
            assert len(built.data) <= 7
            assert built.layout.xaxis.title.text and built.layout.yaxis.title.text
            if built.layout.barmode == "stack":
                assert built.layout.yaxis.rangemode == "tozero"


def test_thin_slices_are_not_covered_and_all_of_the_book_is_a_hundred(manager, book):
    figure = figures(manager.get("/dashboards/portfolio/").content.decode())["buckets"]
    assert {trace["marker"]["line"]["width"] for trace in figure["data"]} == {0}
    assert figure["layout"]["yaxis"]["range"] == [0, 100]
    late = figures(manager.get("/dashboards/portfolio/?buckets=late").content.decode())["buckets"]
    assert "range" not in late["layout"]["yaxis"]


def test_the_stack_keeps_the_ramp_and_draws_at_most_seven_series(manager, book):
    whole = figures(manager.get("/dashboards/portfolio/").content.decode())["buckets"]["data"]
    assert [(t["name"], t["marker"]["color"]) for t in whole] == [
        *((f"m{k}", f"var(--m{k})") for k in range(6)),
        ("m6–m7", "var(--m7)"),
    ]
    late = figures(manager.get("/dashboards/portfolio/?buckets=late").content.decode())["buckets"]["data"]
    assert [(t["name"], t["marker"]["color"]) for t in late] == [(f"m{k}", f"var(--m{k})") for k in range(1, 8)]


def test_bars_have_the_exact_height_and_the_hover_says_numerator_denominator_and_value(manager, book):
    page = manager.get("/dashboards/portfolio/?measure=amount").content.decode()
    m2 = figures(page)["buckets"]["data"][2]
    # June: two accounts of 10.00 at 45 days; one of 0.50 at 60 days is in m2 as well.
    assert m2["y"][-1] == 20.5
    assert m2["hovertext"][-1].split("<br>") == [
        "<b>m2 · 30 Jun 2025</b>",
        "Outstanding: ¥\u202f20.50 of ¥\u202f54.65, 37.51\u202f%",
        "Accounts: 3 of 9, 33.33\u202f%",
    ]


def test_a_figure_says_its_definition_its_bucket_map_and_when(manager, book):
    page = manager.get("/dashboards/portfolio/").content.decode()
    assert "Book by bucket and month-end, 30 Apr 2025 – 30 Jun 2025" in page
    assert "Transition matrix, 31 May 2025 to 30 Jun 2025" in page
    assert "Bucket map: default: m0 0, m1 1–30, m2 31–60, m3 61–90, m4 91–120, m5 121–150, m6 151–180, m7 181+" in page
    assert "Over several months the numerators are summed" in page
    assert "A growing book flatters it" in page


def test_the_page_asks_the_same_number_of_queries_whatever_the_book(manager, book):
    def asked() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            assert manager.get("/dashboards/portfolio/").status_code == 200
        return len(queries)

    asked()
    few = asked()
    for code in ("loan", "line", "shop"):
        product = factories.make_product(product_code=code)
        for _ in range(10):
            history(DAYS, standing(0, 5), standing(5, 5), standing(36, 5), product=product)
    close_books()
    assert asked() == few


def test_what_is_kept_of_the_page_is_thrown_away_when_a_close_sums_another_day(manager, book):
    before = figures(manager.get("/dashboards/portfolio/?measure=count").content.decode())["buckets"]["data"][0]["y"]
    history(DAYS, standing(0, 1), standing(0, 1), standing(0, 1), product=book)
    assert figures(manager.get("/dashboards/portfolio/?measure=count").content.decode())["buckets"]["data"][0]["y"] == before
    close_books()
    after = figures(manager.get("/dashboards/portfolio/?measure=count").content.decode())["buckets"]["data"][0]["y"]
    assert after == [y + 1 for y in before]


def test_one_currency_is_shown_at_a_time_and_the_choice_is_in_the_address(manager, book):
    yen = factories.make_product(product_code="yen", currency="JPY", minor_digits=0)
    history(DAYS, standing(0, 5), standing(5, 5), standing(36, 7_000), product=yen)
    close_books()
    first = manager.get("/dashboards/portfolio/?measure=amount").content.decode()
    assert "¥\u202f54.65" in first
    chosen = manager.get("/dashboards/portfolio/?measure=amount&currency=JPY")
    drawn = figures(chosen.content.decode())["buckets"]["data"]
    assert [trace["y"][-1] for trace in drawn if trace["y"][-1]] == [7_000]
    assert all("currency=JPY" in link for trace in drawn for link in trace["customdata"])
    assert rows_behind(drawn[2]["customdata"][-1]) == (1, 1)


def test_the_products_to_choose_from_are_those_of_the_currency_shown(manager, book):
    yen = factories.make_product(product_code="yen", currency="JPY", minor_digits=0)
    history(DAYS, standing(0, 5), standing(5, 5), standing(36, 7_000), product=yen)
    close_books()

    def offered(query: str) -> tuple[list[str], str]:
        page = manager.get(f"/dashboards/portfolio/?{query}").content.decode()
        product, currency = (
            re.search(rf'name="{name}".*?</select>', page, re.DOTALL).group() for name in ("product", "currency")
        )
        chosen = re.search(r'<option(?: value="\w*")? selected>(\w+)<', currency).group(1)
        return re.findall(r'<option value="(\w*)"', product), chosen

    assert offered("") == (["", "card"], "CNY")
    assert offered("currency=JPY") == (["", "yen"], "JPY")
    assert offered("product=yen") == (["", "yen"], "JPY")
    # Another currency chosen while a product was: the currency stands, and what does not fit it is said.
    assert offered("product=card&currency=JPY") == (["", "yen"], "JPY")
    assert (
        "no product or currency with accounts fits card JPY"
        in manager.get("/dashboards/portfolio/?product=card&currency=JPY").content.decode()
    )
    assert offered("product=card&currency=USD") == (["", "card"], "CNY")


def test_a_rebuilt_month_is_said_on_the_chart_and_on_the_accounts_behind_it(manager):
    account = factories.make_account(opened_on=date(2025, 4, 1))
    factories.make_installment(account, due_date=date(2025, 4, 10), booked_on=date(2025, 4, 2))
    from dashboards.operations.filling import fill_month_ends

    close_through(JUNE)
    list(fill_month_ends(APRIL, JUNE, actor=factories.TESTER))
    page = manager.get("/dashboards/portfolio/").content.decode()
    assert "Rebuilt from the entries, not reported by a close: 30 Apr 2025, 31 May 2025, 30 Jun 2025" in re.sub(r"\s+", " ", page)
    trace = figures(page)["buckets"]["data"][0]
    assert (trace["x"][0], trace["marker"]["pattern"]["shape"]) == ("Apr 2025<br>rebuilt", ["/", "/", "/"])
    behind = manager.get("/dashboards/accounts-behind/?as_of=2025-06-30&n=60").content.decode()
    assert "On 30 Jun 2025, rebuilt from the entries." in behind


def test_a_rebuilt_month_before_those_shown_is_said_where_a_rate_divides_by_it(manager):
    account = factories.make_account(opened_on=date(2024, 1, 1))
    days = [shifted(JUNE, -back) for back in range(13, -1, -1)]
    for day in days:
        put_snapshot(account, day, standing(0, 5), provenance="rebuilt" if day == days[0] else "reported")
    close_through(JUNE)
    page = manager.get("/dashboards/portfolio/").content.decode()
    panels = {
        key: re.search(rf'<section class="panel chart" id="{key}".*?</section>', page, re.DOTALL).group() for key in figures(page)
    }
    said = {key for key, panel in panels.items() if "Rebuilt from the entries, not reported by a close: 31 May 2024" in panel}
    assert said == {"lagged"}


def test_a_book_without_a_month_end_says_why_and_what_to_do(manager):
    page = manager.get("/dashboards/portfolio/").content.decode()
    assert "No month-end is closed yet, so there is nothing to draw." in page
    assert "close the days up to a month-end on the jobs page" in page


def test_a_first_month_end_draws_what_it_can_and_says_what_is_missing(manager):
    history([JUNE], standing(0, 5))
    close_through(JUNE)
    page = manager.get("/dashboards/portfolio/").content.decode()
    assert set(figures(page)) == {"buckets", "coincident"}
    assert "A lagged rate needs the month-end before, and there is none yet." in page
    assert "The month-end before 30 Jun 2025 has no snapshots" in page


def test_a_month_into_which_nothing_could_move_says_so_and_not_that_snapshots_are_missing(manager):
    history([MAY, JUNE], NEVER_USED, standing(0, 5))
    close_through(JUNE)
    page = unescape(manager.get("/dashboards/portfolio/").content.decode())
    assert set(figures(page)) == {"buckets", "coincident", "lagged"}
    assert "has no snapshots" not in page
    assert "Nothing stood in a bucket on 31 May 2025 that could have moved." in page


def test_a_month_end_on_which_no_account_was_in_a_bucket_keeps_its_row_of_the_table(manager):
    history([MAY, JUNE], NEVER_USED, standing(0, 5))
    close_through(JUNE)
    page = manager.get("/dashboards/portfolio/").content.decode()
    table = re.search(r'id="buckets".*?</table>', page, re.DOTALL).group()
    rows = re.findall(r"<tr><th scope.*?</tr>", table, re.DOTALL)
    assert [(row.count("<td"), row.count("–")) for row in rows] == [(8, 0), (8, 8)]


def test_what_the_address_bar_cannot_mean_is_said_and_the_page_still_stands(manager, book):
    page = manager.get("/dashboards/portfolio/?product=nope&measure=sum&month=2025-01-01").content.decode()
    for said in ("no product or currency with accounts fits nope", "share, amount, count", "2025-01-01 is no closed month-end"):
        assert said in page
    assert set(figures(page)) == {"buckets", "coincident", "lagged", "matrix"}


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("state=m1", "not a day such as 2025-03-31"),
        ("as_of=2025-06-29", "is no closed month-end"),
        ("as_of=2025-06-30&state=m9", "no state m9"),
        ("as_of=2025-06-30&from=m1", "give both or neither"),
        ("as_of=2025-06-30&n=31", "one of 1, 30, 60, 90"),
        ("as_of=2025-06-30&product=nope", "products with accounts: card"),
        ("as_of=2025-04-30&from=new&to=m0", "the month-end before 2025-04-30 has no snapshots"),
        ("as_of=2025-04-30&lag=2", "the month-end before 2025-04-30 has no snapshots"),
    ],
)
def test_an_address_that_names_no_selection_is_not_found_and_says_why(manager, book, query, said):
    response = manager.get(f"/dashboards/accounts-behind/?{query}")
    assert response.status_code == 404
    assert said in unescape(response.content.decode())


def test_names_are_masked_behind_a_figure(manager):
    customer = factories.make_customer(person={"name": "Wang Xiaoming"})
    history([JUNE], standing(0, 5), customer=customer)
    close_through(JUNE)
    page = manager.get("/dashboards/accounts-behind/?as_of=2025-06-30").content.decode()
    assert "Xiaoming" not in page
    assert customer.customer_no in page


def test_the_accounts_behind_a_figure_are_listed_over_the_api_a_page_at_a_time(manager):
    product = factories.make_product(product_code="card")
    customer = factories.make_customer(person={"name": "Wang Xiaoming"})
    history(DAYS, standing(0, 1), standing(0, 1), standing(10, 1_250), product=product, customer=customer)
    for _ in range(52):
        history(DAYS, standing(0, 1), standing(0, 1), standing(10, 1), product=product)
    close_books()
    address = "/api/v1/accounts-behind/?as_of=2025-06-30&from=m0&to=m1"
    first = manager.get(address).json()
    second = manager.get(f"{address}&after={first['next']}").json()
    assert (first["accounts"], first["outstanding_principal"], first["is_rebuilt"]) == (53, "13.02", False)
    assert (len(first["results"]), len(second["results"]), second["next"]) == (50, 3, 0)
    assert len({row["account_no"] for row in first["results"] + second["results"]}) == 53
    row = first["results"][0]
    assert (row["customer_no"], row["product_code"], row["state"]) == (customer.customer_no, "card", "m1")
    assert (row["days_past_due"], row["outstanding_principal"]) == (10, "12.50")
    assert "Wang" not in str(first)


def test_the_api_says_what_names_no_selection(manager, book):
    answer = manager.get("/api/v1/accounts-behind/?as_of=2025-06-30&n=31")
    assert answer.status_code == 400
    assert "one of 1, 30, 60, 90" in answer.json()["detail"]


def test_the_csv_beside_a_chart_holds_its_figures_and_leaves_a_line_in_the_trail(manager, book):
    page = manager.get("/dashboards/portfolio/?measure=count").content.decode()
    address = unescape(re.search(r'href="(/dashboards/metrics/coincident\.csv[^"]+)"', page).group(1))
    lines = manager.get(address).content.decode().split("\r\n")
    assert lines[0] == "metric,as_of,segment,key_1,key_2,numerator,denominator,value"
    assert "coincident,2025-06-30,,30,,5,9,0.5555555556" in lines
    entry = AuditEntry.objects.get(action="metric.export")
    assert (entry.subject_key, entry.after["rows"]) == ("coincident", 12)


def test_the_api_gives_the_cells_of_the_export_and_refuses_as_it_does(manager, book):
    answer = manager.get("/api/v1/metrics/coincident/?from=2025-06-01&to=2025-06-30&n=30").json()
    assert answer["cells"] == [
        {
            "metric": "coincident",
            "as_of": "2025-06-30",
            "segment": "",
            "key_1": "30",
            "key_2": "",
            "numerator": "27.60",
            "denominator": "54.65",
            "value": "0.5050320220",
        }
    ]
    assert (answer["measure"], answer["basis"], answer["rebuilt"]) == ("amount", "reported", [])
    refused = manager.get("/api/v1/metrics/coincident/?from=2025-06-01&to=2025-06-30&n=31")
    assert (refused.status_code, "takes all, 1, 30, 60, 90" in refused.json()["detail"]) == (400, True)
    unknown = manager.get("/api/v1/metrics/nothing/?from=2025-06-01&to=2025-06-30")
    assert (unknown.status_code, "there are buckets" in unknown.json()["detail"]) == (404, True)
    undated = manager.get("/api/v1/metrics/buckets/")
    assert (undated.status_code, "from is a day" in undated.json()["detail"]) == (400, True)


def test_the_registry_lists_every_metric_in_the_readers_language(manager):
    english = {metric["name"]: metric for metric in manager.get("/api/v1/metrics/").json()}
    assert set(english) == {
        "buckets",
        "coincident",
        "lagged",
        "roll_rates",
        "transition_matrix",
        "cure",
        "vintage",
        "fpd",
        "cei",
        "redefault",
        "relief",
        "promise_kept",
    }
    assert english["roll_rates"]["title"] == "Roll rates"
    chinese = manager.get("/api/v1/metrics/", headers={"Accept-Language": "zh-hans"}).json()
    assert {metric["name"]: metric["title"] for metric in chinese}["roll_rates"] == "迁徙率"


@pytest.mark.parametrize(
    "address",
    [
        "/dashboards/portfolio/",
        "/dashboards/accounts-behind/?as_of=2025-06-30",
        "/dashboards/metrics/buckets.csv?from=2025-06-01&to=2025-06-30",
        "/api/v1/metrics/",
        "/api/v1/metrics/buckets/?from=2025-06-01&to=2025-06-30",
    ],
)
def test_who_has_no_role_for_it_sees_no_figure(client, book, address):
    client.force_login(factories.make_user(Role.AGENCY))
    assert client.get(address).status_code == 403
