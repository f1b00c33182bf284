"""The feed of restrictions while changes are being committed: a reader with a cursor misses none of them."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from factories import make_account

from accounts.models import RestrictionChange
from accounts.operations.deciding.restrictions import announce


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_later_has_the_later_number() -> None:
    # On SQLite there is one writer at a time anyway.
    first, second = make_account(), make_account()
    seen: list[list[int]] = []
    announced = threading.Event()

    def announce_second() -> None:
        try:
            with transaction.atomic():
                announce([second.pk])
            announced.set()
        finally:
            connection.close()

    def read() -> None:
        try:
            seen.append(list(RestrictionChange.objects.order_by("pk").values_list("account_id", flat=True)))
        finally:
            connection.close()

    with transaction.atomic():
        announce([first.pk])
        writer = threading.Thread(target=announce_second)
        writer.start()
        # The second one waits for the first to commit: were it first, a reader would have passed the first one's number.
        assert not announced.wait(1.0)
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(20)
    writer.join(20)
    assert announced.is_set()
    assert seen == [[]]
    assert list(RestrictionChange.objects.order_by("pk").values_list("account_id", flat=True)) == [first.pk, second.pk]
