"""Tags and filters for every page: `{% load riskops %}`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django import template
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from riskops.shared import own_reasons, wording
from riskops.shared.audit_words import action_label, value_name, value_word
from riskops.shared.models import AuditEntry
from riskops.shared.roles import may as may_do

register = template.Library()

#: Names of accounts.rules.aging.CATEGORIES, by index, and of the parts of an instalment, by number.
CATEGORY_NAMES: Final[tuple[Promise, ...]] = (_("normal"), _("special mention"), _("substandard"), _("doubtful"), _("loss"))
#: The end of a shard that is open upwards, as the trail keeps it.
_NO_LAST_ACCOUNT: Final = 2**63 - 1
#: Characters of what an audit entry changed that are shown at once.
_LONG: Final = 240
COMPONENT_NAMES: Final[dict[int, Promise]] = {1: _("penalty"), 2: _("fee"), 3: _("interest"), 4: _("principal")}


@register.filter
def money(minor: int | None, currency: str) -> str:
    """`{{ row.overdue_minor|money:row.currency }}` → ¥ 3,204.10; nothing for None."""
    return "" if minor is None else wording.money_text(minor, currency)


@register.filter
def amount(minor: int | None, currency: str) -> str:
    """As `money`, without the sign, for a column that names its currency."""
    return "" if minor is None else wording.amount_text(minor, currency)


@register.filter
def day(value: date | None) -> str:
    """A day in the reader's language; an en dash for None."""
    return "–" if value is None else wording.day_text(value)


@register.filter
def short_day(value: date | None) -> str:
    """A day without its year."""
    return "–" if value is None else wording.short_day_text(value)


@register.filter
def month(value: date | None) -> str:
    """The month of a day."""
    return "–" if value is None else wording.month_text(value)


@register.filter
def moment(value: datetime | None) -> str:
    """A moment in the site's time zone, to the second; an en dash for None."""
    return "–" if value is None else wording.moment_text(value)


@register.filter
def number(value: int | None) -> str:
    """A whole number with its thousands separated."""
    return "" if value is None else wording.number_text(value)


@register.filter
def duration(seconds: float | None) -> str:
    """How long something took; nothing for None."""
    return "" if seconds is None else wording.duration_text(seconds)


@register.simple_tag
def percent(numerator: int, denominator: int, digits: int = 0) -> str:
    """`{% percent 37 50 %}` → 74 %."""
    return wording.percent_text(numerator, denominator, digits=digits)


@register.filter
def category_name(index: int) -> Promise:
    """The five-category class by its index."""
    return CATEGORY_NAMES[index]


@register.filter
def micro(value: int, currency: str) -> str:
    """Millionths of a minor unit with the decimals they have: penalty is kept exact."""
    return wording.micro_text(value, currency)


@register.filter
def component_name(number: int) -> Promise:
    """The part of an instalment by its number (accounts.rules.terms.Component)."""
    return COMPONENT_NAMES[int(number)]


@register.filter
def component_names(order: str) -> str:
    """A product's allocation order in words."""
    by_code = {"penalty": 1, "fee": 2, "interest": 3, "principal": 4}
    return " → ".join(str(COMPONENT_NAMES[by_code[code]]) for code in order.split(","))


@register.filter
def installment_name(entries: dict[int, Any], key: int) -> str:
    """Order number and sequence of the instalment with this id."""
    entry = entries[key]
    return f"{entry.order_no}/{entry.sequence}"


@register.simple_tag
def bucket(number: int, days_past_due: int | None = None) -> SafeString:
    """The bucket's badge: colour, label, and the days past due where given."""
    days = "" if days_past_due is None else format_html('<span class="badge-days">{}</span>', _("%s d") % days_past_due)
    return format_html('<span class="badge badge-m{0}"><i></i>m{0}{1}</span>', number, days)


@register.simple_tag
def tier(code: str, tiers: dict[str, Any]) -> SafeString:
    """The tier's badge: colour and name as `tiers` has them by code (`name`, `tone`); the bare code where it has none."""
    known = tiers.get(code)
    if known is None:
        return format_html('<span class="quiet">{}</span>', code)
    return format_html('<span class="badge badge-tier-{}" title="{}"><i></i>{}</span>', known.tone, code, known.name)


@register.filter
def in_words(reason: str) -> str:
    """A reason that the site wrote itself, in the language in use; a person's as it was typed."""
    return own_reasons.in_words(reason)


@register.filter
def operation_label(name: str) -> Promise | str:
    """What an action of the audit trail is called."""
    return action_label(name)


@register.filter
def changes(entry: AuditEntry, currency: str = "") -> SafeString:
    """What an audit entry changed: each value before and after, only the ones that differ where both are known.

    Where the currency is known, amounts are told as money and not in the minor units that the entry keeps.
    """
    before, after, about = entry.before or {}, entry.after or {}, entry.subject_type
    names = [name for name in {**before, **after} if before.get(name) != after.get(name) or not (before and after)]
    lines = []
    for name in names:
        was, became = before.get(name), after.get(name)
        was, became = _readable(was, name, currency, about), _readable(became, name, currency, about)
        values = became if name not in before else was if name not in after else f"{was} → {became}"
        lines.append((_value_name(name, currency, about), _folded(values)))
    return format_html_join("", '<span class="change"><span class="quiet">{}</span> {}</span> ', lines)


def _folded(values: Any) -> Any:
    """Return values as they are, long ones with their beginning shown and the whole under it: a policy fills pages."""
    text = str(values)
    if len(text) <= _LONG:
        return values
    return format_html("<details><summary>{}…</summary>{}</details>", text[: _LONG // 2], text)


def _value_name(name: str, currency: str, about: str = "") -> str:
    """Return what a value of an audit entry is called: in words; with the name's own unit where amounts stay in minor units."""
    if name.endswith("_minor") and not currency:
        return name
    return value_name(name, about)


def _readable(value: Any, name: str = "", currency: str = "", about: str = "") -> Any:
    """Return a value of an audit entry as people write it: a list without brackets, an open end as an ellipsis.

    :param name: what the entry calls it; amounts end in `_minor`
    :param currency: what amounts are in, where that is known; values kept together may name their own
    :param about: the type of the entry's subject
    """
    if isinstance(value, list):
        return ", ".join(str(_readable(item, name, currency, about)) for item in value) or "–"
    if isinstance(value, dict):
        own = str(value.get("currency") or currency)
        told = [f"{_value_name(key, own, about)} {_readable(item, key, own, about)}" for key, item in value.items()]
        return ", ".join(told) or "–"
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if currency and name.endswith("_minor") and isinstance(value, int):
        return money(value, currency)
    return "…" if value == _NO_LAST_ACCOUNT else value_word(value, name, about)


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], operation: str) -> bool:
    """`{% may "payment.post" as may_post %}`: whether the person on the page may do the operation."""
    request: HttpRequest = context["request"]
    return may_do(request.user, operation)


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The address bar's query with some parameters changed; None or "" removes one."""
    request: HttpRequest = context["request"]
    parameters = request.GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            parameters.pop(name, None)
        else:
            parameters[name] = str(value)
    text = parameters.urlencode()
    return f"?{text}" if text else request.path


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(
    context: dict[str, Any], onwards: object, *, name: str = "after", drop: str = "", target: str = "", anchor: str = ""
) -> dict[str, Any]:
    """`{% pager page.next_after %}`: the foot of a list that is read page by page; nothing where one page holds all.

    :param onwards: where the next page begins; None or "" on the last one
    :param name: the parameter of the address that it goes into; with "before" the words are those of time
    :param drop: a parameter that does not go along
    :param target: what htmx puts the page into instead of loading it
    :param anchor: where on the page the list stands
    """
    request: HttpRequest = context["request"]
    there = f"#{anchor}" if anchor else ""
    dropped = {drop: None} if drop else {}
    return {
        "first": query(context, **{name: None}, **dropped) + there if request.GET.get(name) else "",
        "onwards": "" if onwards in (None, "") else query(context, **{name: onwards}, **dropped) + there,
        "by_time": name == "before",
        "target": target,
    }
