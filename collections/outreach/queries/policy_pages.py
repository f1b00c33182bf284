"""The pages of contact policies: every version of every profile, and one version beside the one that holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from outreach.models import ContactPolicy
from outreach.models.policies import HOLD_NAMES
from outreach.policies import live_policies
from outreach.rules.contacts import Hold
from riskops.shared.models import AuditEntry

#: What a figure goes back to, by its column. Everything else is the house's own choice.
SOURCES: Final[dict[str, Promise]] = {
    "opens_at": gettext_lazy("GB/T 45251-2025; CBA guideline 2026-01"),
    "effective_calls_a_day": gettext_lazy("GB/T 45251-2025"),
    "unanswered_a_day": gettext_lazy("CBA guideline 2026-01"),
    "calls_a_week": gettext_lazy("Regulation F, 12 CFR 1006"),
    "quiet_days_after_conversation": gettext_lazy("Regulation F, 12 CFR 1006"),
    "failures_to_be_lost": gettext_lazy("GB/T 45251-2025; CBA guideline 2026-01"),
    "is_opt_out_demanded": gettext_lazy("Regulation F, 12 CFR 1006"),
}


_LABELS: Final = {field.name: field.verbose_name for field in ContactPolicy._meta.concrete_fields}


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A version in the list. `holds`: on the day asked about."""

    policy: ContactPolicy
    holds: bool


@dataclass(frozen=True, slots=True)
class ProfileRows:
    """A profile with its versions, the latest first. `is_default`: products that no profile names follow it."""

    profile: str
    name: str
    is_default: bool
    live: ContactPolicy | None
    rows: tuple[PolicyRow, ...]
    in_work: ContactPolicy | None


@dataclass(frozen=True, slots=True)
class FigureLine:
    """A figure of a version, in words, beside that of the version that holds; `before` None where they agree."""

    label: str
    value: str
    before: str | None
    source: str


@dataclass(frozen=True, slots=True)
class PolicyPage:
    """One version. `compared`: the version that holds, where it is another one."""

    policy: ContactPolicy
    holds: bool
    compared: ContactPolicy | None
    lines: tuple[FigureLine, ...]
    audit: tuple[AuditEntry, ...]


def profiles(today: date) -> tuple[ProfileRows, ...]:
    """Return every profile, the site's own first, in two queries."""
    live = live_policies(today)
    by_profile: dict[str, list[ContactPolicy]] = {}
    for policy in ContactPolicy.objects.order_by("profile", "-version"):
        by_profile.setdefault(policy.profile, []).append(policy)
    found = []
    for profile, versions in by_profile.items():
        holding = live.get(profile)
        in_work = next((row for row in versions if row.status in ("draft", "proposed")), None)
        rows = tuple(PolicyRow(row, holding is not None and row.pk == holding.pk) for row in versions)
        found.append(
            ProfileRows(profile, (holding or versions[0]).name, profile == settings.CONTACT_PROFILE, holding, rows, in_work)
        )
    return tuple(sorted(found, key=lambda row: (not row.is_default, row.profile)))


def policy_page(policy: ContactPolicy, today: date, *, with_audit: bool) -> PolicyPage:
    """Return one version beside the one that holds."""
    live = live_policies(today).get(policy.profile)
    holds = live is not None and live.pk == policy.pk
    compared = None if holds else live
    audit = AuditEntry.objects.filter(subject_type="contact policy", subject_key=str(policy)).order_by("-id")[:50]
    return PolicyPage(policy, holds, compared, _lines(policy, compared), tuple(audit) if with_audit else ())


def _lines(policy: ContactPolicy, compared: ContactPolicy | None) -> tuple[FigureLine, ...]:
    mine, theirs = dict(said_in_words(policy)), dict(said_in_words(compared)) if compared else {}
    found = []
    for name, value in mine.items():
        before = theirs.get(name)
        label = _("hours of contact") if name == "opens_at" else str(_LABELS[name])
        source = SOURCES.get(name)
        found.append(FigureLine(label, value, before if before != value else None, str(source) if source else ""))
    return tuple(found)


def said_in_words(policy: ContactPolicy) -> Sequence[tuple[str, str]]:
    """Return what a version says, in the reader's language, by column. The hours stand under `opens_at`."""
    said: list[tuple[str, str]] = [("opens_at", f"{policy.opens_at:%H:%M}–{policy.closes_at:%H:%M}")]
    for name in ContactPolicy.SAID:
        if name in ("name_en", "name_zh", "note", "opens_at", "closes_at"):
            continue
        said.append((name, _in_words(name, getattr(policy, name))))
    return said


def _in_words(name: str, value: Any) -> str:
    if name == "products":
        return ", ".join(value) or _("none by name")
    if name == "notices_pass":
        return ", ".join(str(HOLD_NAMES[Hold(hold)]) for hold in value) or _("none")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return _("no such rule") if value is None else str(value)
