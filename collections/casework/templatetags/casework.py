"""Tags and filters for pages of the casework: `{% load casework %}`."""

from __future__ import annotations

from typing import Any, Final

from django import template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from casework.models import Tier
from casework.queries.why import value_text
from riskops.shared.models import Team
from riskops.shared.rule_language import Compared, Operator
from riskops.shared.wording import number_text

register = template.Library()

#: Comparisons as people write them; what is not here is a word of the language itself.
_SIGNS: Final[dict[Operator, Promise | str]] = {
    Operator.NOT_EQUAL: "≠",
    Operator.LESS_OR_EQUAL: "≤",
    Operator.GREATER_OR_EQUAL: "≥",
    Operator.IN: _("one of"),
    Operator.NOT_IN: _("none of"),
}


@register.simple_tag
def tier_badge(code: str, tiers: dict[str, Tier] | None = None) -> SafeString:
    """The tier's badge: colour and name, or its code where the policy no longer has it; “no tier” for none."""
    tier = (tiers or {}).get(code)
    if not code:
        return format_html('<span class="quiet">{}</span>', _("no tier"))
    if tier is None:
        return format_html('<span class="badge"><i></i>{}</span>', code)
    return format_html('<span class="badge badge-tier-{}" title="{}"><i></i>{}</span>', tier.tone, tier.code, tier.name)


@register.filter
def intervention(code: str) -> Promise | str:
    """The name of an intervention."""
    names: dict[str, Any] = dict(Tier.Intervention.choices)
    return names.get(code, code)


@register.filter
def owner_kind(code: str) -> Promise | str:
    """The name of a kind of team."""
    names: dict[str, Any] = dict(Team.Kind.choices)
    return names.get(code, code)


@register.filter
def service_time(minutes: int | None) -> str:
    """Working minutes as hours and minutes; a dash for none."""
    if minutes is None:
        return "–"
    hours, rest = divmod(minutes, 60)
    if not rest:
        return str(_("%(hours)s h") % {"hours": number_text(hours)})
    return str(_("%(hours)s h %(minutes)s min") % {"hours": number_text(hours), "minutes": rest})


@register.filter
def operator_sign(operator: Operator) -> Promise | str:
    """A comparison as a sign."""
    sign: Promise | str = _SIGNS.get(operator, operator.value)
    return sign


@register.filter
def wanted(compared: Compared) -> str:
    """What a comparison asks for."""
    values = compared.wanted if isinstance(compared.wanted, tuple) else (compared.wanted,)
    return ", ".join(str(value_text(compared.fact, value)) for value in values)


@register.filter
def found(compared: Compared) -> Any:
    """What the account has."""
    return value_text(compared.fact, compared.found)
