"""Experiments: what they may say, who puts them live, whom the close takes in, and how they end."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from experiment_books import CLOSED, FIRST, HALVES, LAST_ACCOUNT_ID, Desk, assign, late_account, make_strategy, said
from factories import TESTER, make_customer, make_product, set_business_date

from outreach.experiments import in_force, taking_in, treatments_of
from outreach.models import ArmAssignment, Experiment, Strategy
from outreach.operations import experiment_refusals, refusals, version_refusals
from outreach.operations.concluding import promote_arm, stop_experiment
from outreach.operations.experiments import EXPERIMENTS, try_experiment
from outreach.operations.versions import approve, change_draft, draft_next, propose
from outreach.rules.arms import arm_of
from riskops.close_of_business import close_day
from riskops.shared.models import AuditEntry, Feed

pytestmark = pytest.mark.django_db
TODAY = FIRST - timedelta(days=1)


@pytest.fixture
def desk() -> Desk:
    return Desk()


# What it may say --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field", "words"),
    [
        ({"products": []}, "products", "This field cannot be blank"),
        ({"products": ["none-such"]}, "products", "There is no product “none-such”"),
        ({"rule": "weather = 1"}, "rule", "weather"),
        ({"arms": HALVES[:1]}, "arms", "2 to 4 arms"),
        ({"arms": [HALVES[0], {**HALVES[1], "weight_bp": 4_000}]}, "arms", "add up to 90 %, not to 100 %"),
        ({"arms": [HALVES[0], {**HALVES[1], "strategy": "none-such"}]}, "arms", "no approved strategy “none-such”"),
        ({"champion": "nobody"}, "arms", "The champion “nobody” is none of the arms"),
        ({"planned_size": 9}, "planned_size", "greater than or equal to 10"),
        ({"duration_days": 366}, "duration_days", "less than or equal to 365"),
        ({"measure": "mood"}, "measure", "mood"),
        ({"name_en": ""}, "name_en", "cannot be blank"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(desk: Desk, values: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(version_refusals.VersionMalformed, match=words) as refusal:
        desk.draft(**values)
    assert refusal.value.about == field
    assert not Experiment.objects.exists()


def test_amounts_of_one_experiment_are_in_one_currency(desk: Desk) -> None:
    other = make_product(currency="JPY")
    with pytest.raises(version_refusals.VersionMalformed, match="in CNY, JPY; amounts of one experiment are in one currency"):
        desk.draft(products=[desk.product.product_code, other.product_code])


def control(share_bp: int) -> list[dict[str, Any]]:
    return [{**HALVES[0], "weight_bp": 10_000 - share_bp}, {"code": "none", "strategy": "", "weight_bp": share_bp}]


def test_an_arm_without_contact_is_small_and_has_a_reason(desk: Desk, settings: Any) -> None:
    with pytest.raises(
        version_refusals.VersionMalformed, match=r"10\.01 % of the customers would be left without contact; at most 10 %"
    ):
        desk.draft(arms=control(1_001), control_reason="to know what reminders are worth")
    with pytest.raises(version_refusals.VersionMalformed, match="Write why some customers are left without contact") as refusal:
        desk.draft(arms=control(1_000))
    assert refusal.value.about == "control_reason"
    assert desk.draft(arms=control(1_000), control_reason="to know what reminders are worth").version == 1
    settings.EXPERIMENT_CONTROL_MAX_PERCENT = 0
    with pytest.raises(version_refusals.VersionMalformed, match="at most 0 %"):
        desk.draft("other", arms=control(1), control_reason="to know what reminders are worth")


# Two people -------------------------------------------------------------------------------------------------------


def test_it_is_drafted_tried_proposed_and_approved_by_two_people(desk: Desk) -> None:
    late_account(desk.product)
    row = desk.running()
    assert (str(row), row.status, row.live_from, row.approved_by_name) == (
        "early-sms v1",
        "approved",
        FIRST,
        desk.compliance.name,
    )
    assert row.dry_run == {"as_of": "2025-03-10", "eligible": 1, "lately": 1, "days": None}
    lines = AuditEntry.objects.filter(subject_type="experiment").order_by("pk").values_list("action", "actor_name")
    assert list(lines) == [
        *[("experiment.draft", desk.lead.name)] * 3,
        ("experiment.approve", desk.compliance.name),
    ]


def test_nobody_approves_their_own(desk: Desk) -> None:
    row = desk.propose(desk.draft())
    with pytest.raises(version_refusals.OwnDraft):
        approve(EXPERIMENTS, actor=desk.lead, key=row.code, version=1, today=TODAY)
    row.refresh_from_db()
    assert row.status == "proposed"


def test_what_was_not_tried_as_it_stands_is_not_proposed(desk: Desk) -> None:
    row = desk.draft()
    with pytest.raises(experiment_refusals.ExperimentNotTried):
        propose(EXPERIMENTS, actor=desk.lead, key=row.code, version=1, live_from=FIRST, today=TODAY)
    try_experiment(actor=desk.lead, key=row.code, version=1, revision=1)
    change_draft(EXPERIMENTS, actor=desk.lead, key=row.code, version=1, revision=1, values={"planned_size": 500})
    with pytest.raises(experiment_refusals.ExperimentNotTried):
        propose(EXPERIMENTS, actor=desk.lead, key=row.code, version=1, live_from=FIRST, today=TODAY)
    with pytest.raises(version_refusals.VersionStale):
        try_experiment(actor=desk.lead, key=row.code, version=1, revision=1)


def test_without_a_closed_day_there_is_nobody_to_try_it_on(desk: Desk) -> None:
    row = desk.draft()
    set_business_date(None)
    with pytest.raises(experiment_refusals.NoBookToTry):
        try_experiment(actor=desk.lead, key=row.code, version=1, revision=1)
    row.refresh_from_db()
    assert row.dry_run is None


def test_a_dry_run_counts_customers_and_the_days_until_there_are_enough(desk: Desk) -> None:
    """70 are eligible, 60 of them late for less than 30 days: 2 a day, so that 100 are there after 15 more days."""
    for _number in range(60):
        late_account(desk.product)
    for _number in range(10):
        late_account(desk.product, days_past_due=40, oldest_unpaid_due_date=CLOSED - timedelta(days=40))
    # A second account makes no second customer; written off, of other products and not late are none.
    late_account(desk.product, customer=ArmlessCustomer.first())
    late_account(desk.product, is_written_off=True)
    late_account(make_product())
    late_account(desk.product, days_past_due=0, bucket=0, oldest_unpaid_due_date=None)
    row = desk.draft(planned_size=100)
    row = try_experiment(actor=desk.lead, key=row.code, version=1, revision=1)
    assert row.dry_run == {"as_of": "2025-03-10", "eligible": 70, "lately": 60, "days": 16}


class ArmlessCustomer:
    """The customer of the account that was made first."""

    @staticmethod
    def first() -> Any:
        from accounts.models import CreditAccount

        return CreditAccount.objects.order_by("pk").first().customer


def test_the_strategies_of_the_arms_hold_on_the_first_day(desk: Desk) -> None:
    make_strategy("later", live_from=FIRST + timedelta(days=1))
    row = desk.draft(arms=[HALVES[0], {**HALVES[1], "strategy": "later"}])
    with pytest.raises(experiment_refusals.StrategyDoesNotHold, match="later has no version that holds on 12 Mar 2025"):
        desk.propose(row)
    assert desk.propose(row, FIRST + timedelta(days=1)).status == "proposed"


def test_a_product_is_in_one_experiment_at_a_time(desk: Desk) -> None:
    second = desk.propose(desk.draft("second"))
    desk.running()
    # Proposed while the product was free, approved when it is not.
    with pytest.raises(experiment_refusals.ProductOfOtherExperiment, match="is in early-sms v1, which is not concluded"):
        approve(EXPERIMENTS, actor=desk.compliance, key="second", version=1, today=TODAY)
    second.refresh_from_db()
    assert second.status == "proposed"
    stop_experiment(actor=desk.manager, key="early-sms", version=1, reason="enough", today=FIRST)
    # Its day has come meanwhile.
    with pytest.raises(version_refusals.DayBegun):
        approve(EXPERIMENTS, actor=desk.compliance, key="second", version=1, today=FIRST)
    assert desk.running("third", FIRST + timedelta(days=2)).status == "approved"


def test_a_second_run_draws_anew(desk: Desk) -> None:
    first = desk.running()
    stop_experiment(actor=desk.manager, key="early-sms", version=1, reason="enough", today=FIRST)
    second = draft_next(EXPERIMENTS, actor=desk.lead, copy_of="early-sms")
    assert (second.version, second.arms, second.dry_run, second.stopped_on) == (2, first.arms, None, None)
    assert second.salt != first.salt


# Who is taken in --------------------------------------------------------------------------------------------------


def test_the_close_takes_newly_eligible_customers_in_once_and_keeps_them(desk: Desk) -> None:
    accounts = [late_account(desk.product) for _number in range(20)]
    row = desk.running()
    assert assign(FIRST - timedelta(days=1)) == 0
    assert assign() == 20
    assert assign() == 0
    found = {each.customer_id: (each.arm, each.assigned_on, each.bucket) for each in ArmAssignment.objects.all()}
    assert found == {
        account.customer_id: (arm_of(row.salt, account.customer_id, row.parts).code, FIRST, 1) for account in accounts
    }
    # One pays and is late no more; another comes.
    accounts[0].state.days_past_due = 0
    accounts[0].state.save()
    new = late_account(desk.product)
    assert assign(FIRST + timedelta(days=1)) == 1
    assert ArmAssignment.objects.get(customer=new.customer).assigned_on == FIRST + timedelta(days=1)
    assert ArmAssignment.objects.count() == 21


def test_a_customer_with_accounts_in_two_shards_has_one_arm_and_their_worst_bucket(desk: Desk) -> None:
    customer = make_customer()
    first = late_account(desk.product, customer=customer, bucket=1)
    second = late_account(desk.product, customer=customer, bucket=3)
    desk.running()
    assert assign(first=0, last=first.pk) == 1
    assert assign(first=second.pk, last=LAST_ACCOUNT_ID) == 0
    assert ArmAssignment.objects.get().bucket == 3


def test_more_customers_than_go_into_one_statement_are_all_taken_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outreach.bulk.assign.AT_ONCE", 4)
    for _number in range(9):
        late_account(desk.product)
    desk.running()
    assert assign() == 9
    assert ArmAssignment.objects.count() == 9


def test_without_a_rule_everybody_of_the_products_takes_part(desk: Desk) -> None:
    late_account(desk.product, days_past_due=0, bucket=0, oldest_unpaid_due_date=None)
    late_account(make_product())
    desk.running(rule="")
    assert assign() == 1


def test_nobody_is_taken_in_after_its_days_but_those_who_are_go_on(desk: Desk) -> None:
    account = late_account(desk.product)
    row = desk.running(duration_days=2)
    assert assign(FIRST + timedelta(days=1)) == 1
    late_account(desk.product)
    over = FIRST + timedelta(days=2)
    assert (taking_in(over), list(in_force(over))) == ([], [row])
    assert assign(over) == 0
    (treatment,) = treatments_of(account.customer_id, over)
    assert (treatment.experiment, treatment.since) == (row, FIRST + timedelta(days=1))
    assert treatment.arm == arm_of(row.salt, account.customer_id, row.parts)
    # The day of the close itself is not the arm's yet.
    assert treatments_of(account.customer_id, FIRST + timedelta(days=1)) == ()
    assert [row.stage(day) for day in (TODAY, FIRST, over)] == ["coming", "running", "measuring"]


def test_a_stopped_experiment_takes_nobody_in_and_treats_nobody(desk: Desk) -> None:
    account = late_account(desk.product)
    desk.running()
    assign()
    stop_experiment(actor=desk.manager, key="early-sms", version=1, reason="complaints", today=FIRST + timedelta(days=3))
    late_account(desk.product)
    assert assign(FIRST + timedelta(days=3)) == 0
    assert treatments_of(account.customer_id, FIRST + timedelta(days=2)) != ()
    assert treatments_of(account.customer_id, FIRST + timedelta(days=3)) == ()


def test_the_close_of_a_day_has_it_as_a_step(desk: Desk) -> None:
    late_account(desk.product)
    Feed.objects.update(is_expected=False)
    desk.running(rule="", day=CLOSED + timedelta(days=1))
    run = close_day(CLOSED + timedelta(days=1), actor=TESTER)
    assert run.shards.get(step="arms").rows == 1
    assert ArmAssignment.objects.get().assigned_on == CLOSED + timedelta(days=1)


# How it ends ------------------------------------------------------------------------------------------------------


def test_an_experiment_ends_once_by_a_person_with_a_reason(desk: Desk) -> None:
    desk.running()
    about: dict[str, Any] = {"actor": desk.manager, "key": "early-sms", "version": 1}
    with pytest.raises(experiment_refusals.ExperimentNotRunning, match="begins later"):
        stop_experiment(reason="enough", today=TODAY, **about)
    with pytest.raises(refusals.ReasonNeeded):
        stop_experiment(reason=" ", today=FIRST, **about)
    row = stop_experiment(reason="enough", today=FIRST, **about)
    assert (row.stopped_on, row.verdict, row.conclusion, row.concluded_by_name) == (FIRST, "stopped", "enough", desk.manager.name)
    assert row.results["measured"] == 0
    with pytest.raises(experiment_refusals.ExperimentNotRunning, match="stopped"):
        stop_experiment(reason="again", today=FIRST, **about)
    line = AuditEntry.objects.get(action="experiment.conclude")
    assert (line.subject_key, line.reason, line.after) == (
        "early-sms v1",
        "enough",
        {"verdict": "stopped", "stopped_on": "2025-03-12"},
    )


def enough(desk: Desk, **more: Any) -> Experiment:
    """Return an experiment with twelve customers in two equal arms, all of them measured."""
    row = desk.running(**more)
    arms = [arm["code"] for arm in row.arms]
    for number in range(12):
        customer = late_account(desk.product).customer
        ArmAssignment.objects.create(experiment=row, customer=customer, arm=arms[number % 2], assigned_on=FIRST, bucket=1)
    set_business_date(FIRST + timedelta(days=14))
    return row


def test_promoting_drafts_what_gives_the_products_to_the_challenger_and_stops(desk: Desk) -> None:
    enough(desk)
    today = FIRST + timedelta(days=15)
    row = promote_arm(actor=desk.manager, key="early-sms", version=1, arm="early", reason="more paid", today=today)
    assert (row.verdict, row.promoted_arm, row.stopped_on) == ("promoted", "early", today)
    drafts = {str(each): (each.status, each.products) for each in Strategy.objects.filter(status="draft")}
    assert drafts == {"early v2": ("draft", [desk.product.product_code]), "house v2": ("draft", [])}
    line = AuditEntry.objects.get(action="experiment.conclude")
    assert line.after == {"verdict": "promoted", "stopped_on": "2025-03-27", "arm": "early", "drafts": ["house v2", "early v2"]}
    # Whoever promoted wrote the drafts: somebody else approves them.
    assert Strategy.objects.get(code="early", version=2).editors == [desk.manager.user_id]


@pytest.mark.parametrize("arm", ["as-now", "nobody"])
def test_only_a_challenger_is_promoted(desk: Desk, arm: str) -> None:
    enough(desk)
    with pytest.raises(experiment_refusals.ArmNotPromotable):
        promote_arm(actor=desk.manager, key="early-sms", version=1, arm=arm, reason="x", today=FIRST + timedelta(days=15))
    assert not Strategy.objects.filter(status="draft").exists() and Experiment.objects.get().stopped_on is None


def test_an_arm_without_contact_and_one_that_is_as_the_champion_are_not_promoted(desk: Desk) -> None:
    row = desk.running(
        arms=[
            {**HALVES[0], "weight_bp": 4_500},
            {**HALVES[0], "code": "same", "weight_bp": 4_500},
            {"code": "none", "strategy": "", "weight_bp": 1_000},
        ],
        control_reason="to know",
    )
    for arm in ("same", "none"):
        with pytest.raises(experiment_refusals.ArmNotPromotable):
            promote_arm(actor=desk.manager, key=row.code, version=1, arm=arm, reason="x", today=FIRST)


def test_too_early_and_with_wrong_shares_nobody_is_promoted(desk: Desk) -> None:
    row = enough(desk, planned_size=13)
    about: dict[str, Any] = {"actor": desk.manager, "key": "early-sms", "version": 1, "arm": "early", "reason": "x"}
    with pytest.raises(experiment_refusals.TooEarlyToPromote, match="12 of 13 planned customers are measured"):
        promote_arm(today=FIRST + timedelta(days=15), **about)
    # Twenty more into one arm: 26 to 6, which happens by chance once in 2,400.
    for _number in range(20):
        customer = late_account(desk.product).customer
        ArmAssignment.objects.create(experiment=row, customer=customer, arm="early", assigned_on=FIRST, bucket=1)
    with pytest.raises(experiment_refusals.SharesMismatch):
        promote_arm(today=FIRST + timedelta(days=15), **about)
    assert not Strategy.objects.filter(status="draft").exists() and Experiment.objects.get().stopped_on is None


def test_where_a_strategy_is_in_work_nothing_is_promoted(desk: Desk) -> None:
    enough(desk)
    Strategy.objects.create(code="house", version=2, name_en="x", name_zh="x", drafted_by_name="x")
    with pytest.raises(version_refusals.DraftThere, match="house is in work already"):
        promote_arm(actor=desk.manager, key="early-sms", version=1, arm="early", reason="x", today=FIRST + timedelta(days=15))
    assert Experiment.objects.get().stopped_on is None
    assert not Strategy.objects.filter(code="early", version=2).exists()


# What the database keeps ------------------------------------------------------------------------------------------


def refused_by_the_database(statement: str) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_the_database_keeps_weights_salt_and_assignments(desk: Desk) -> None:
    late_account(desk.product)
    row = desk.running()
    assign()
    for change in ("salt = 'x'", "arms = '[]'", "rule = ''", "status = 'draft'"):
        refused_by_the_database(f"UPDATE outreach_experiment SET {change}")
    refused_by_the_database("UPDATE outreach_armassignment SET arm = 'early'")
    refused_by_the_database("DELETE FROM outreach_armassignment")
    stop_experiment(actor=desk.manager, key=row.code, version=1, reason="enough", today=FIRST)
    refused_by_the_database("UPDATE outreach_experiment SET conclusion = 'other'")
    refused_by_the_database("UPDATE outreach_experiment SET stopped_on = NULL, verdict = ''")
    with pytest.raises(DatabaseError), transaction.atomic():
        ArmAssignment.objects.create(
            experiment=row, customer=ArmlessCustomer.first(), arm="early", assigned_on=date(2025, 3, 13), bucket=0
        )


def test_what_an_experiment_says_is_what_the_forms_give(desk: Desk) -> None:
    assert set(said(desk.product)) == set(Experiment.SAID)
