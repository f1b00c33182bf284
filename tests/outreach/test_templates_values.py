"""What variables stand for: the figures of an account at this moment, in the customer's language; and the shipped templates."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.conf import LazySettings
from factories import TESTER, make_account, make_customer, make_installment, make_payment, make_product, set_business_date

from accounts.models import CreditAccount
from accounts.operations.payments import post_payment
from accounts.operations.rebuilding import rebuild_accounts
from outreach.models import MessageTemplate
from outreach.models.versions import live_versions
from outreach.operations.template_refusals import ValueMissing
from outreach.policies import followed_policies
from outreach.rendering import account_values, discloses_debt, example_values, has_opt_out, names_institution, problems_of, render
from outreach.rules.message_text import Encoding, sms_length
from outreach.shipped_templates import seed_templates, shipped_values

pytestmark = pytest.mark.django_db
TODAY = date(2025, 3, 11)
DUE, NEXT = date(2025, 3, 8), date(2025, 4, 8)


def values_of(account_id: int, **more: Any) -> dict[str, str]:
    account = CreditAccount.objects.select_related("customer", "product", "state").get(pk=account_id)
    return account_values(account, **more)


def closed(account: CreditAccount, on: date = TODAY) -> CreditAccount:
    rebuild_accounts([account.pk], as_of=on, ahead_on=None)
    return account


def late_account(**product: Any) -> CreditAccount:
    """Two instalments of 100.00 and 5.00 interest; one due three days ago, at half a per mille a day; one to come."""
    terms = {"name": "Card", "penalty_rate_ppm": 500, **product}
    account = make_account(
        account_no="ACC-99-5678",
        product=make_product(**terms),
        customer=make_customer(person={"name": " Wang  Fang "}),
    )
    make_installment(account, due_date=DUE, principal=10_000, interest=500)
    make_installment(account, due_date=NEXT, principal=10_000, interest=500)
    return closed(account)


def figures(account: CreditAccount, language: str = "en", **more: Any) -> dict[str, str]:
    values = values_of(account.pk, language=language, channel="sms", **more)
    assert values["customer_page"].startswith("http://127.0.0.1:8000/c/")
    house = ("institution", "hotline", "opt_out", "customer_page", "product", "currency", "customer_name", "account_last4")
    return {name: value for name, value in values.items() if name not in house}


def test_an_account_past_due_is_told_of_all_that_is_past_due_with_its_penalty() -> None:
    # Three days of 100.00 at 0.0005: 0.15. Outstanding: 210.00 and the penalty.
    assert figures(late_account()) == {
        "amount_due": "¥105.15",
        "overdue_total": "¥105.15",
        "penalty_due": "¥0.15",
        "outstanding": "¥210.15",
        "due_date": "8 Mar 2025",
        "days_past_due": "3",
    }


def test_words_and_days_are_those_of_the_customers_language(settings: LazySettings) -> None:
    settings.INSTITUTION_NAME, settings.INSTITUTION_NAME_ZH, settings.CUSTOMER_HOTLINE = "House", "本行", "95000"
    account = late_account()
    english = values_of(account.pk, language="en", channel="sms")
    chinese = values_of(account.pk, language="zh-hans", channel="email")
    assert (english["institution"], english["hotline"], english["opt_out"]) == ("House", "95000", "Reply STOP to opt out.")
    assert (english["customer_name"], english["account_last4"], english["product"]) == ("Wang Fang", "5678", "Card")
    assert english["currency"] == "CNY"
    assert (chinese["institution"], chinese["due_date"], chinese["amount_due"]) == ("本行", "2025年3月8日", "¥105.15")
    assert chinese["opt_out"] == "如不希望再收到此类邮件，请致电95000，我们将为您停止发送。"
    # No made-up house, and no way out that leads nowhere.
    settings.INSTITUTION_NAME = settings.CUSTOMER_HOTLINE = ""
    bare = values_of(account.pk, language="en", channel="push")
    assert not {"institution", "hotline", "opt_out"} & set(bare)


def test_an_account_that_is_not_late_is_told_of_the_coming_instalment() -> None:
    account = late_account()
    closed(account, on=DUE)
    # Due that day, it is not past due; both instalments of one day are one amount.
    assert figures(account) == {"amount_due": "¥105.00", "outstanding": "¥210.00", "due_date": "8 Mar 2025"}
    make_installment(account, due_date=DUE, principal=300)
    closed(account, on=DUE)
    assert figures(account)["amount_due"] == "¥108.00"


def test_a_payment_of_the_open_day_counts_at_once() -> None:
    account = late_account()
    set_business_date(TODAY)
    # A fourth day of penalty until the money counts: 105.20.
    about = {"account_id": account.pk, "value_date": date(2025, 3, 12), "reference": "P-1"}
    post_payment(actor=TESTER, amount_minor=10_520, **about)
    after = figures(account)
    assert (after["amount_due"], after["due_date"]) == ("¥105.00", "8 Apr 2025")
    assert "overdue_total" not in after and "penalty_due" not in after and "days_past_due" not in after
    # A message about the episode that is paid finds nothing due.
    about_paid = figures(account, episode=DUE)
    assert "amount_due" not in about_paid and "due_date" not in about_paid
    assert figures(account, episode=NEXT)["amount_due"] == "¥105.00"


def test_nobody_is_asked_for_what_waits_as_credit() -> None:
    account = late_account(prepayment="hold")
    make_payment(account, paid_on=DUE, amount=10_500 + 4_000)
    closed(account, on=date(2025, 3, 9))
    assert figures(account)["amount_due"] == "¥65.00"
    make_payment(account, paid_on=DUE, amount=6_500)
    closed(account, on=date(2025, 3, 9))
    assert "amount_due" not in figures(account)


def test_an_account_without_a_state_owes_nothing_that_a_message_could_name() -> None:
    account = make_account()
    assert figures(account) == {}
    template = MessageTemplate.objects.get(code="overdue-1-sms")
    with pytest.raises(ValueMissing, match="amount_due"):
        render(template, values_of(account.pk, language="en", channel="sms"), "en")


# The shipped templates ---------------------------------------------------------------------------------------------

KINDS = (
    *("due-soon", "due-today", "overdue-1", "overdue-3", "overdue-7", "overdue-15", "overdue-25"),
    *("demand", "restriction-notice", "payment-correction", "education-early", "education-due", "promise-due", "care"),
)
SHIPPED = {values["code"]: MessageTemplate(version=1, **values) for values in shipped_values()}


def test_migrate_puts_every_kind_in_by_sms_and_email_and_holds_it_from_the_start() -> None:
    held = live_versions(MessageTemplate, date(2000, 1, 1))
    assert set(held) == {f"{kind}-{way}" for kind in KINDS for way in ("sms", "email")} | {"due-soon-push", "overdue-1-push"}
    assert seed_templates() == []


@pytest.mark.parametrize("code", list(SHIPPED))
def test_a_shipped_template_can_go_to_customers_under_every_policy(code: str) -> None:
    template = SHIPPED[code]
    assert problems_of(template) == []
    assert names_institution(template) and has_opt_out(template)
    assert discloses_debt(template) is not code.startswith("payment-correction")
    for language in ("en", "zh"):
        text = render(template, example_values(language, template.channel), language)
        if template.channel == "sms":
            length = sms_length(text.body)
            assert length.segments <= 2
            assert length.encoding is (Encoding.GSM if language == "en" else Encoding.UCS2)
        assert not any(word in text.body.lower() for word in ("court", "police", "lawyer", "legal action", "blacklist"))
        assert not any(
            word in text.body for word in ("起诉", "法院", "公安", "律师", "失信", "黑名单", "上门", "亲友", "后果自负")
        )


def test_a_shipped_template_is_written_of_a_real_account() -> None:
    account = late_account()
    template = MessageTemplate.objects.get(code="overdue-3-email")
    text = render(template, values_of(account.pk, language="en", channel="email"), "en")
    assert text.subject == "Your payment of 8 Mar 2025 is still open"
    assert text.body.startswith(
        "Dear Wang Fang,\n\n¥105.15 for your account ending 5678, due on 8 Mar 2025, is still open. "
        "This includes a late-payment penalty of ¥0.15, as agreed.\n\nIf you have paid already"
    )
    chinese = render(template, values_of(account.pk, language="zh-hans", channel="email"), "zh-hans")
    assert "您尾号5678的账户仍有¥105.15尚未还清，还款日为2025年3月8日。" in chinese.body


def test_a_policy_is_followed_by_the_products_it_names_or_by_all_where_it_is_the_sites_own(settings: LazySettings) -> None:
    assert [str(policy) for policy in followed_policies()] == ["cn-2026 v1"]
    settings.CONTACT_PROFILE = "us-reg-f"
    assert [policy.is_opt_out_demanded for policy in followed_policies()] == [True]
