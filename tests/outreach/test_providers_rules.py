"""Plain values of delivery: telephone numbers, words that say stop, circuits, what a reason may say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from outreach.providers.interface import Outgoing, told
from outreach.rules.circuits import Circuit, CircuitState
from outreach.rules.contacts import Channel
from outreach.rules.phones import e164, spellings
from outreach.rules.stop_words import Wish, wish_of

NOON = datetime(2025, 3, 12, 4, tzinfo=UTC)
REST = timedelta(seconds=60)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13900000001", "+8613900000001"),
        ("139 0000 0001", "+8613900000001"),
        ("139-0000-0001", "+8613900000001"),
        ("＋８６ １３９０００００００１", "+8613900000001"),
        ("008613900000001", "+8613900000001"),
        ("+44 (20) 7946 0000", "+442079460000"),
        ("021 6123 4567", "+862161234567"),
        ("12345", None),
        ("+1234567890123456", None),
        ("+0123456789", None),
        ("139x0000001", None),
        ("+86+13900000001", None),
        ("", None),
    ],
)
def test_a_number_is_read_as_people_write_it_and_what_is_none_is_none(written: str, number: str | None) -> None:
    assert e164(written, "86") == number


def test_a_number_is_looked_for_in_every_spelling_that_a_book_may_hold() -> None:
    assert spellings("+8613900000001", "86") == {"8613900000001", "008613900000001", "13900000001", "013900000001"}
    assert spellings("13900000001", "86") == spellings("+86 139 0000 0001", "86")
    assert spellings("+442079460000", "86") == {"442079460000", "00442079460000"}
    assert spellings("nobody", "86") == frozenset()


@pytest.mark.parametrize(
    "text", ["STOP", " stop.", "Ｓｔｏｐ！", "UNSUBSCRIBE", "t", "TD", "Ｔ Ｄ".replace(" ", ""), "退订", "“退订”。", "拒收", "R"]
)
def test_stop_is_understood_whatever_its_width_case_and_punctuation(text: str) -> None:
    assert wish_of(text) is Wish.STOP


@pytest.mark.parametrize("text", ["please stop calling me", "不要退订", "stop stop", "t 1", "yes", "", "…"])
def test_a_sentence_with_the_word_in_it_is_for_a_person_to_read(text: str) -> None:
    assert wish_of(text) is Wish.OTHER


@pytest.mark.parametrize("text", ["START", "订阅", "unstop"])
def test_a_word_that_asks_for_messages_again_is_told_apart(text: str) -> None:
    assert wish_of(text) is Wish.START


def test_a_circuit_opens_at_the_last_failure_and_is_half_open_from_the_end_of_its_rest() -> None:
    circuit = Circuit(failures=3, open_until=None)
    assert circuit.state(NOON) is CircuitState.CLOSED
    circuit = circuit.after_failure(NOON, failures_to_open=5, rest=REST)
    assert circuit == Circuit(4, None)
    circuit = circuit.after_failure(NOON, failures_to_open=5, rest=REST)
    assert circuit == Circuit(5, NOON + REST)
    assert circuit.state(NOON + REST - timedelta(microseconds=1)) is CircuitState.OPEN
    assert circuit.state(NOON + REST) is CircuitState.HALF_OPEN
    # A trial that fails lets it rest again.
    later = NOON + 2 * REST
    assert circuit.after_failure(later, failures_to_open=5, rest=REST) == Circuit(6, later + REST)


def test_a_reason_is_one_short_line_without_numbers_and_addresses() -> None:
    assert told("The 'To' number +86 139 0000 0001 is\nnot valid") == "The 'To' number … is not valid"
    assert told("550 5.1.1 <wang@example.com>: unknown") == "550 5.1.1 <…>: unknown"
    assert told("x\x00y") == "x y"
    assert told("a" * 500) == "a" * 200


@pytest.mark.parametrize("key", ["", "a" * 65, "a b", "a\n", "键"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="1 to 64 visible ASCII characters"):
        Outgoing(key=key, channel=Channel.SMS, address="1", body="b", language="en", template_code="t")
