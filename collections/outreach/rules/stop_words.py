"""The words by which customers say that they want no more messages, or want them again. Plain text, no Django."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import Final


class Wish(StrEnum):
    """What a reply asks for."""

    STOP = "stop"
    START = "start"
    OTHER = "other"


#: T, TD, N, R and 0000 are what Chinese carriers' messages tell people to answer; the English ones are the CTIA's.
_STOP: Final = frozenset(
    {
        *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out", "opt-out"),
        *("t", "td", "n", "r", "0000", "00000", "退", "退订", "退訂", "拒收", "取消", "取消订阅", "停止", "不要再发", "别再发了"),
    }
)
_START: Final = frozenset({"start", "unstop", "subscribe", "optin", "opt in", "opt-in", "订阅", "訂閱", "恢复", "恢复订阅"})


def wish_of(text: str) -> Wish:
    """Return what a reply asks for: the whole of it must be the word, whatever its width, case and punctuation around it."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    begin, end = 0, len(plain)
    while begin < end and not plain[begin].isalnum():
        begin += 1
    while end > begin and not plain[end - 1].isalnum():
        end -= 1
    word = plain[begin:end]
    if word in _STOP:
        return Wish.STOP
    return Wish.START if word in _START else Wish.OTHER
