"""Words of the page of channels."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from outreach.queries.channels import StopGroup
from riskops.shared.wording import number_text

GROUP_NAMES: Final[dict[StopGroup, Promise]] = {
    StopGroup.PAID: pgettext_lazy("stopped because", "paid"),
    StopGroup.ARRANGED: pgettext_lazy("stopped because", "promise or plan"),
    StopGroup.DISPUTED: pgettext_lazy("stopped because", "dispute"),
    StopGroup.POLICY: pgettext_lazy("stopped because", "contact policy"),
    StopGroup.OVERTAKEN: pgettext_lazy("stopped because", "a later step took its place"),
    StopGroup.TOO_LATE: pgettext_lazy("stopped because", "too late"),
    StopGroup.PERSON: pgettext_lazy("stopped because", "by a person"),
    StopGroup.OTHER: pgettext_lazy("stopped because", "other reasons"),
}


def minutes_text(minutes: float | None) -> str:
    """Return a median of minutes: `3 min`, `2.5 min`, `1 h 5 min`; an en dash for none."""
    if minutes is None:
        return "–"
    if minutes < 60:
        return _("%(minutes)s min") % {"minutes": f"{minutes:g}"}
    hours, rest = divmod(round(minutes), 60)
    return _("%(hours)s h %(minutes)s min") % {"hours": number_text(hours), "minutes": rest}
