"""The log: one line an event, what is bound around it, and never a personal value."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from riskops.log import hide_personal

ROOT = Path(__file__).resolve().parent.parent.parent

SPEAK = """
import riskops, django; django.setup()
import logging, structlog
structlog.contextvars.bind_contextvars(request_id="r1", run_id=7)
structlog.get_logger("riskops.book").info("imported", rows=3, phone="13800138000", rows_by_kind={"name": "Wang", "good": 2})
phone = "13800138000"
try:
    raise ValueError("bad row")
except ValueError:
    logging.getLogger("django.request").exception("failed at %s", "/accounts/")
"""


def lines(tmp_path: Path, **environment: str) -> list[str]:
    spoken = subprocess.run(
        [sys.executable, "-c", SPEAK], cwd=ROOT, env=os.environ | {"RISKOPS_VAR": str(tmp_path)} | environment,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return spoken.stderr.splitlines()


def test_machines_get_one_json_object_an_event_with_what_is_bound(tmp_path):
    own, foreign = map(json.loads, lines(tmp_path, LOG_FORMAT="json"))
    assert own.pop("timestamp").endswith("Z")
    assert own == {
        "event": "imported", "level": "info", "logger": "riskops.book", "request_id": "r1", "run_id": 7,
        "rows": 3, "phone": "[hidden]", "rows_by_kind": {"name": "[hidden]", "good": 2},
    }  # fmt: skip
    assert (foreign["event"], foreign["request_id"], foreign["run_id"]) == ("failed at /accounts/", "r1", 7)
    assert "ValueError: bad row" in foreign["exception"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_shows_no_local_variables(tmp_path, log_format):
    text = "\n".join(lines(tmp_path, LOG_FORMAT=log_format))
    assert "ValueError: bad row" in text
    assert "13800138000" not in text


def test_personal_values_are_hidden_at_any_depth():
    event = {"event": "x", "changes": [{"email": "a@example.com", "limit": 5}], "q": "王小明"}
    assert hide_personal(None, "info", event) == {"event": "x", "changes": [{"email": "[hidden]", "limit": 5}], "q": "[hidden]"}


def test_the_link_of_a_customer_is_hidden_wherever_it_stands():
    link = "/c/AAAAAAABB9pVDgZ8Zg6b-_xQ3aY/"
    event = {"event": f"Gone: {link}opt-out/", "path": link, "more": [{"referer": f"https://example.com{link}"}], "ms": 3}
    assert hide_personal(None, "info", event) == {
        "event": "Gone: /c/[hidden]/opt-out/",
        "path": "/c/[hidden]/",
        "more": [{"referer": "https://example.com/c/[hidden]/"}],
        "ms": 3,
    }


@pytest.mark.django_db
def test_a_request_is_logged_by_path_without_what_was_searched_for(capfd, caplog):
    with caplog.at_level("INFO"):
        answer = Client().get("/admin/login/?q=Wang+Xiaoming")
    logged = " ".join(str(record.msg) for record in caplog.records if "request" in str(record.msg))
    assert "'path': '/admin/login/'" in logged
    assert answer["X-Request-ID"] in logged
    assert "Wang" not in logged
