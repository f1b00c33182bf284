"""Signals noted by operations: only what differs is written, and whoever listens hears of it after commit."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from factories import make_account

from accounts.events import facts_changed
from accounts.models import AccountSignals
from accounts.operations.signals import NOTED_SIGNALS, note_signals

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Any:
    heard: list[tuple[int, ...]] = []

    def listen(account_ids: tuple[int, ...], **_more: Any) -> None:
        heard.append(account_ids)

    facts_changed.connect(listen)
    yield heard
    facts_changed.disconnect(listen)


def test_a_signal_is_written_once_and_told_after_commit(heard: Any, django_capture_on_commit_callbacks: Any) -> None:
    account = make_account()
    with django_capture_on_commit_callbacks(execute=True):
        assert note_signals(account.pk, is_disputed=True)
        assert heard == []
    with django_capture_on_commit_callbacks(execute=True):
        assert not note_signals(account.pk, is_disputed=True)
    assert heard == [(account.pk,)]
    assert AccountSignals.objects.get(pk=account.pk).is_disputed


def test_what_says_nothing_makes_no_row() -> None:
    account = make_account()
    assert not note_signals(account.pk, is_disputed=False, score=None)
    assert not AccountSignals.objects.exists()


def test_one_signal_leaves_the_others_as_they_are() -> None:
    account = make_account()
    note_signals(account.pk, is_restricted=True, restricted_on=date(2025, 6, 16))
    assert note_signals(account.pk, is_on_hold=True)
    assert note_signals(account.pk, is_restricted=False)
    row = AccountSignals.objects.get(pk=account.pk)
    assert (row.is_restricted, row.restricted_on, row.is_on_hold) == (False, date(2025, 6, 16), True)


def test_a_column_of_the_close_cannot_be_noted() -> None:
    account = make_account()
    with pytest.raises(ValueError, match=r"dpd_month_end"):
        note_signals(account.pk, dpd_month_end=3)
    assert not AccountSignals.objects.exists()
    assert "is_disputed" in NOTED_SIGNALS
