"""Promises and plans by what happened to them in a span of days: what a figure of the dashboards counts, as a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Final
from urllib.parse import urlencode

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import Promise as Words
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from casework.models import Plan, PlanEvent, Promise
from riskops.shared.wording import day_text

#: What happens to promises and to plans, by the names that the counters of relief have for it.
PROMISE_STEPS: Final = ("opened", "open", "kept", "partly", "broken")
PLAN_STEPS: Final = ("opened", "open", "paid", "cured", "broken")
STEP_NAMES: Final[dict[str, Words]] = {
    "opened": pgettext_lazy("relief step", "opened"),
    "open": pgettext_lazy("relief step", "open"),
    "kept": pgettext_lazy("relief step", "kept"),
    "partly": pgettext_lazy("relief step", "partly kept"),
    "broken": pgettext_lazy("relief step", "broken"),
    "paid": pgettext_lazy("relief step", "paid off"),
    "cured": pgettext_lazy("relief step", "cured"),
}
_PAID: Final = Q(status__in=(Plan.Status.PAID, Plan.Status.CURED))


class StepMalformed(ValueError):
    """What is asked for is no step, or has no days. `about` names the parameter."""

    def __init__(self, about: str, text: str) -> None:
        super().__init__(text)
        self.about = about


@dataclass(frozen=True, slots=True)
class StepFilter:
    """A step, and the days in which it was taken. `open` is how things stood at the close of `until`; it has no `since`.

    The same rows as `dashboards/metrics/relief.py` counts; a test follows each figure to its list.
    """

    step: str
    until: date
    since: date | None = None
    currency: str = ""
    product: str = ""

    @property
    def query(self) -> str:
        """The parameters of an address, as `read_step` takes them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return urlencode({name: str(value) for name, value in values.items() if value})

    @property
    def words(self) -> str:
        """What is listed: `paid off, 1 Jul 2025 to 11 Jul 2025 · CNY`."""
        if self.since is None:
            days = _("at the close of %(day)s") % {"day": day_text(self.until)}
        else:
            days = _("%(first)s to %(last)s") % {"first": day_text(self.since), "last": day_text(self.until)}
        said = _("%(step)s, %(days)s") % {"step": STEP_NAMES[self.step], "days": days}
        return " · ".join(filter(None, (said, self.currency, self.product)))

    def promises(self, rows: QuerySet[Promise]) -> QuerySet[Promise]:
        """Return those promises that took the step."""
        rows = rows.filter(self._of_book("product"))
        if self.step == "opened":
            return rows.filter(made_on__range=self._days)
        if self.step == "open":
            return rows.filter(Q(decided_on=None) | Q(decided_on__gt=self.until), made_on__lte=self.until)
        return rows.filter(status=self.step, decided_on__range=self._days)

    def plans(self, rows: QuerySet[Plan]) -> QuerySet[Plan]:
        """Return those plans that took the step. One that was paid, undone and paid again was paid the last time."""
        paid = PlanEvent.objects.filter(plan=OuterRef("pk"), kind=PlanEvent.Kind.PAID).order_by()
        paid_on = Subquery(paid.values("plan").annotate(last=Max("day")).values("last"))
        rows = rows.filter(self._of_book("account__product")).annotate(paid_on=paid_on)
        if self.step == "opened":
            return rows.filter(signed_on__range=self._days)
        if self.step == "open":
            not_paid = ~_PAID | Q(paid_on=None) | Q(paid_on__gt=self.until)
            not_broken = ~Q(status=Plan.Status.BROKEN) | Q(ended_on=None) | Q(ended_on__gt=self.until)
            return rows.filter(not_paid, not_broken, signed_on__lte=self.until)
        if self.step == "paid":
            return rows.filter(_PAID, paid_on__range=self._days)
        return rows.filter(status=self.step, ended_on__range=self._days)

    @property
    def _days(self) -> tuple[date, date]:
        return (self.since or date.min, self.until)

    def _of_book(self, product: str) -> Q:
        chosen = {"currency": self.currency, "product_code": self.product}
        return Q(**{f"{product}__{column}": value for column, value in chosen.items() if value})


def read_step(parameters: Mapping[str, str], steps: tuple[str, ...]) -> StepFilter | None:
    """Return the step that parameters of an address ask for; None where they name none.

    :raises StepMalformed: there is no such step, or no such days
    """
    step = parameters.get("step", "")
    if not step:
        return None
    if step not in steps:
        raise StepMalformed(
            "step", _("There is no step %(step)s. It is one of: %(steps)s.") % {"step": step, "steps": ", ".join(steps)}
        )
    until = _day(parameters, "until")
    since = None if step == "open" else _day(parameters, "since")
    return StepFilter(step, until, since, parameters.get("currency", ""), parameters.get("product", ""))


def asked_step(parameters: Mapping[str, str], steps: tuple[str, ...]) -> tuple[StepFilter | None, str]:
    """Return the step that a page is asked for, and why what was asked is left out; "" where nothing is."""
    try:
        return read_step(parameters, steps), ""
    except StepMalformed as malformed:
        return None, str(malformed)


def _day(parameters: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(parameters.get(name, ""))
    except ValueError:
        raise StepMalformed(name, _("%(name)s is no day. Write it as in 2026-03-31.") % {"name": name}) from None
