"""What the lines of the audit trail about plans keep as codes, in words."""

from __future__ import annotations

from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from casework.models import PlanAgreement

_COVERS: Final[dict[str, Promise]] = {
    "late": gettext_lazy("what is late, with its penalty"),
    "open": gettext_lazy("everything unpaid"),
}
#: How the reading of an agreement is kept: which one, and how it was looked at.
_READ: Final[dict[str, Promise]] = {".pdf": gettext_lazy("as a PDF"), ", on screen": gettext_lazy("on screen")}


def covers_word(value: Any) -> str:
    """Return what a plan takes over, in words."""
    return str(_COVERS.get(value, value))


def read_word(value: Any) -> str:
    """Return which agreement was read and how, in words, of `offered.pdf`, `draft, on screen` or `paper`."""
    if value == "paper":
        return _("as signed on paper")
    named = {**dict(PlanAgreement.Stage.choices), "draft": pgettext("agreement", "as a draft")}
    for ending, how in _READ.items():
        stage = str(value).removesuffix(ending)
        if stage != value and stage in named:
            return _("%(agreement)s, %(how)s") % {"agreement": named[stage], "how": how}
    return str(value)
