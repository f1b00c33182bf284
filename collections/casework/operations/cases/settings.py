"""What cases go by: figures and terms of promises in versions, outcome codes, the script. Each change is in the trail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts.models import Product
from accounts.operations.checks import check_reason
from casework.lateness import NONE_RECORDED
from casework.models import CaseFigures, CasePrompt, LatenessReason, OutcomeCode, PromiseTerms
from casework.operations.cases.refusals import SettingChanged, SettingMalformed, SettingUnknown
from casework.queries.cases.open_cases import figures_in_force
from casework.queries.promises.terms import terms_of
from casework.work_roles import EDIT_LATENESS_REASONS, EDIT_OUTCOME_CODES, EDIT_PROMPTS, SET_CASE_FIGURES, SET_PROMISE_TERMS
from riskops.shared.audit import Actor, record

AnyRow = TypeVar("AnyRow", bound=models.Model)

FIGURES: Final = ("work_from_days", "pursue_from_days", "redefault_days")
TERMS: Final = (
    "grace_days", "tolerance_bp", "tolerance_minor", "partly_from_bp", "most_days", "most_parts", "most_broken_in_a_row",
    "reversal_days",
)  # fmt: skip
OUTCOME_FIELDS: Final = (
    "action", "result", "name_en", "name_zh", "key", "rest_days", "is_success", "is_right_party", "next_action",
    "next_action_days", "is_active",
)  # fmt: skip
REASON_FIELDS: Final = ("position", "name_en", "name_zh", "is_active")
PROMPT_FIELDS: Final = ("stage", "position", "text_en", "text_zh", "is_active")
#: What people may set, smallest and largest.
_BOUNDS: Final = {
    "work_from_days": (2, 3_650), "pursue_from_days": (3, 3_650), "redefault_days": (0, 3_650),
    "grace_days": (0, 30), "tolerance_bp": (0, 5_000), "tolerance_minor": (0, 10**9), "partly_from_bp": (0, 10_000),
    "most_days": (1, 366), "most_parts": (1, 60), "most_broken_in_a_row": (1, 100), "reversal_days": (0, 366),
    "rest_days": (0, 366), "next_action_days": (0, 180), "position": (0, 30_000),
}  # fmt: skip
_CODE: Final = re.compile(r"[a-z0-9_]{1,20}")


@transaction.atomic
def set_case_figures(*, actor: Actor, values: Mapping[str, int], version: int, reason: str, now: datetime) -> CaseFigures:
    """Put other figures in force over the version that was read; cases move by them from the next close on.

    :param values: by the names in `FIGURES`
    :raises SettingChanged: others are in force by now
    :raises SettingMalformed: a figure out of its bounds, or stages out of order
    :raises ReasonMissing: nothing is written in it
    """
    check_reason(reason)
    standing = figures_in_force()
    if standing.version != version:
        raise SettingChanged
    _refuse_bounds(values, FIGURES)
    if values["pursue_from_days"] <= values["work_from_days"]:
        raise SettingMalformed("pursue_from_days", _("“Pursue” begins after “work”: give a larger number of days."))
    made = CaseFigures(version=version + 1, author_id=actor.user_id, author_name=actor.name, reason=reason, made_at=now, **values)
    _insert(made)
    _record(actor, SET_CASE_FIGURES, "case_figures", str(made.version), _of(standing, FIGURES), _of(made, FIGURES), reason)
    return made


@transaction.atomic
def set_promise_terms(
    *, actor: Actor, product_code: str, values: Mapping[str, int], version: int, reason: str, now: datetime
) -> PromiseTerms:
    """Put other terms of promises in force; promises taken before keep theirs.

    :param product_code: the product whose own they are, "" for all without terms of their own
    :param values: by the names in `TERMS`
    :param version: the version that was read, 0 for a product without terms of its own
    :raises SettingUnknown: no such product
    :raises SettingChanged: others are in force by now
    :raises SettingMalformed: a figure out of its bounds
    :raises ReasonMissing: nothing is written in it
    """
    check_reason(reason)
    product = Product.objects.filter(product_code=product_code).first() if product_code else None
    if product_code and product is None:
        raise SettingUnknown(product_code)
    standing = terms_of(product.pk if product else None)
    if standing.version != version:
        raise SettingChanged
    _refuse_bounds(values, TERMS)
    made = PromiseTerms(
        product=product,
        version=version + 1,
        author_id=actor.user_id,
        author_name=actor.name,
        reason=reason,
        made_at=now,
        **values,
    )
    _insert(made)
    before, after = _of(standing, TERMS), _of(made, TERMS)
    _record(actor, SET_PROMISE_TERMS, "promise_terms", product_code or "*", before if version else None, after, reason)
    return made


@transaction.atomic
def save_outcome_code(*, actor: Actor, code: str, values: Mapping[str, Any], version: int | None) -> OutcomeCode:
    """Add an outcome code (`version` None) or change one that was read at a version.

    :param values: by the names in `OUTCOME_FIELDS`
    :raises SettingUnknown, SettingChanged: there is none of that version
    :raises SettingMalformed: a code, name, key or pair of action and result that cannot be
    """
    if version is None:
        if not _CODE.fullmatch(code):
            raise SettingMalformed("code", _("A code has up to 20 small letters, digits and underscores: wrong_number."))
        if OutcomeCode.objects.filter(code=code).exists():
            raise SettingMalformed("code", _("There is an outcome “%(code)s” already; give another code.") % {"code": code})
    row = _held(OutcomeCode, {"code": code}, version) or OutcomeCode(code=code)
    before = _of(row, OUTCOME_FIELDS) if row.pk else None
    _refuse_bounds(values, ("rest_days", "next_action_days"))
    _save(row, values, before)
    _record(actor, EDIT_OUTCOME_CODES, "outcome_code", code, before, _of(row, OUTCOME_FIELDS), "")
    return row


@transaction.atomic
def save_lateness_reason(*, actor: Actor, code: str, values: Mapping[str, Any], version: int | None) -> LatenessReason:
    """Add a reason for lateness (`version` None) or change one that was read at a version. Cases keep what they name.

    :param values: by the names in `REASON_FIELDS`
    :raises SettingUnknown, SettingChanged: there is none of that version
    :raises SettingMalformed: a code or name that cannot be, or “not said” taken out of use
    """
    if version is None:
        if not _CODE.fullmatch(code) or code == NONE_RECORDED:
            raise SettingMalformed("code", _("A code has up to 20 small letters, digits and underscores: payment_failed."))
        if LatenessReason.objects.filter(code=code).exists():
            raise SettingMalformed("code", _("There is a reason “%(code)s” already; give another code.") % {"code": code})
    if code == LatenessReason.NOT_SAID and not values["is_active"]:
        raise SettingMalformed("is_active", _("This one stays in use: it says that the customer was asked."))
    row = _held(LatenessReason, {"code": code}, version) or LatenessReason(code=code)
    before = _of(row, REASON_FIELDS) if row.pk else None
    _refuse_bounds(values, ("position",))
    _save(row, values, before)
    _record(actor, EDIT_LATENESS_REASONS, "lateness_reason", code, before, _of(row, REASON_FIELDS), "")
    return row


@transaction.atomic
def save_prompt(*, actor: Actor, prompt_id: int | None, values: Mapping[str, Any], version: int | None) -> CasePrompt:
    """Add a line to the script (`prompt_id` None) or change one that was read at a version.

    :param values: by the names in `PROMPT_FIELDS`
    :raises SettingUnknown, SettingChanged: there is none of that version
    :raises SettingMalformed: a stage that has no script, or a text missing in a language
    """
    row = _held(CasePrompt, {"pk": prompt_id}, version) if prompt_id is not None else None
    row = row or CasePrompt()
    before = _of(row, PROMPT_FIELDS) if row.pk else None
    _save(row, values, before)
    _record(actor, EDIT_PROMPTS, "case_prompt", str(row.pk), before, _of(row, PROMPT_FIELDS), "")
    return row


def _held(model: type[AnyRow], key: Mapping[str, Any], version: int | None) -> AnyRow | None:
    """Return the row that is changed, locked; None where one is added."""
    if version is None:
        return None
    row = model._default_manager.select_for_update().filter(**key).first()
    if row is None:
        raise SettingUnknown(next(iter(key.values())))
    if row.version != version:  # type: ignore[attr-defined]
        raise SettingChanged
    return row


def _save(row: Any, values: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
    for name, value in values.items():
        setattr(row, name, value.strip() if isinstance(value, str) else value)
    if before is not None:
        row.version += 1
    try:
        row.full_clean()
    except ValidationError as invalid:
        field = next(iter(invalid.message_dict)) if hasattr(invalid, "message_dict") else ""
        raise SettingMalformed("" if field == "__all__" else field, " ".join(invalid.messages)) from None
    row.save()


def _insert(row: models.Model) -> None:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        # Two who read the same version: the second looks again.
        raise SettingChanged from None


def _refuse_bounds(values: Mapping[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        least, most = _BOUNDS[name]
        if not isinstance(values.get(name), int) or not least <= values[name] <= most:
            raise SettingMalformed(name, _("Give a whole number from %(least)s to %(most)s.") % {"least": least, "most": most})


def _of(row: models.Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _record(actor: Actor, action: str, subject_type: str, key: str, before: Any, after: dict[str, Any], reason: str) -> None:
    record(actor=actor, action=action, subject_type=subject_type, subject_key=key, before=before, after=after, reason=reason)
