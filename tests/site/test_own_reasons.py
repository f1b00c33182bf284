"""Reasons that the site wrote itself are read in the reader's language; those of people stay as typed."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from accounts import own_reasons as ours
from riskops.shared.own_reasons import in_words

KEPT = {
    ours.RAN_OUT: "It ran out.",
    ours.NOT_DECIDED_WITHIN: "Not decided within 30 days.",
    ours.LIFTED_BY: "Lifted by D-7.",
}


@pytest.mark.parametrize(("msgid", "kept"), KEPT.items())
def test_a_reason_of_the_site_is_read_in_the_language_in_use(msgid: str, kept: str) -> None:
    with override("en"):
        assert in_words(kept) == kept
    with override("zh-hans"):
        said = in_words(kept)
    assert said != kept and not said.isascii()


def test_the_values_stand_in_the_translation() -> None:
    with override("zh-hans"):
        assert "30" in in_words("Not decided within 30 days.") and "D-7" in in_words("Lifted by D-7.")


def test_what_a_person_wrote_stays_as_it_was_typed() -> None:
    with override("zh-hans"):
        for typed in ("Paid at the counter.", "It ran out. Or so he says.", "Lifted by mistake.", "Replaced by 2 new ones.", ""):
            assert in_words(typed) == typed


def test_every_reason_of_the_site_has_a_translation() -> None:
    reasons = [value for name, value in vars(ours).items() if name.isupper()]
    assert len(reasons) >= 14
    kept = [reason % {"number": "1", "days": "1", "day": "2025-03-31"} for reason in reasons]
    with override("zh-hans"):
        assert [reason for reason in kept if in_words(reason).isascii()] == []
