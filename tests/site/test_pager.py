"""The foot of a list that is read page by page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest
from django.template import Context, Template
from django.test import RequestFactory


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found.append(dict(attrs))


def _links(tag: str, address: str, **values: Any) -> list[dict[str, str | None]]:
    context = Context({"request": RequestFactory().get(address), **values})
    return _Links(Template("{% load riskops %}" + tag).render(context)).found


def test_a_list_of_one_page_has_no_foot() -> None:
    context = Context({"request": RequestFactory().get("/list/?status=open"), "found": ""})
    assert Template("{% load riskops %}{% pager found %}").render(context).strip() == ""


@pytest.mark.parametrize("onwards", ["k42", 42])
def test_the_first_page_leads_on_and_keeps_what_was_asked_for(onwards: object) -> None:
    (on,) = _links("{% pager found %}", "/list/?status=open", found=onwards)
    assert (on["href"], on["rel"]) == (f"?status=open&after={onwards}", "next")


def test_a_page_in_the_middle_leads_back_to_the_beginning_and_on() -> None:
    back, on = _links("{% pager found %}", "/list/?after=k42&status=open", found="k99")
    assert (back["href"], on["href"]) == ("?status=open", "?after=k99&status=open")


def test_the_last_page_leads_back_to_the_beginning() -> None:
    (back,) = _links("{% pager found %}", "/list/?after=k42", found=None)
    assert back["href"] == "/list/"


def test_what_stood_open_does_not_go_along_and_htmx_puts_the_page_in_place() -> None:
    back, on = _links('{% pager found drop="at" target="#work-list" %}', "/worklist/?after=k42&at=7", found="k99")
    assert (on["href"], on["hx-get"], on["hx-target"]) == ("?after=k99", "?after=k99", "#work-list")
    assert back["href"] == back["hx-get"] == "/worklist/"


def test_a_list_by_time_goes_on_at_its_place_on_the_page() -> None:
    (on,) = _links('{% pager found name="late_after" anchor="late_after" %}', "/reading/7/", found=99)
    assert on["href"] == "?late_after=99#late_after"
