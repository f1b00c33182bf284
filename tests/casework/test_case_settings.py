"""What cases go by is set by people: in versions, within bounds, with its line in the trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from factories import TESTER, make_product

from accounts.operations.refusals import ReasonMissing
from casework.models import CaseFigures, CasePrompt, OutcomeCode, PromiseTerms
from casework.operations.cases.refusals import SettingChanged, SettingMalformed, SettingUnknown
from casework.operations.cases.settings import (
    FIGURES,
    OUTCOME_FIELDS,
    TERMS,
    save_outcome_code,
    save_prompt,
    set_case_figures,
    set_promise_terms,
)
from casework.outcomes import OUTCOMES, outcome_label, outcomes_offered
from casework.queries.promises.terms import terms_for
from casework.shipped_cases import seed_cases
from riskops.shared.models import AuditEntry

pytestmark = pytest.mark.django_db

SHIPPED = {"work_from_days": 31, "pursue_from_days": 61, "redefault_days": 180}
TERMS_SHIPPED = {name: PromiseTerms._meta.get_field(name).default for name in TERMS}


def set_figures(version: int = 0, reason: str = "r", **changes: Any) -> CaseFigures:
    values = {**SHIPPED, **changes}
    return set_case_figures(actor=TESTER, values=values, version=version, reason=reason, now=timezone.now())


def set_terms(version: int = 0, product: str = "", **changes: Any) -> PromiseTerms:
    values = {**TERMS_SHIPPED, **changes}
    return set_promise_terms(actor=TESTER, product_code=product, values=values, version=version, reason="r", now=timezone.now())


def test_figures_are_versions_and_the_one_that_was_read_must_stand() -> None:
    made = set_figures(work_from_days=16)
    assert (made.version, made.work_from_days, made.author_name) == (1, 16, "tester")
    with pytest.raises(SettingChanged):
        set_figures()
    assert set_figures(version=1).version == 2
    line = AuditEntry.objects.filter(action="case_figures.set").order_by("pk").first()
    assert line is not None and (line.before, line.after) == (SHIPPED, {**SHIPPED, "work_from_days": 16})
    assert set(FIGURES) == set(SHIPPED)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"work_from_days": 1}, "work_from_days"),
        ({"pursue_from_days": 31}, "pursue_from_days"),
        ({"redefault_days": -1}, "redefault_days"),
    ],
)
def test_figures_that_cannot_be_are_refused(changes: dict[str, int], field: str) -> None:
    with pytest.raises(SettingMalformed) as refused:
        set_figures(**changes)
    assert refused.value.field == field
    with pytest.raises(ReasonMissing):
        set_figures(reason=" ")
    assert CaseFigures.objects.count() == 0


def test_terms_are_of_all_or_of_a_product() -> None:
    product = make_product(product_code="own")
    set_terms(grace_days=3)
    set_terms(product="own", grace_days=0)
    assert (terms_for(product.pk).grace_days, terms_for(make_product().pk).grace_days) == (0, 3)
    with pytest.raises(SettingUnknown):
        set_terms(product="none-such")
    with pytest.raises(SettingMalformed):
        set_terms(version=1, most_parts=0)
    with pytest.raises(SettingChanged):
        set_terms(product="own")
    assert PromiseTerms.objects.count() == 2


def test_a_new_site_has_the_shipped_outcomes_and_script_and_seeding_again_changes_nothing() -> None:
    assert [(code.key, code.code) for code in outcomes_offered()] == [(outcome.key, outcome.code) for outcome in OUTCOMES]
    assert set(CasePrompt.objects.values_list("stage", flat=True)) == {
        "remind",
        "work",
        "pursue",
        "legal",
        "agency",
        "written_off",
    }
    assert seed_cases() is False


def change(code: str, version: int | None = 1, **changes: Any) -> OutcomeCode:
    there = OutcomeCode.objects.filter(code=code).first() or OutcomeCode(action="call", result=code, name_en="N", name_zh="名")
    values = {name: getattr(there, name) for name in OUTCOME_FIELDS} | changes
    return save_outcome_code(actor=TESTER, code=code, values=values, version=version)


def test_an_outcome_is_added_changed_and_taken_out_of_use_but_keeps_its_words() -> None:
    change("refuses", key=None, is_active=False)
    added = change("partial", version=None, key=7, next_action="await_payment")
    assert [code.code for code in outcomes_offered()][6] == "partial"
    assert outcome_label("refuses") == "refuses to pay"
    assert (added.version, change("partial", name_en="Paid a part").version) == (1, 2)
    actions = AuditEntry.objects.filter(action="outcome_code.edit").order_by("pk")
    assert [line.subject_key for line in actions] == ["refuses", "partial", "partial"]


@pytest.mark.parametrize(
    ("code", "version", "changes", "refusal"),
    [
        ("paid", 2, {}, SettingChanged),
        ("nothing", 1, {}, SettingUnknown),
        ("paid", None, {}, SettingMalformed),
        ("With Space", None, {}, SettingMalformed),
        ("paid", 1, {"key": 1}, SettingMalformed),
        ("paid", 1, {"name_zh": ""}, SettingMalformed),
        ("paid", 1, {"action": "call", "result": "refuses"}, SettingMalformed),
        ("paid", 1, {"rest_days": 400}, SettingMalformed),
    ],
)
def test_an_outcome_that_cannot_be_is_refused(code: str, version: int | None, changes: dict[str, Any], refusal: Any) -> None:
    with pytest.raises(refusal):
        change(code, version, **changes)
    assert not AuditEntry.objects.exists()


def test_a_line_of_the_script_speaks_both_languages() -> None:
    values = {"stage": "work", "position": 5, "text_en": "Ask.", "text_zh": "询问。", "is_active": True}
    made = save_prompt(actor=TESTER, prompt_id=None, values=values, version=None)
    for wrong in ({"text_zh": " "}, {"stage": "cured"}):
        with pytest.raises(SettingMalformed):
            save_prompt(actor=TESTER, prompt_id=made.pk, values={**values, **wrong}, version=1)
    with pytest.raises(SettingChanged):
        save_prompt(actor=TESTER, prompt_id=made.pk, values=values, version=2)
    save_prompt(actor=TESTER, prompt_id=made.pk, values={**values, "is_active": False}, version=1)
    assert CasePrompt.objects.get(pk=made.pk).version == 2
