"""Groups of messages lock several customers: who changes or names many of them must not wait in a circle with them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deliveries import deliver, load_good
from django.db import connection, transaction
from outreach_books import NOON, make_reachable
from sending_books import Carrier, make_late, make_message, prepared, use

from accounts.models import Customer
from outreach.gate import _lock_customers
from outreach.models import Contact, OptOut
from riskops.shared.personal import person_indexes
from riskops.shared.sql import execute, fetch

# On SQLite there is one writer at a time anyway.
pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]


def aside(work: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for_a_lock() -> None:
    """Wait until somebody waits for one."""
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted"
    ends = time.monotonic() + 30
    while not fetch(waiting) and time.monotonic() < ends:
        time.sleep(0.05)
    assert fetch(waiting)


def test_whoever_only_names_a_customer_does_not_wait_for_the_gate() -> None:
    account = make_reachable()
    with transaction.atomic():
        _lock_customers({account.pk}, ())
        # A foreign key is checked when it commits, by a lock on the customer: the close commits those of thousands.
        naming = aside(lambda: OptOut.objects.create(customer=account.customer, channel="sms", source="page", since=NOON))
        naming.join(10)
        assert not naming.is_alive()
    assert OptOut.objects.count() == 1


def test_a_message_goes_to_the_number_that_an_import_leaves_and_not_to_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Carrier())
    message = make_message(make_late())
    person = {"name": "x", "phone": "13800000088"}
    found: list[Any] = []
    with transaction.atomic():
        # An import that is not over yet.
        changed = {"person": person, "phone_index": person_indexes(person)["phone_index"]}
        Customer.objects.filter(pk=message.customer_id).update(**changed)
        preparing = aside(lambda: found.append(prepared(message)))
        wait_for_a_lock()
    preparing.join(60)
    assert found[0].outgoing.address == "13800000088"
    assert Contact.objects.get().detail == changed["phone_index"]


def test_an_import_takes_the_customers_it_changes_in_the_order_in_which_a_group_does(tmp_path: Path) -> None:
    # The first by id is the last by number, in the file and in the table: by whichever way they are read.
    load_good(tmp_path)
    Customer.objects.filter(customer_no="C1").update(customer_no="Z1")
    execute("UPDATE accounts_customer SET language = 'en' WHERE customer_no = 'Z1'")
    first, last = Customer.objects.order_by("pk")
    assert (first.customer_no, last.customer_no) == ("Z1", "C2")
    customers = "customer_no,name\nC2,Ann Leigh\nZ1,Li Lei\n"
    with transaction.atomic():
        fetch("SELECT id FROM accounts_customer WHERE id = %s FOR NO KEY UPDATE", (first.pk,))
        importing = aside(lambda: deliver(tmp_path, customers=customers))
        wait_for_a_lock()
        # It waits for the first one and has none of those after it.
        assert fetch("SELECT id FROM accounts_customer WHERE id = %s FOR NO KEY UPDATE NOWAIT", (last.pk,))
    importing.join(60)
    assert Customer.objects.get(pk=last.pk).person["name"] == "Ann Leigh"
