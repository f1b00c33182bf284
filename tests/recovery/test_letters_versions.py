"""What letters are made from: refused where it could not be printed or weighed; two people; figures shown and changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone
from factories import make_user
from letters_books import NOW, TODAY, make_late

from outreach.operations.version_refusals import OwnDraft, VersionMalformed
from outreach.operations.versions import approve, change_draft, draft_next, propose
from recovery.models import LetterPolicy, LetterTemplate
from recovery.operations.letters.proposing import propose_letters, weigh_letter
from recovery.operations.letters.versions import LETTER_POLICIES, LETTER_TEMPLATES
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def legal() -> Actor:
    return Actor.of(make_user(Role.LEGAL))


@pytest.fixture
def manager() -> Actor:
    return Actor.of(make_user(Role.MANAGER))


def test_a_new_site_has_two_letters_and_the_figures_of_its_currency() -> None:
    assert set(LetterTemplate.objects.values_list("code", flat=True)) == {"letter-before-action", "final-demand"}
    policy = LetterPolicy.objects.get()
    assert (policy.currency, policy.letter_cost_minor, policy.limitation_years) == ("CNY", 3_500, 3)
    LETTER_POLICIES.check(policy)
    for template in LetterTemplate.objects.all():
        LETTER_TEMPLATES.check(template)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("body_zh", "短。", "whole letter"),
        ("body_en", "Dear {customer_nmae}, this is long enough to be a letter.", "{customer_nmae}"),
        ("title_zh", "律师函𠮷", "𠮷"),
    ],
)
def test_a_text_that_could_not_be_printed_is_refused(column: str, value: str, said: str, legal: Actor) -> None:
    draft = draft_next(LETTER_TEMPLATES, actor=legal, copy_of="final-demand")
    change: dict[str, Any] = {"actor": legal, "key": "final-demand", "version": 2, "revision": draft.revision}
    with pytest.raises(VersionMalformed, match=said):
        change_draft(LETTER_TEMPLATES, **change, values={column: value})
    draft.refresh_from_db()
    assert draft.revision == 1


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("rule", "dpd >> 3"),
        ("rule", "nonsense >= 3"),
        ("bands", []),
        ("bands", [[9, 0, 100]]),
        ("bands", [[1, 0, 10_001]]),
        ("bands", [[1, 0, 5], [1, 0, 6]]),
        ("stages", [["suit", 1, 1]]),
        ("letter_cost_minor", -1),
        ("currency", "XYZ"),
        ("most_a_run", 0),
    ],
)
def test_figures_that_cannot_be_are_refused(column: str, value: Any, legal: Actor) -> None:
    draft_next(LETTER_POLICIES, actor=legal, copy_of="cny")
    change: dict[str, Any] = {"actor": legal, "key": "cny", "version": 2, "revision": 1}
    with pytest.raises(VersionMalformed):
        change_draft(LETTER_POLICIES, **change, values={column: value})
    assert LetterPolicy.objects.get(version=2).revision == 1


def test_new_figures_take_two_people_and_hold_from_their_day(legal: Actor, manager: Actor) -> None:
    account = make_late(days=100, principal=1_000_000)
    draft_next(LETTER_POLICIES, actor=legal, copy_of="cny")
    values = {"letter_cost_minor": 80_000}
    change_draft(LETTER_POLICIES, actor=legal, key="cny", version=2, revision=1, values=values)
    tomorrow = TODAY + timedelta(days=1)
    about: dict[str, Any] = {"key": "cny", "version": 2, "today": TODAY}
    propose(LETTER_POLICIES, actor=legal, live_from=tomorrow, **about)
    with pytest.raises(OwnDraft):
        approve(LETTER_POLICIES, actor=legal, **about)
    approve(LETTER_POLICIES, actor=manager, **about)
    # 7 % of 10,000.00 is 700.00: a letter of 35.00 pays, one of 800.00 does not.
    assert weigh_letter(account_id=account.pk, now=NOW).line.net_minor == 66_500
    later = weigh_letter(account_id=account.pk, now=NOW + timedelta(days=1))
    assert later.line.net_minor == -10_000
    assert [obstacle.rule for obstacle in later.obstacles] == ["loses_money"]
    assert propose_letters(actor=legal, now=NOW + timedelta(days=1)).letters == ()


def test_the_database_refuses_to_rewrite_what_was_approved() -> None:
    for model, column in ((LetterPolicy, "letter_cost_minor"), (LetterTemplate, "title_en")):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**{column: 1})


def test_a_run_is_bounded_and_says_so(legal: Actor, manager: Actor) -> None:
    for _ in range(3):
        make_late(principal=2_000_000)
    draft_next(LETTER_POLICIES, actor=legal, copy_of="cny")
    change_draft(LETTER_POLICIES, actor=legal, key="cny", version=2, revision=1, values={"most_a_run": 2})
    about: dict[str, Any] = {"key": "cny", "version": 2, "today": TODAY - timedelta(days=1)}
    propose(LETTER_POLICIES, actor=legal, live_from=TODAY, **about)
    approve(LETTER_POLICIES, actor=manager, **about)
    # One who brings more, and has no address, is nobody's turn.
    make_late(principal=9_000_000, person={"name": "王小明", "phone": "13900000001"})
    run = propose_letters(actor=legal, now=NOW)
    assert (len(run.letters), run.is_bounded) == (2, True)
    run = propose_letters(actor=legal, now=NOW)
    assert (len(run.letters), run.is_bounded) == (1, False)
    assert timezone.localdate(NOW) == TODAY
