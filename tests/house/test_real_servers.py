"""PostgreSQL, Redis and a real Celery worker together: what .ci/run adds to `make test`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from django.db import connection
from factories import TESTER, make_account, make_installment, make_payment

from accounts.models import AccountState
from riskops import doorbell
from riskops.celery import app
from riskops.shared.day import book_state
from riskops.shared.models import CloseRun
from riskops.shared.workers import worker_name

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("real_servers")]
ROOT = Path(__file__).resolve().parent.parent.parent
DAY = date(2025, 3, 31)


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker as production starts it, on the test's database."""
    target = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgres://{target['USER']}:{target['PASSWORD']}@{target['HOST']}:{target['PORT']}/{target['NAME']}",
    }
    log = (tmp_path / "worker.log").open("wb")
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "riskops", "worker", "--concurrency", "1"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    yield process
    process.terminate()
    try:
        process.wait(timeout=20)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        log.close()


def test_a_close_rung_for_here_is_done_by_the_worker(worker, tmp_path):
    with app.connection_for_write() as broker:
        assert (connection.vendor, broker.as_uri().partition(":")[0]) == ("postgresql", "redis")
    late, paid = make_account(), make_account()
    make_installment(late, due_date=date(2025, 3, 1), principal=10_000)
    make_installment(paid, due_date=date(2025, 3, 1), principal=10_000)
    make_payment(paid, paid_on=date(2025, 3, 1), amount=10_000)

    for account in (late, paid):
        AccountState.objects.create(account=account, product_id=account.product_id, opened_on=account.opened_on)

    run = doorbell.start(business_date=DAY, through=DAY, actor=TESTER)

    until = time.monotonic() + 60
    while CloseRun.objects.get(pk=run.pk).status != CloseRun.Status.COMPLETE:
        assert worker.poll() is None, (tmp_path / "worker.log").read_text()
        assert time.monotonic() < until, (tmp_path / "worker.log").read_text()
        time.sleep(0.1)
    assert book_state().business_date == DAY
    found = dict(AccountState.objects.values_list("account__account_no", "days_past_due"))
    assert found == {late.account_no: 30, paid.account_no: 0}
    workers = set(run.shards.values_list("claimed_by", flat=True))
    assert workers
    assert not workers & {"", worker_name()}
