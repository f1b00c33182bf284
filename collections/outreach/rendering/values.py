"""What the variables of a template stand for: figures of an account at this moment, in the customer's language; and examples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone, translation

from accounts.models import AccountState, CreditAccount
from outreach.customer_links import link_of
from outreach.queries.dues import Due, first_unpaid, open_dues
from outreach.rules.contacts import Channel
from outreach.rules.template_variables import VARIABLES, opt_out_sentence
from riskops.shared.wording import NARROW_SPACE, day_text, money_text, number_text


def language_key(language: str) -> str:
    """Return the ending of the columns in a language of the site: `en`, `zh`."""
    return "zh" if language.lower().startswith("zh") else "en"


def account_values(
    account: CreditAccount,
    *,
    language: str,
    channel: str,
    episode: date | None = None,
    today: date | None = None,
    dues: Sequence[Due] | None = None,
    link_until: date | None = None,
) -> dict[str, str]:
    """Return the values of an account as it was read, postings of the open day included, by variable.

    Whatever the account has none of is not among them: a penalty of nothing, a product without a name.

    :param account: read with its customer, product and state
    :param language: of the customer: `en`, `zh-hans`
    :param episode: the due date that the message is about; nothing is due where that is paid and only later ones are not
    :param today: from when the link to the customer's page is good; today's date where none is given
    :param dues: of the account (`open_dues`), for whoever has read them for many; read here where not given
    :param link_until: a day up to which the link is good in any case
    """
    currency = account.product.currency
    with translation.override("zh-hans" if language_key(language) == "zh" else "en"):
        values = {
            "customer_name": " ".join(account.customer.person.get("name", "").split()),
            "account_last4": account.account_no[-4:],
            "product": " ".join(account.product.name.split()),
            "currency": currency,
            "customer_page": link_of(account.pk, today=today or timezone.localdate(), until=link_until),
            **_house_values(language_key(language), channel),
        }
        figures = _figures(account, episode, dues)
        for name, minor in figures.amounts.items():
            if minor > 0:
                values[name] = money(minor, currency)
        if figures.due_date is not None:
            values["due_date"] = day_text(figures.due_date)
        if figures.days_past_due > 0:
            values["days_past_due"] = number_text(figures.days_past_due)
    return {name: value for name, value in values.items() if value}


def money(minor: int, currency: str) -> str:
    """Return an amount as messages write it: without the narrow space, for which no SMS alphabet but UCS-2 has a sign."""
    return money_text(minor, currency).replace(NARROW_SPACE, "")


class _Figures:
    """What an account owes, in minor units, and from which day."""

    def __init__(self) -> None:
        self.amounts: dict[str, int] = {}
        self.due_date: date | None = None
        self.days_past_due = 0


def _figures(account: CreditAccount, episode: date | None, dues: Sequence[Due] | None) -> _Figures:
    figures = _Figures()
    try:
        state: AccountState = account.state
    except ObjectDoesNotExist:
        # Not closed yet, nor anything posted.
        return figures
    figures.amounts["penalty_due"] = state.penalty_due_minor
    owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    figures.amounts["outstanding"] = owed + state.penalty_due_minor
    if state.oldest_unpaid_due_date is not None:
        figures.due_date, figures.days_past_due = state.oldest_unpaid_due_date, state.days_past_due
        figures.amounts["overdue_total"] = figures.amounts["amount_due"] = state.overdue_total_minor
        return figures
    coming = first_unpaid(open_dues([account.pk]).get(account.pk, ()) if dues is None else dues)
    if coming is None or (episode is not None and coming[0] > episode):
        return figures
    # What waits as credit is taken on the due date: nobody is asked for it again.
    left = coming[1] - state.credit_balance_minor
    if left > 0:
        figures.due_date, figures.amounts["amount_due"] = coming[0], left
    return figures


def _house_values(key: str, channel: str) -> dict[str, str]:
    """Return what is the same for every account."""
    name = settings.INSTITUTION_NAME_ZH if key == "zh" else settings.INSTITUTION_NAME
    opt_out = opt_out_sentence(Channel(channel), key, settings.CUSTOMER_HOTLINE)
    return {"institution": name, "hotline": settings.CUSTOMER_HOTLINE, "opt_out": opt_out}


def example_values(language: str, channel: str) -> dict[str, str]:
    """Return what previews show, by variable; the house's own are its own."""
    return _shown("example", language, channel)


def longest_values(language: str, channel: str) -> dict[str, str]:
    """Return values as long as they come, by variable."""
    return _shown("longest", language, channel)


def _shown(which: str, language: str, channel: str) -> dict[str, str]:
    key = language_key(language)
    values = {name: getattr(variable, which)[key == "zh"] for name, variable in VARIABLES.items()}
    return values | {name: value for name, value in _house_values(key, channel).items() if value}
