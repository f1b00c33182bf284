"""The keys: one table, shown by `?`, printed in the analyst's guide, and held against the scripts by a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import may
from riskops.site.navigation import GO_KEYS, NAVIGATION


@dataclass(frozen=True, slots=True)
class Key:
    """One line of the table.

    :param strokes: what is pressed, apart by blanks: `Ctrl K` together, `g w` one after the other, `1 … 9` a range
    :param operation: shown to those who may do it; empty: to all who see the group
    """

    strokes: str
    label: Promise | str
    operation: str = ""

    @property
    def caps(self) -> list[str]:
        """The keys, each to be drawn as one."""
        return self.strokes.split(" ")


@dataclass(frozen=True, slots=True)
class KeyGroup:
    """Keys that hold in one place; shown to those who may do `operation`, to everybody where it is empty."""

    label: Promise
    keys: tuple[Key, ...]
    operation: str = ""


#: Words of the strokes that are no keys.
NO_KEYS: Final = frozenset({"…"})

EVERYWHERE: Final = KeyGroup(
    _("Everywhere"),
    (
        Key("Ctrl K", _("go to any page or account; ⌘ K on a Mac")),
        Key("↑ ↓", _("choose among what Ctrl K found; Enter goes there")),
        Key("/", _("search on this page, else as Ctrl K")),
        Key("f", _("go to the first field of the page's form")),
        Key("[", _("show or hide the navigation")),
        Key("?", _("these keys")),
        Key("Esc", _("close, or leave the field")),
    ),
)
LISTS: Final = KeyGroup(
    _("In a list"),
    (
        Key("j", _("next row")),
        Key("k", _("previous row")),
        Key("Enter", _("open the row")),
    ),
)
GO_TO: Final = KeyGroup(
    _("Go to a page"),
    tuple(
        Key(f"g {GO_KEYS[entry.url_name]}", entry.label, entry.operation)
        for _section, entries in NAVIGATION
        for entry in entries
        if entry.url_name in GO_KEYS
    ),
)
WORKLIST: Final = KeyGroup(
    _("In the worklist"),
    (
        Key("n", _("take the next account"), "work.next"),
        Key("Enter", _("open the account beside the list")),
        Key("Esc", _("close what is open, then the account: back to its row")),
        Key("x", _("select the row"), "work.bulk"),
        Key("Shift x", _("select up to this row"), "work.bulk"),
        Key("a", _("assign the selected rows, or the open account"), "work.assign"),
        Key("s", _("snooze the selected rows, or the open account"), "work.snooze"),
        Key("u", _("undo what was just done"), "work.undo"),
    ),
    "work.view",
)
DESK: Final = KeyGroup(
    _("With an account open in the worklist"),
    (
        Key("m", _("take a promise to pay"), "promise.take"),
        Key("t", _("claim it"), "work.claim"),
        Key("1 … 9", _("record the outcome; the next account follows"), "work.outcome"),
        Key("r", _("remark to the outcome; Enter leads back to choose it"), "work.outcome"),
        Key("p", _("pass it on with a reason"), "work.skip"),
        Key("e", _("escalate it to the lead"), "work.escalate"),
        Key("b", _("boost it, for team leads and managers"), "work.boost"),
        Key("c", _("write the note"), "work_note.write"),
        Key("Ctrl Enter", _("save the note, or send the open form"), "work_note.write"),
        Key("w", _("why it is here, and in its tier")),
        Key("o", _("open the whole account")),
        Key("l", _("when the customer may be called, and call"), "contact.view"),
        Key("d", _("propose a decision"), "decision.propose"),
    ),
    "work.view",
)
ACCOUNT: Final = KeyGroup(
    _("On the page of an account"),
    (
        Key(".", _("next part: payments, aging, decisions, audit")),
        Key(",", _("previous part")),
        Key("d", _("propose a decision"), "decision.propose"),
        Key("v", _("reveal personal data, with a reason"), "customer.reveal"),
    ),
    "account.view",
)
REVIEWS: Final = KeyGroup(
    _("In reviews"),
    (
        Key("n", _("take the review that waits longest"), "review.work"),
        Key("t", _("take the marked or the open review"), "review.work"),
        Key("o", _("go to the outcome"), "review.work"),
        Key("Ctrl Enter", _("save the review"), "review.work"),
        Key("Ctrl Shift Enter", _("close the review with its outcome"), "review.work"),
    ),
    "review.view",
)
KEY_TABLE: Final = (EVERYWHERE, GO_TO, LISTS, WORKLIST, DESK, ACCOUNT, REVIEWS)


def keys_written(user: Any) -> SafeString:
    """Return the keys that are of use to a person, group by group, as the help shows them in the language of the moment.

    They stand on every page and are the same for all who may do the same: written once, not once a page.
    """
    shown = []
    for number, group in enumerate(KEY_TABLE):
        if not group.operation or may(user, group.operation):
            places = tuple(n for n, key in enumerate(group.keys) if not key.operation or may(user, key.operation))
            shown.append((number, places))
    return _written(get_language(), tuple(shown))


@lru_cache(maxsize=256)
def _written(_language: str | None, shown: tuple[tuple[int, tuple[int, ...]], ...]) -> SafeString:
    groups = [
        replace(KEY_TABLE[number], keys=tuple(KEY_TABLE[number].keys[place] for place in places))
        for number, places in shown
        if places
    ]
    return render_to_string("components/key_groups.html", {"groups": groups})
