"""The tables decisions are made by, changed by whoever may, each change with its line in the trail.

The authority matrix takes two people: accounts/operations/deciding/matrix.py.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Decision, DecisionControl, DecisionRuleVersion, DecisionTerms, ReasonCode, ScopeValue
from accounts.operations.checks import check_reason
from accounts.operations.deciding.automatic import CAUSE_GONE
from accounts.operations.deciding.refusals import DecisionSettingRefused, StaleForm
from accounts.operations.deciding.standing import facts_day
from accounts.operations.deciding.texts import PLACEHOLDERS, placeholders_in
from accounts.operations.deciding.weighing import control
from accounts.roles import EDIT_REASONS, EDIT_SCOPE_VALUES, EDIT_TERMS, SWITCH_DECISIONS
from accounts.rules.decisions import OPEN_STATUSES
from riskops.shared.audit import Actor, record

AnyRow = TypeVar("AnyRow", bound=models.Model)
_NOT_VALUES: Final = {"id", "changed_at"}


def _values(row: models.Model) -> dict[str, Any]:
    return {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if f.attname not in _NOT_VALUES}


def _hold(row: AnyRow, said: Collection[str] | None) -> AnyRow | None:
    """Return a row as it is stored, locked; None where it is new. What was not said is taken over from there.

    What somebody else has changed since the row was read stays changed.

    :param said: the fields that whoever saves the row gave; None: all of them
    """
    stored = type(row)._default_manager.select_for_update().filter(pk=row.pk).first() if row.pk else None
    if stored is not None and said is not None:
        for field in row._meta.concrete_fields:
            if field.name not in said:
                setattr(row, field.attname, getattr(stored, field.attname))
    return stored


def _save(actor: Actor, action: str, row: AnyRow, subject_key: str, stored: AnyRow | None) -> None:
    """Validate and save a row, with what it was before.

    :param stored: what `_hold` returned
    """
    try:
        row.full_clean()
    except ValidationError as invalid:
        raise DecisionSettingRefused(" ".join(invalid.messages)) from None
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
def save_terms(*, actor: Actor, terms: DecisionTerms, said: Collection[str] | None = None) -> DecisionTerms:
    """Change the figures of an action; decisions taken before keep theirs.

    :param said: the fields that were given; the others stay as they are stored. None: all of them
    :raises DecisionSettingRefused: the figures contradict each other
    """
    _save(actor, EDIT_TERMS, terms, terms.action, _hold(terms, said))
    return terms


def _still_deciding(**naming: Any) -> DecisionRuleVersion | None:
    """Return a rule version that names something and decides, today or later; None where none does."""
    live = DecisionRuleVersion.objects.filter(status=DecisionRuleVersion.Status.LIVE, **naming)
    # One that has ended decides no more.
    return live.exclude(live_until__lte=facts_day() + timedelta(days=1)).first()


def _refuse_if_needed(reason: ReasonCode, stored: ReasonCode | None) -> None:
    """Refuse to take out of use, or to give to another action, a code without which rules and lifts fall silent."""
    if stored is None or (reason.is_active and (reason.code, reason.action) == (stored.code, stored.action)):
        return
    rule = _still_deciding(reason_id=reason.pk)
    if rule is not None:
        raise DecisionSettingRefused(
            _("%(rule)s is live and decides with “%(code)s”; retire the rule first.") % {"rule": str(rule), "code": stored.code}
        )
    # Cancelled for a customer who wants no decision that no person takes, it could not be proposed anew.
    count = Decision.objects.filter(reason_id=reason.pk, rule_version__isnull=False, status__in=OPEN_STATUSES).count()
    if count:
        text = ngettext(
            "%(count)s decision of a rule with “%(code)s” is proposed or not in force yet; let it take effect, reject or cancel "
            "it first.",
            "%(count)s decisions of rules with “%(code)s” are proposed or not in force yet; let them take effect, reject or "
            "cancel them first.",
            count,
        )
        raise DecisionSettingRefused(text % {"count": count, "code": stored.code})
    if stored.code == CAUSE_GONE:
        raise DecisionSettingRefused(
            _("The close lifts with “%(code)s” what has no cause any more; without it no restriction would end by itself.")
            % {"code": stored.code}
        )


@transaction.atomic
def save_reason_code(*, actor: Actor, reason: ReasonCode, said: Collection[str] | None = None) -> ReasonCode:
    """Add or change a reason code. What customers were told before stays as it was: each decision keeps its texts.

    :param said: the fields that were given; the others stay as they are stored. None: all of them
    :raises DecisionSettingRefused: a text is missing, or holds a placeholder that nothing is put into; a rule decides with the
        code, has decided what is not in force yet, or the close lifts with it, and it would be gone
    """
    stored = _hold(reason, said)
    _refuse_if_needed(reason, stored)
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
    _save(actor, EDIT_REASONS, reason, reason.code, stored)
    return reason


def _refuse_if_named(stored: ScopeValue) -> None:
    """Refuse to take out of use what a rule that decides names, or a decision that is not in force yet.

    The rule would fall silent. The decision would be lost when its customer wants no decision that no person takes: it is
    cancelled then and proposed anew, which nobody can who names a value out of use.
    """
    rule = _still_deciding(scope=stored.kind, scope_value=stored.code)
    if rule is not None:
        raise DecisionSettingRefused(
            _("%(rule)s is live and stops “%(code)s”; retire the rule first.") % {"rule": str(rule), "code": stored.code}
        )
    count = Decision.objects.filter(scope=stored.kind, scope_value=stored.code, status__in=OPEN_STATUSES).count()
    if count:
        text = ngettext(
            "%(count)s decision that stops “%(code)s” is proposed or not in force yet; let it take effect, reject or cancel "
            "it first.",
            "%(count)s decisions that stop “%(code)s” are proposed or not in force yet; let them take effect, reject or cancel "
            "them first.",
            count,
        )
        raise DecisionSettingRefused(text % {"count": count, "code": stored.code})


@transaction.atomic
def save_scope_value(*, actor: Actor, value: ScopeValue, said: Collection[str] | None = None) -> ScopeValue:
    """Add or change a channel or category that a suspension may name. What is decided keeps it, and is called by its new name.

    Whoever takes one out of use waits for decisions and approvals of rules in flight that name it (`hold_scope_value`).

    :param said: the fields that were given; the others stay as they are stored. None: all of them
    :raises DecisionSettingRefused: a name is missing, it is there already, its code would change, or a rule that decides or a
        decision that is not in force yet names it and it would be gone
    """
    value.code, value.name_en, value.name_zh = value.code.strip(), value.name_en.strip(), value.name_zh.strip()
    stored = _hold(value, said)
    if stored is not None:
        if (stored.kind, stored.code) != (value.kind, value.code):
            raise DecisionSettingRefused(
                _("“%(code)s” stands in decisions and stays as it is; add another one, and take this one out of use.")
                % {"code": stored.code}
            )
        if stored.is_active and not value.is_active:
            _refuse_if_named(stored)
    _save(actor, EDIT_SCOPE_VALUES, value, f"{value.kind}: {value.code}", stored)
    return value


@transaction.atomic
def save_control(*, actor: Actor, changed: DecisionControl, said: Collection[str] | None = None) -> DecisionControl:
    """Change the figures that belong to no single action. The switch has an operation of its own.

    :param said: the fields that were given; the others stay as they are stored. None: all of them
    :raises DecisionSettingRefused: a figure that cannot be
    """
    changed.pk = 1
    # Locked before the switch is read: a switch thrown meanwhile is not thrown back.
    stored = _hold(changed, said)
    now = stored or control()
    changed.is_automatic_stopped, changed.stop_reason = now.is_automatic_stopped, now.stop_reason
    changed.changed_by_name = actor.name
    _save(actor, EDIT_TERMS, changed, "control", stored)
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
