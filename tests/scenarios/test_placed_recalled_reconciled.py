"""From a dry run to a statement: accounts go to two agencies, pay, come back, and the commission is right to the cent."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from agency_books import DAY, NEXT, close, make_agency, make_late, stand_at
from django.test import Client
from django.utils import timezone
from factories import TESTER, make_product, make_user

from accounts.models import AccountSignals
from accounts.operations.payments import post_payment, reverse_payment
from accounts.operations.signals import note_signals
from casework.models import Case
from recovery.models import AgencyStatement, CommissionLine, Placement, PlacementBatch
from riskops.shared.audit import Actor
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(*roles: Role) -> Client:
    client = Client()
    client.force_login(make_user(*roles))
    return client


def test_placement_recall_and_commission_reconciled_to_the_cent() -> None:
    # Eight accounts, 110 days late, of 1,000.00 to 8,000.00.
    product = make_product()
    accounts = [make_late(product, days=110, principal=100_000 * number) for number in range(1, 9)]
    stand_at(DAY, accounts)
    close(NEXT)
    make_agency("north"), make_agency("south")

    # 11 March: a team lead runs it dry and proposes it, an approver approves it, the close of the 12th places it.
    lead, approver, manager = client_of(Role.TEAM_LEAD), client_of(Role.APPROVER), client_of(Role.MANAGER)
    asked = {"rule": "dpd >= 91 and disputed = False", "weight_north": 1, "weight_south": 1, "seed": 20250311}
    made = lead.post("/agencies/batches/new/", asked)
    batch = PlacementBatch.objects.get()
    assert made["Location"] == f"/agencies/batches/{batch.pk}/"
    assert (batch.accounts, batch.amount_minor) == (8, 3_600_000)
    assert lead.post(f"/agencies/batches/{batch.pk}/propose/", {"reason": "eight accounts are few"}).status_code == 302
    assert approver.post(f"/agencies/batches/{batch.pk}/approve/").status_code == 302
    placed_on = NEXT + timedelta(days=1)
    close(placed_on)
    by_code = {code: list(Placement.objects.filter(agency__code=code).order_by("account_id")) for code in ("north", "south")}
    assert [len(rows) for rows in by_code.values()] == [4, 4]
    assert Case.objects.filter(stage="agency", closed_on=None).count() == 8
    assert AccountSignals.objects.filter(is_placed=True).count() == 8

    # March: north is paid 123.45, 67.89 and 1,000.01, of which the second bounces; south is paid 50.00.
    first, second, third = (placement.account for placement in by_code["north"][:3])
    other = by_code["south"][0].account

    def pay(account: object, amount: int, day: date, reference: str) -> None:
        post_payment(actor=TESTER, account_id=account.pk, amount_minor=amount, value_date=day, reference=reference)  # type: ignore[attr-defined]

    pay(first, 12_345, date(2025, 3, 15), "n-1")
    pay(second, 6_789, date(2025, 3, 16), "n-2")
    pay(other, 5_000, date(2025, 3, 16), "s-1")
    day = placed_on + timedelta(days=1)
    while day <= date(2025, 3, 20):
        close(day)
        day += timedelta(days=1)
    reverse_payment(actor=TESTER, payment_no="n-2", value_date=day, reference="n-2-back", reason="bounced")
    # The customer of the third pays on the 21st; recalled today it is refused, after the close it is not.
    pay(third, 100_001, day, "n-3")
    refused = lead.post(f"/agencies/placements/{third.account_no}/recall/", {"reason": "other", "note": "moves to legal"})
    assert refused.status_code == 409 and "1000.01" in refused.content.decode()
    assert Placement.objects.get(account=third).recalled_on is None
    close(day)
    recalled = lead.post(f"/agencies/placements/{third.account_no}/recall/", {"reason": "other", "note": "moves to legal"})
    assert recalled.status_code == 302
    assert Case.objects.get(account=third).stage == "pursue"
    # In the five days of the tail 10.00 more come in, a day later what counts for nobody. The first one disputes: back at once.
    pay(third, 1_000, date(2025, 3, 27), "n-4")
    pay(third, 1_000, date(2025, 3, 28), "n-5")
    note_signals(first.pk, is_disputed=True)
    assert Placement.objects.get(account=first).recall_reason == "dispute"
    day += timedelta(days=1)
    while day <= date(2025, 3, 31):
        close(day)
        day += timedelta(days=1)

    # 25 %, half up: 30.86 + 16.97 - 16.97 + 250.00 + 2.50 = 283.36, and 12.50 for south.
    assert sorted(CommissionLine.objects.filter(agency__code="north").values_list("payment__payment_no", "commission_minor")) == [
        ("n-1", 3_086), ("n-2", 1_697), ("n-2-back", -1_697), ("n-3", 25_000), ("n-4", 250),
    ]  # fmt: skip
    for code, total in (("north", 28_336), ("south", 1_250)):
        drawn = lead.post(f"/agencies/at/{code}/statements/", {"month": "2025-03-01"})
        row = AgencyStatement.objects.get(agency__code=code)
        assert drawn["Location"] == f"/agencies/statements/{row.pk}/" and row.total_minor == total
        page = manager.get(f"/agencies/statements/{row.pk}/").content.decode()
        assert "the same to the cent" in page
        assert lead.post(f"/agencies/statements/{row.pk}/issue/").status_code == 403
        assert approver.post(f"/agencies/statements/{row.pk}/issue/").status_code == 302
        row.refresh_from_db()
        assert row.status == "issued" and row.lines.count() == row.lines_count
    text = manager.get(
        f"/agencies/statements/{AgencyStatement.objects.get(agency__code='south').pk}/?format=csv"
    ).content.decode()
    assert text.splitlines()[1] == f"{other.account_no},s-1,2025-03-16,50.00,25.00,12.50,0"

    # South's payment bounces in April: the issued statement stays, April's takes it back.
    reverse_payment(actor=Actor("tester"), payment_no="s-1", value_date=date(2025, 4, 2), reference="s-1-back", reason="bounced")
    while day <= date(2025, 4, 30):
        close(day)
        day += timedelta(days=1)
    lead.post("/agencies/at/south/statements/", {"month": "2025-04-01"})
    april = AgencyStatement.objects.get(agency__code="south", month=date(2025, 4, 1))
    assert (april.base_minor, april.total_minor) == (-5_000, -1_250)
    assert AgencyStatement.objects.get(agency__code="south", month=date(2025, 3, 1)).total_minor == 1_250
    card = manager.get("/agencies/at/north/scorecard/")
    assert card.status_code == 200 and "Liquidation by month of placement" in card.content.decode()
    assert timezone.localdate() >= date(2025, 4, 30)
