"""The reason codes of reviews: added, reworded, taken out of use. None is deleted, since closed reviews carry them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import ReviewReason
from accounts.operations.review_refusals import ReasonMalformed
from accounts.roles import EDIT_REVIEW_REASONS
from riskops.shared.audit import Actor, record


@transaction.atomic
def save_review_reason(*, actor: Actor, code: str, name_en: str, name_zh: str, is_active: bool = True) -> ReviewReason:
    """Add a reason code, or change the one there is. The very same again changes nothing.

    :raises ReasonMalformed: the code or a name cannot be; the message says which
    """
    reason = ReviewReason.objects.select_for_update().filter(code=code).first()
    before = _as_recorded(reason) if reason else None
    reason = reason or ReviewReason(code=code)
    reason.name_en, reason.name_zh, reason.is_active = name_en.strip(), name_zh.strip(), is_active
    if before == _as_recorded(reason):
        return reason
    try:
        reason.full_clean()
    except ValidationError as invalid:
        raise ReasonMalformed(" ".join(invalid.messages)) from None
    reason.save()
    record(
        actor=actor,
        action=EDIT_REVIEW_REASONS,
        subject_type="review_reason",
        subject_key=reason.code,
        before=before,
        after=_as_recorded(reason),
    )
    return reason


def _as_recorded(reason: ReviewReason) -> dict[str, Any]:
    return {name: getattr(reason, name) for name in ("name_en", "name_zh", "is_active")}
