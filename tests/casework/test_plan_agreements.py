"""The agreement of a plan as a document: what it says, that it is kept as it was, and who may read it."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from factories import make_customer, make_user
from plan_books import CUSTOMER, OPEN, People, late_account, stands
from test_plans import change_terms

from accounts.models import CreditAccount
from accounts.operations.attachments import folder, open_file
from casework.models import Plan, PlanAgreement, PlanEvent
from casework.operations.plans import agreements, signing
from casework.operations.plans.agreements import agreement_of, kept_agreement, said_in
from casework.operations.plans.refusals import AgreementUnprinted
from casework.operations.plans.signing import confirm_agreement, hand_in_agreement, sign_plan
from outreach.customer_links import token_of
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.printing.documents import content_hash, shown_hash
from riskops.shared.roles import Role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_has_asked_yet() -> Any:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def people() -> People:
    return People()


def account_of(language: str = "zh-hans", name: str = "王芳") -> CreditAccount:
    person = {"name": name, "national_id": "11010119900101123X", "phone": "13900000001"}
    return late_account(account_no="A-00417733", customer=make_customer(person=person, language=language))


def pages_of(kept: PlanAgreement) -> list[str]:
    """Return the text of each page of the file that was kept, as a reader of PDFs finds it, without its spaces."""
    document = pypdfium2.PdfDocument(open_file(kept).read())
    return ["".join(page.get_textpage().get_text_range().split()) for page in document]


def kept_at(plan: Plan, stage: str) -> PlanAgreement:
    kept = kept_agreement(plan, stage)
    assert kept is not None
    return kept


def names_kept() -> set[str]:
    return {path.name for path in Path(folder()).glob("agreement-*")}


@pytest.mark.parametrize(
    ("language", "name", "wanted"),
    [
        (
            "zh-hans",
            "王芳",
            (
                "个性化分期还款协议", "王芳", "后四位123X", "尾号为7733", "欠款余额为¥106.00，币种为CNY",
                "总计¥100.00¥0.00¥5.00¥1.00¥106.00", "按月分3期偿还，首期到期日为2025年4月11日，末期到期日为2025年6月11日",
                "12025年4月11日¥29.34¥0.00¥6.00¥35.34", "停止计收利息", "不计收违约金", "未还超过15天的，本协议终止",
                "停止对上述欠款的催收", "至上述欠款还清，该账户不得用于新的消费", "已重组", "提出异议或投诉", "2025年3月21日之前",
            ),
        ),
        (
            "en",
            "Wang Fang",
            (
                "Personalisedrepaymentagreement", "WangFang", "endingin7733", "takesoveris¥106.00,inCNY",
                "Total¥100.00¥0.00¥5.00¥1.00¥106.00", "3monthlyinstalments,from11Apr2025to11Jun2025",
                "111Apr2025¥29.34¥0.00¥6.00¥35.34", "Nointerestgoeson", "costsnopenalty", "morethan15days,theagreementends",
                "doesnotcollectthebalance", "cannotbeusedfornewpurchases", "wasrestructured", "complainordispute",
                "until21Mar2025",
            ),
        ),
    ],
)  # fmt: skip
def test_offered_it_says_all_that_the_rules_ask_for_on_numbered_pages(
    people: People, language: str, name: str, wanted: tuple[str, ...]
) -> None:
    plan = people.approves(people.proposes(account_of(language, name)))

    kept = kept_at(plan, "offered")
    pages = pages_of(kept)
    whole = "".join(pages)
    assert [text for text in wanted if text not in whole] == []
    digits = shown_hash(kept.content_sha256).replace(" ", "")
    for number, page in enumerate(pages, 1):
        assert digits in page and plan.reference in page
        place = f"第{number}页，共{len(pages)}页" if language != "en" else f"page{number}of{len(pages)}"
        assert place in page
    pdf = open_file(kept).read()
    assert (hashlib.sha256(pdf).hexdigest(), len(pdf)) == (kept.pdf_sha256, kept.size_bytes)
    assert content_hash(said_in(kept)) == kept.content_sha256
    assert PlanEvent.objects.get(plan=plan, kind="approved").figures["agreement_sha256"] == kept.content_sha256


def test_what_the_terms_grant_and_cost_is_what_it_says(people: People) -> None:
    change_terms(
        month_interest_ppm=5_000,
        bears_penalty=True,
        returns_when_broken=False,
        grace_days=3,
        is_reported_as_restructured=False,
        new_use="",
    )
    plan = people.proposes(account_of("en", "Wang Fang"), number=2)

    text = str(agreement_of(plan, offered_on=OPEN))

    # 0.5 % of 100.00, then of the 46.63 or so that are left.
    assert f"{plan.price_minor / 100:.2f} of interest of this agreement" in text and plan.price_minor > 50
    for clause in (
        "Interest goes on at 0.5% a month", "costs penalty as agreed", "within 3 days of its day", "stays due on the days above",
        "from the signature on nothing of the balance is late", "does not change what the account may be used for",
    ):  # fmt: skip
        assert clause in text
    assert "costs nothing" not in text and "No interest" not in text


def test_signed_it_is_the_document_that_was_offered_with_the_signature(people: People) -> None:
    account = account_of()
    plan = people.approves(people.proposes(account))
    offer = kept_at(plan, "offered")
    # Whatever is renamed meanwhile: what was offered is what is signed.
    with_name = account.customer.person | {"address": "elsewhere"}
    account.customer.person = with_name
    account.customer.save()

    sign_plan(actor=CUSTOMER, reference=plan.reference, way="oral", recording="REC-77", kept_until=date(2026, 1, 1))

    signed = kept_at(plan, "signed")
    assert said_in(signed)["parts"][:-2] == said_in(offer)["parts"][:-1]
    whole = "".join(pages_of(signed))
    assert "2025年3月11日以电话方式（录音编号REC-77，保存至2026年1月1日）接受本协议" in whole
    assert f"所接受文件的编号为{shown_hash(offer.content_sha256)}".replace(" ", "") in whole
    assert signed.content_sha256 != offer.content_sha256
    assert [row.stage for row in plan.agreements.all()] == ["offered", "signed"]


def test_on_paper_it_names_the_copy_that_was_signed(people: People) -> None:
    plan = people.approves(people.proposes(account_of()))
    scan = b"%PDF-1.7 signed"
    hand_in_agreement(
        actor=Actor.of(people.analyst), reference=plan.reference, name="a.pdf", chunks=iter([scan]), size_bytes=len(scan)
    )
    assert not PlanAgreement.objects.filter(stage="signed").exists()

    confirm_agreement(actor=Actor.of(people.lead), reference=plan.reference)

    assert hashlib.sha256(scan).hexdigest() in "".join(pages_of(kept_at(plan, "signed")))


def test_what_was_offered_before_agreements_were_kept_is_signed_all_the_same(people: People) -> None:
    plan = people.proposes(account_of())
    Plan.objects.filter(pk=plan.pk).update(status="offered", offered_until=date(2025, 3, 20))

    sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)

    assert "在客户App接受" in "".join(pages_of(kept_at(plan, "signed")))


def test_a_name_that_cannot_be_printed_is_refused_and_leaves_nothing(people: People) -> None:
    plan = people.proposes(account_of(name="王𠮷"))
    before = names_kept()

    with pytest.raises(AgreementUnprinted, match="𠮷"):
        people.approves(plan)

    plan.refresh_from_db()
    assert (plan.status, PlanAgreement.objects.count(), names_kept()) == ("proposed", 0, before)


def test_without_a_name_of_the_lender_nothing_is_offered(people: People, settings: Any) -> None:
    settings.INSTITUTION_NAME_ZH = ""
    with pytest.raises(AgreementUnprinted, match="INSTITUTION_NAME"):
        people.approves(people.proposes(account_of()))


def test_what_fails_after_it_was_printed_takes_the_file_away_again(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    account = account_of()
    plan = people.approves(people.proposes(account))
    before = names_kept()

    def breaks(*_args: Any, **_more: Any) -> None:
        raise RuntimeError("the line of the history could not be written")

    monkeypatch.setattr(signing, "note", breaks)
    with pytest.raises(RuntimeError):
        sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)

    plan.refresh_from_db()
    assert (plan.status, names_kept(), stands(account)[2]) == ("offered", before, False)


def test_the_database_changes_and_deletes_none(people: People) -> None:
    kept = kept_at(people.approves(people.proposes(account_of())), "offered")
    for statement in ("UPDATE casework_planagreement SET content_sha256 = 'x'", "DELETE FROM casework_planagreement"):
        with pytest.raises(DatabaseError, match="stays as it was made"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    # With a new key what it says is encrypted anew.
    PlanAgreement.objects.filter(pk=kept.pk).update(said=kept.said)


def test_the_same_agreement_gives_the_same_bytes(people: People) -> None:
    plan = people.approves(people.proposes(account_of()))
    kept = kept_at(plan, "offered")
    said = agreement_of(plan, offered_on=kept.dated)
    assert said == said_in(kept)
    again = agreements.as_pdf(said, layout=agreements.layout_file(1), at=timezone.make_aware(timezone.datetime(2025, 3, 11)))
    assert hashlib.sha256(again).hexdigest() == kept.pdf_sha256


# Who reads it -----------------------------------------------------------------------------------------------------


def browser(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def readings() -> list[tuple[str, Any]]:
    rows = AuditEntry.objects.filter(action="plan_agreement.reveal").order_by("pk")
    return [(row.actor_name, row.after["read"]) for row in rows]


def test_on_its_page_as_it_will_look_and_as_it_was_kept_each_reading_recorded(people: People) -> None:
    plan = people.proposes(account_of())
    own, site = f"/plans/{plan.reference}/", browser(people.analyst)
    assert f"{own}agreement/pages/" in site.get(own).content.decode()

    draft = site.get(f"{own}agreement/pages/")
    assert "A draft, as it would be offered now" in draft.content.decode()
    picture = site.get(f"{own}agreement/pages/1/")
    assert picture.content.startswith(b"\x89PNG") and "no-store, private" in picture.headers["Cache-Control"]
    assert site.get(f"{own}agreement/pages/9/").status_code == 404
    assert site.get(f"{own}agreement/pdf/").status_code == 404

    people.approves(plan)
    sign_plan(actor=CUSTOMER, reference=plan.reference, way="app", is_customers=True)
    assert "As offered" in site.get(own).content.decode() and "With the signature" in site.get(own).content.decode()
    assert "with the signature, kept on 11 Mar 2025" in site.get(f"{own}agreement/pages/").content.decode()
    offered = site.get(f"{own}agreement/pdf/?stage=offered")
    assert b"".join(offered.streaming_content) == open_file(kept_at(plan, "offered")).read()
    assert offered.headers["Content-Disposition"] == f'attachment; filename="{plan.reference}-offered.pdf"'
    name = people.analyst.get_username()
    assert readings() == [(name, "draft, on screen"), (name, "signed, on screen"), (name, "offered.pdf")]
    administrator = browser(make_user(Role.ADMINISTRATOR))
    assert administrator.get(f"{own}agreement/pdf/").status_code == 403


def test_by_the_api_the_app_gets_it_before_the_customer_signs(people: People) -> None:
    plan = people.proposes(account_of())
    app, own = browser(make_user(Role.SERVICE)), f"/api/v1/plans/{plan.reference}/agreement/"
    assert app.get(own).status_code == 404
    people.approves(plan)

    answer = app.get(own)

    kept = kept_at(plan, "offered")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == kept.pdf_sha256
    listed = browser(people.lead).get(f"/api/v1/plans/{plan.reference}/").json()["agreements"]
    assert [(row["stage"], row["language"], row["pdf_sha256"]) for row in listed] == [("offered", "zh", kept.pdf_sha256)]
    assert [what for _who, what in readings()] == ["offered.pdf"]


def test_the_customer_has_it_before_accepting_and_the_signed_one_after(people: People) -> None:
    account = account_of()
    plan = people.approves(people.proposes(account))
    link, stranger = f"/c/{token_of(account.pk, today=timezone.localdate())}/", Client()
    sent = {"reference": plan.reference, "proof": "123X"}

    shown = stranger.post(f"{link}plan/?lang=en", sent).content.decode()
    assert "The agreement (PDF)" in shown and "plan/agreement/" in shown
    wrong = stranger.post(f"{link}plan/agreement/?lang=en", sent | {"proof": "0000"})
    assert (wrong.status_code, wrong.headers["Content-Type"].split(";")[0]) == (422, "text/html")
    answer = stranger.post(f"{link}plan/agreement/?lang=en", sent)
    assert hashlib.sha256(answer.content).hexdigest() == kept_at(plan, "offered").pdf_sha256
    assert readings() == [("customer page", "offered.pdf")]

    accepted = stranger.post(f"{link}plan/accept/?lang=en", sent | {"is_read": "on"})
    page = stranger.get(accepted.headers["Location"]).content.decode()
    assert "You accepted a plan on 11 Mar 2025" in page and "35.34" not in page
    answer = stranger.post(f"{link}plan/agreement/?lang=en", sent)
    assert hashlib.sha256(answer.content).hexdigest() == kept_at(plan, "signed").pdf_sha256
