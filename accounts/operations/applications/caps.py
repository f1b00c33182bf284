"""The caps on granting, changed by whoever may, each change with its line in the trail."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import LendingCap
from accounts.operations.deciding.refusals import DecisionSettingRefused
from accounts.roles import EDIT_CAPS
from riskops.shared.audit import Actor, record
from riskops.shared.money import UnknownCurrency, minor_digits


@transaction.atomic
def save_cap(*, actor: Actor, cap: LendingCap) -> LendingCap:
    """Add or change a cap. What was granted before keeps the caps it was judged by.

    :raises DecisionSettingRefused: the figures contradict each other, or the currency is none
    """
    try:
        cap.full_clean()
        if cap.currency:
            minor_digits(cap.currency)
    except ValidationError as invalid:
        raise DecisionSettingRefused(" ".join(invalid.messages)) from None
    except UnknownCurrency:
        raise DecisionSettingRefused(_("“%(code)s” is no currency of ISO 4217.") % {"code": cap.currency}) from None
    stored = LendingCap.objects.select_for_update().filter(pk=cap.pk).first() if cap.pk else None
    before = _values(stored) if stored else None
    cap.save()
    record(actor=actor, action=EDIT_CAPS, subject_type="lendingcap", subject_key=cap.code, before=before, after=_values(cap))
    return cap


def _values(cap: LendingCap) -> dict[str, Any]:
    return {name: getattr(cap, name) for name in ("code", "kind", "currency", "most", "source", "is_active")}
