"""What stands around every page: the navigation, the business date and how its close stands, the book's label."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from riskops.shared.day import book_shown, close_shown
from riskops.shared.models import BookState, CloseRun, CloseShard
from riskops.shared.roles import ROLE_NAMES, Role, may, roles_of
from riskops.site.jobs.queries import STEP_NAMES
from riskops.site.keys import keys_written
from riskops.site.navigation import Section, address, sections_for

THEMES: Final = ("auto", "light", "dark")
THEME_COOKIE: Final = "riskops_theme"
BOOK_NAMES: Final[dict[str, Promise]] = {
    "sample": _("sample book"),
    "simulated": _("simulated book"),
    "synthetic": _("synthetic book"),
}


@dataclass(frozen=True, slots=True)
class CloseStatus:
    """The business date and the state of its close, in words. `tone` is ok, busy, wait, bad or none."""

    business_date: date | None
    tone: str
    text: str | Promise


class Shell:
    """Read lazily by the templates: a response without a page asks the database nothing."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = getattr(request, "user", None)

    @property
    def theme(self) -> str:
        """The theme the person chose: auto, light or dark."""
        chosen = self.request.COOKIES.get(THEME_COOKIE, "auto")
        return chosen if chosen in THEMES else "auto"

    @property
    def environment(self) -> str:
        """The name of the installation, e.g. local or production."""
        return settings.ENVIRONMENT_NAME

    @property
    def languages(self) -> list[tuple[str, str]]:
        """The languages the site speaks: code and own name."""
        return list(settings.LANGUAGES)

    @property
    def account_search_url(self) -> str:
        """Where the palette sends what is no page: the accounts list, for those who may see it."""
        return address("accounts:list") if may(self.user, "account.view") else ""

    @property
    def keys(self) -> SafeString:
        """The keys that are of use to this person, as `?` lists them."""
        return keys_written(self.user)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The navigation as this person may use it."""
        return sections_for(self.user, self.request.path)

    @cached_property
    def role_names(self) -> list[Promise]:
        """The person's roles, in the order of the role table."""
        held = roles_of(self.user)
        return [ROLE_NAMES[role] for role in Role if role in held]

    @cached_property
    def book(self) -> BookState:
        """The book's row, unsaved when nothing was ever loaded."""
        return book_shown()

    @property
    def book_name(self) -> Promise | None:
        """What the banner calls a book that is not the real one; None for the live book."""
        return BOOK_NAMES.get(self.book.book)

    @cached_property
    def close(self) -> CloseStatus:
        """The business date with the state of the close that is open, or of the last one."""
        business_date = self.book.business_date
        run = close_shown()
        if run is None:
            return CloseStatus(business_date, "none", gettext("no day closed yet"))
        return CloseStatus(business_date, *_in_words(run))


def _in_words(run: CloseRun) -> tuple[str, str]:
    if run.status == CloseRun.Status.COMPLETE:
        return ("wait", gettext("closed, provisional")) if run.is_provisional else ("ok", gettext("closed"))
    day = f"{run.business_date:%m-%d}"
    if run.status == CloseRun.Status.WAITING:
        return "wait", gettext("%(day)s waits for %(feeds)s") % {
            "day": day,
            "feeds": ", ".join(map(str, run.waiting_for)) or "?",
        }
    if run.status == CloseRun.Status.FAILED:
        failed = run.shards.filter(status=CloseShard.Status.FAILED).order_by("step_order", "number").first()
        return "bad", gettext("%(day)s failed at step %(step)s") % {
            "day": day,
            "step": STEP_NAMES.get(failed.step, failed.step) if failed else "?",
        }
    counted = run.shards.aggregate(total=Count("id"), done=Count("id", filter=Q(status=CloseShard.Status.DONE)))
    percent = 100 * counted["done"] // counted["total"] if counted["total"] else 0
    return "busy", gettext("%(day)s running, %(percent)s %%") % {"day": day, "percent": percent}


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context processor: give every template the `shell`."""
    return {"shell": Shell(request)}
