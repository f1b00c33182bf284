"""The kinds of disputes with their figures, and the reply letters: changed, never deleted, since disputes carry them."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from casework.dispute_roles import EDIT_DISPUTE_SETTINGS
from casework.models import DisputeKind, ReplyTemplate
from casework.operations.disputes import refusals
from casework.operations.disputes.opening import FIGURES
from casework.rules.disputes import PLACEHOLDERS, Outcome, placeholders_in
from riskops.shared.audit import Actor, record

KIND_COLUMNS: Final = ("name_en", "name_zh", "is_active", *FIGURES)


@transaction.atomic
def save_dispute_kind(*, actor: Actor, code: str, values: dict[str, Any]) -> DisputeKind:
    """Add a kind of dispute, or change the one there is; disputes taken in before keep their figures.

    :param values: any of `KIND_COLUMNS`; what is left out stays as it is
    :raises SettingMalformed: the code or a value cannot be; the message says which
    """
    kind = DisputeKind.objects.select_for_update().filter(code=code).first()
    before = _kind_as_recorded(kind) if kind else None
    kind = kind or DisputeKind(code=code)
    for name in KIND_COLUMNS:
        if name in values:
            setattr(kind, name, values[name].strip() if isinstance(values[name], str) else values[name])
    if before == _kind_as_recorded(kind):
        return kind
    try:
        kind.full_clean()
    except ValidationError as invalid:
        about = next(iter(invalid.message_dict))
        raise refusals.SettingMalformed(about, " ".join(invalid.message_dict[about])) from None
    kind.save()
    record(
        actor=actor,
        action=EDIT_DISPUTE_SETTINGS,
        subject_type="dispute_kind",
        subject_key=kind.code,
        before=before,
        after=_kind_as_recorded(kind),
    )
    return kind


@transaction.atomic
def save_reply_template(*, actor: Actor, outcome: str, text_en: str, text_zh: str) -> ReplyTemplate:
    """Change what letters of an outcome say around the answer. Letters that were sent stay as they were.

    :raises ValueUnknown: there is no such outcome
    :raises SettingMalformed: a text does not hold the answer, or holds braces that nothing fills
    """
    if outcome not in set(Outcome):
        raise refusals.ValueUnknown("outcome", outcome, [each.value for each in Outcome])
    texts = {"text_en": text_en.strip(), "text_zh": text_zh.strip()}
    for about, text in texts.items():
        check_reply_text(about, text)
    template = ReplyTemplate.objects.select_for_update().get(outcome=outcome)
    before = {name: getattr(template, name) for name in texts}
    if before == texts:
        return template
    for name, text in texts.items():
        setattr(template, name, text)
    template.save(update_fields=list(texts))
    record(
        actor=actor,
        action=EDIT_DISPUTE_SETTINGS,
        subject_type="reply_template",
        subject_key=outcome,
        before=before,
        after=texts,
    )
    return template


def check_reply_text(about: str, text: str) -> None:
    """Refuse a text of a reply letter that cannot be written.

    :raises SettingMalformed: says what is wrong
    """
    known = ", ".join("{" + name + "}" for name in PLACEHOLDERS)
    try:
        names = placeholders_in(text)
    except ValueError:
        raise refusals.SettingMalformed(
            about, _("The braces do not match; write names such as %(known)s and nothing else in braces.") % {"known": known}
        ) from None
    unknown = sorted(names - set(PLACEHOLDERS))
    if unknown:
        raise refusals.SettingMalformed(
            about, _("Nothing fills {%(name)s}; there are %(known)s.") % {"name": unknown[0], "known": known}
        )
    if "answer" not in names:
        raise refusals.SettingMalformed(about, _("The letter must hold {answer}: it is what the customer is told."))


def _kind_as_recorded(kind: DisputeKind) -> dict[str, Any]:
    return {name: getattr(kind, name) for name in KIND_COLUMNS}
