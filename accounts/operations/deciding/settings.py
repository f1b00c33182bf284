"""The tables decisions are made by, changed by whoever may, each change with its line in the trail.

The authority matrix takes two people: accounts/operations/deciding/matrix.py.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _

from accounts.models import DecisionControl, DecisionRuleVersion, DecisionTerms, ReasonCode, ScopeValue
from accounts.operations.checks import check_reason
from accounts.operations.deciding.automatic import CAUSE_GONE
from accounts.operations.deciding.refusals import DecisionSettingRefused, StaleForm
from accounts.operations.deciding.standing import facts_day
from accounts.operations.deciding.texts import PLACEHOLDERS, placeholders_in
from accounts.operations.deciding.weighing import control
from accounts.roles import EDIT_REASONS, EDIT_SCOPE_VALUES, EDIT_TERMS, SWITCH_DECISIONS
from riskops.shared.audit import Actor, record

_NOT_VALUES: Final = {"id", "changed_at"}


def _values(row: models.Model) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in _NOT_VALUES}


def _save(actor: Actor, action: str, row: models.Model, subject_key: str) -> None:
    """Validate and save a row, with what it was before."""
    try:
        row.full_clean()
    except ValidationError as invalid:
        raise DecisionSettingRefused(" ".join(invalid.messages)) from None
    stored = type(row)._default_manager.select_for_update().filter(pk=row.pk).first() if row.pk else None
    before = _values(stored) if stored else None
    row.save()
    record(
        actor=actor,
        action=action,
        subject_type=row._meta.model_name or "",
        subject_key=subject_key,
        before=before,
        after=_values(row),
    )


@transaction.atomic
def save_terms(*, actor: Actor, terms: DecisionTerms) -> DecisionTerms:
    """Change the figures of an action; decisions taken before keep theirs.

    :raises DecisionSettingRefused: the figures contradict each other
    """
    _save(actor, EDIT_TERMS, terms, terms.action)
    return terms


def _still_deciding(**naming: Any) -> DecisionRuleVersion | None:
    """Return a rule version that names something and decides, today or later; None where none does."""
    live = DecisionRuleVersion.objects.filter(status=DecisionRuleVersion.Status.LIVE, **naming)
    # One that has ended decides no more.
    return live.exclude(live_until__lte=facts_day() + timedelta(days=1)).first()


def _refuse_if_needed(reason: ReasonCode) -> None:
    """Refuse to take out of use, or to give to another action, a code without which rules and lifts fall silent."""
    stored = ReasonCode.objects.filter(pk=reason.pk).first() if reason.pk else None
    if stored is None or (reason.is_active and (reason.code, reason.action) == (stored.code, stored.action)):
        return
    rule = _still_deciding(reason_id=reason.pk)
    if rule is not None:
        raise DecisionSettingRefused(
            _("%(rule)s is live and decides with “%(code)s”; retire the rule first.") % {"rule": str(rule), "code": stored.code}
        )
    if stored.code == CAUSE_GONE:
        raise DecisionSettingRefused(
            _("The close lifts with “%(code)s” what has no cause any more; without it no restriction would end by itself.")
            % {"code": stored.code}
        )


@transaction.atomic
def save_reason_code(*, actor: Actor, reason: ReasonCode) -> ReasonCode:
    """Add or change a reason code. What customers were told before stays as it was: each decision keeps its texts.

    :raises DecisionSettingRefused: a text is missing, or holds a placeholder that nothing is put into; a rule decides with the
        code, or the close lifts with it, and it would be gone
    """
    _refuse_if_needed(reason)
    for text in (reason.text_en, reason.text_zh):
        try:
            unknown = placeholders_in(text) - set(PLACEHOLDERS)
        except ValueError:
            unknown = {text}
        if unknown:
            raise DecisionSettingRefused(
                _("A text may hold %(known)s; %(unknown)s is none of them.")
                % {
                    "known": ", ".join(f"{{{name}}}" for name in PLACEHOLDERS),
                    "unknown": ", ".join(f"“{name}”" for name in sorted(unknown)),
                }
            )
    _save(actor, EDIT_REASONS, reason, reason.code)
    return reason


@transaction.atomic
def save_scope_value(*, actor: Actor, value: ScopeValue) -> ScopeValue:
    """Add or change a channel or category that a suspension may name. What is decided keeps it, and is called by its new name.

    :raises DecisionSettingRefused: a name is missing, it is there already, its code would change, or a rule that decides names it
        and it would be gone
    """
    value.code, value.name_en, value.name_zh = value.code.strip(), value.name_en.strip(), value.name_zh.strip()
    stored = ScopeValue.objects.filter(pk=value.pk).first() if value.pk else None
    if stored is not None:
        if (stored.kind, stored.code) != (value.kind, value.code):
            raise DecisionSettingRefused(
                _("“%(code)s” stands in decisions and stays as it is; add another one, and take this one out of use.")
                % {"code": stored.code}
            )
        rule = _still_deciding(scope=stored.kind, scope_value=stored.code) if stored.is_active and not value.is_active else None
        if rule is not None:
            raise DecisionSettingRefused(
                _("%(rule)s is live and stops “%(code)s”; retire the rule first.") % {"rule": str(rule), "code": stored.code}
            )
    _save(actor, EDIT_SCOPE_VALUES, value, f"{value.kind}: {value.code}")
    return value


@transaction.atomic
def save_control(*, actor: Actor, changed: DecisionControl) -> DecisionControl:
    """Change the figures that belong to no single action. The switch has an operation of its own.

    :raises DecisionSettingRefused: a figure that cannot be
    """
    changed.pk = 1
    stored = control()
    changed.is_automatic_stopped, changed.stop_reason = stored.is_automatic_stopped, stored.stop_reason
    changed.changed_by_name = actor.name
    _save(actor, EDIT_TERMS, changed, "control")
    return changed


@transaction.atomic
def switch_automatic(*, actor: Actor, stop: bool, reason: str, was_stopped: bool | None = None) -> DecisionControl:
    """Stop all automatic decisions at once, or let them start again. Decisions taken before stay as they are.

    :param was_stopped: how it stood when the form was opened; None does not ask
    :raises ReasonMissing: it must say why
    :raises StaleForm: somebody else switched it meanwhile
    """
    check_reason(reason)
    DecisionControl.objects.get_or_create(pk=1)
    row = DecisionControl.objects.select_for_update().get(pk=1)
    if was_stopped is not None and was_stopped != row.is_automatic_stopped:
        raise StaleForm("control", int(was_stopped), int(row.is_automatic_stopped))
    before = {"is_automatic_stopped": row.is_automatic_stopped, "reason": row.stop_reason}
    row.is_automatic_stopped, row.stop_reason = stop, reason.strip() if stop else ""
    row.changed_by_name = actor.name
    row.save()
    record(
        actor=actor,
        action=SWITCH_DECISIONS,
        subject_type="decisioncontrol",
        subject_key="control",
        before=before,
        after={"is_automatic_stopped": stop},
        reason=reason.strip(),
    )
    return row
