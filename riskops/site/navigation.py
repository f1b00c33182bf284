"""The navigation on the left: one list, shown by role, with nothing in it that does not exist yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from riskops.shared.roles import may


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation: its name, its url name, and the operation that opens it."""

    label: Promise
    url_name: str
    operation: str


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as one person sees it."""

    label: Promise
    url: str
    is_current: bool
    key: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its links."""

    label: Promise
    links: tuple[Link, ...]


#: The letter after g that leads to a page.
GO_KEYS: Final = {
    "worklist": "w",
    "queues": "q",
    "accounts:list": "a",
    "accounts:reviews": "r",
    "accounts:decisions": "d",
    "accounts:applications": "l",
    "casework:disputes": "x",
    "dashboards:portfolio": "p",
    "accounts:imports": "i",
    "accounts:readings": "e",
    "jobs": "j",
    "casework:policies": "t",
    "outreach:log": "c",
    "outreach:outbox": "o",
    "teams": "m",
    "audit": "u",
}

NAVIGATION: Final[tuple[tuple[Promise, tuple[Entry, ...]], ...]] = (
    (
        _("Work"),
        (
            Entry(_("Worklist"), "worklist", "work.view"),
            Entry(_("Queues"), "queues", "work.view"),
            Entry(_("Accounts"), "accounts:list", "account.view"),
            Entry(_("Cases"), "cases", "case.view"),
            Entry(_("Promises"), "promises", "promise.view"),
            Entry(_("Reviews"), "accounts:reviews", "review.view"),
            Entry(_("Decisions"), "accounts:decisions", "decision.view"),
            Entry(_("Applications"), "accounts:applications", "application.view"),
            Entry(_("Plans"), "casework:plans", "plan.view"),
            Entry(_("Disputes"), "casework:disputes", "dispute.view"),
            Entry(_("Handled with care"), "casework:care_customers", "vulnerability.view"),
            Entry(_("Letters"), "recovery:letters", "letter.view"),
            Entry(_("Legal"), "recovery:legal", "legal_case.view"),
            Entry(_("Agencies"), "agencies:list", "agency.view"),
            Entry(_("Write-offs"), "recovery:write_offs", "write_off.view"),
            Entry(_("Recoveries"), "recovery:recoveries", "recovery.view"),
            Entry(_("My placements"), "agencies:own", "own_placement.see"),
        ),
    ),
    (
        _("Outreach"),
        (
            Entry(_("Strategy"), "outreach:strategies", "strategy.view"),
            Entry(_("Templates"), "outreach:templates", "message_template.view"),
            Entry(_("Outbox"), "outreach:outbox", "outbox.view"),
            Entry(_("Replies"), "outreach:replies", "reply.view"),
            Entry(_("Contact log"), "outreach:log", "contact_log.view"),
            Entry(_("Experiments"), "outreach:experiments", "experiment.view"),
            Entry(pgettext_lazy("outreach", "Channels"), "outreach:channels", "channel.view"),
            Entry(_("Education"), "outreach:articles", "education.view"),
            Entry(_("Delivery providers"), "outreach:providers", "provider.view"),
        ),
    ),
    (
        _("Dashboards"),
        (
            Entry(_("Portfolio"), "dashboards:portfolio", "dashboard.view"),
            Entry(_("Relief"), "dashboards:relief", "dashboard.view"),
        ),
    ),
    (
        _("Book"),
        (
            Entry(_("Import"), "accounts:imports", "portfolio.import"),
            Entry(_("Exports & checks"), "accounts:readings", "account.export"),
            Entry(_("Debits"), "accounts:debits", "debit.view"),
            Entry(_("Repayment simulator"), "accounts:simulator", "simulation.view"),
            Entry(_("Products"), "admin:accounts_product_changelist", "product.view"),
            Entry(_("Jobs"), "jobs", "close.view"),
        ),
    ),
    (
        _("Settings"),
        (
            Entry(_("Proposal rules"), "accounts:proposal_rules", "application.view"),
            Entry(_("Figures of conduct"), "admin:accounts_conductfigure_changelist", "product.view"),
            Entry(_("Caps on granting"), "admin:accounts_lendingcap_changelist", "application.view"),
            Entry(_("Decision rules"), "accounts:decision_rules", "decision.view"),
            Entry(_("Authority matrix"), "accounts:authority", "decision.view"),
            Entry(_("Write-off rules"), "recovery:write_off_rules", "write_off_rule.view"),
            Entry(_("Reason codes"), "admin:accounts_reasoncode_changelist", "decision.view"),
            Entry(_("Channels & categories"), "admin:accounts_scopevalue_changelist", "decision.view"),
            Entry(_("Decision terms"), "admin:accounts_decisionterms_changelist", "decision.view"),
            Entry(_("Agreements"), "admin:accounts_agreementversion_changelist", "decision.view"),
            Entry(_("Tiers"), "casework:policies", "tier_policy.view"),
            Entry(_("Kinds of disputes"), "admin:casework_disputekind_changelist", "dispute.view"),
            Entry(_("Reply letters"), "admin:casework_replytemplate_changelist", "dispute.view"),
            Entry(_("Settings of cases"), "case-settings", "case.view"),
            Entry(_("Contact policy"), "outreach:policies", "contact_policy.view"),
            Entry(_("People and roles"), "people", "people.view"),
            Entry(_("Teams"), "teams", "team.view"),
            Entry(_("Schedules"), "admin:django_celery_beat_periodictask_changelist", "schedule.edit"),
            Entry(_("Expected feeds"), "admin:shared_feed_changelist", "schedule.edit"),
            Entry(_("Audit"), "audit", "audit.view"),
            Entry(_("API"), "api-docs", "api.use"),
        ),
    ),
)


def sections_for(user: Any, path: str) -> tuple[Section, ...]:
    """Return the sections a person may open; the link with the longest address that starts `path` is current."""
    found = []
    for label, entries in NAVIGATION:
        addresses = [(entry, address(entry.url_name)) for entry in entries]
        found.append((label, [(entry, url) for entry, url in addresses if url and may(user, entry.operation)]))
    current = max((url for _label, links in found for _entry, url in links if path.startswith(url)), key=len, default="")
    return tuple(
        Section(label, tuple(Link(entry.label, url, url == current, GO_KEYS.get(entry.url_name, "")) for entry, url in links))
        for label, links in found
        if links
    )


@cache
def address(url_name: str) -> str:
    """Return the address of a page, "" if this installation has none of that name: every page asks for forty of them."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""
