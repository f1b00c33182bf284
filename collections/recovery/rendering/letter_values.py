"""What a letter says of an account: its figures of the day, in the letter's language, and the table of what is unpaid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import AccountState, CreditAccount, Installment
from recovery.models import LetterTemplate
from recovery.rules.letter_text import Paragraph, paragraphs
from riskops.shared.printing.documents import Said, with_hash
from riskops.shared.wording import NARROW_SPACE, day_text, money_text, number_text

_LANGUAGES: Final = {"zh": "zh-hans", "en": "en"}


class FiguresDisagree(Exception):
    """The unpaid instalments do not add up to what the account's state says is past due."""


@dataclass(frozen=True, slots=True)
class Dated:
    """The days of a letter: that it bears, that its amounts are of, and the last one to pay."""

    letter_on: date
    as_of: date
    pay_by: date

    @classmethod
    def of(cls, *, today: date, as_of: date, pay_within_days: int) -> Dated:
        """Return the days of a letter printed today."""
        return cls(today, as_of, today + timedelta(days=pay_within_days))


def letter_said(
    account: CreditAccount, state: AccountState, template: LetterTemplate, *, language: str, reference: str, dated: Dated
) -> Said:
    """Return a letter as a document, with its hash.

    :param account: read with customer and product
    :param language: `en` or `zh`
    :raises ValueAbsent: the text names something that the account has none of
    :raises FiguresDisagree: the table would not add up to the total
    """
    with translation.override(_LANGUAGES[language]):
        values = _values(account, state, reference, dated)
        body = template.body_zh if language == "zh" else template.body_en
        title = template.title_zh if language == "zh" else template.title_en
        signature = template.signature_zh if language == "zh" else template.signature_en
        person = account.customer.person
        said: Said = {
            "language": language,
            "title": title,
            "institution": values.get("institution", ""),
            "reference": reference,
            "date": values["letter_date"],
            "addressee": [line for line in (values.get("customer_name", ""), _one_line(person.get("address", ""))) if line],
            "parts": [_part(part, account, state, dated.as_of) for part in paragraphs(body, values)],
            "signature": [part.lines[0] for line in signature.split("|") for part in paragraphs(line, values)],
            **_foot(),
        }
        _begin_flush(said["parts"])
    return with_hash(said)


def _foot() -> dict[str, str]:
    hotline = settings.CUSTOMER_HOTLINE
    verify = _("To check that this letter is ours, call %(hotline)s and read out the digits above.") % {"hotline": hotline}
    return {
        "hash_label": _("document number"),
        "page_of": _("page {page} of {pages}"),
        "verify": verify if hotline else "",
    }


def _begin_flush(parts: list[dict[str, Any]]) -> None:
    """Let the salutation stand at the edge."""
    if parts and parts[0]["kind"] == "text":
        parts[0]["flush"] = True


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _money(minor: int, currency: str) -> str:
    return money_text(minor, currency).replace(NARROW_SPACE, "")


def _values(account: CreditAccount, state: AccountState, reference: str, dated: Dated) -> dict[str, str]:
    currency = account.product.currency
    is_chinese = (translation.get_language() or "").startswith("zh")
    owed = state.outstanding_principal_minor + state.outstanding_interest_minor + state.outstanding_fee_minor
    values = {
        "customer_name": _one_line(account.customer.person.get("name", "")),
        "institution": settings.INSTITUTION_NAME_ZH if is_chinese else settings.INSTITUTION_NAME,
        "hotline": settings.CUSTOMER_HOTLINE,
        "account_last4": account.account_no[-4:],
        "product": _one_line(account.product.name),
        "opened_on": day_text(account.opened_on),
        "as_of": day_text(dated.as_of),
        "oldest_due_on": day_text(state.oldest_unpaid_due_date) if state.oldest_unpaid_due_date else "",
        "days_past_due": number_text(state.days_past_due),
        "overdue_total": _money(state.overdue_total_minor, currency),
        "overdue_principal": _money(state.overdue_principal_minor, currency),
        "overdue_interest": _money(state.overdue_interest_minor + state.overdue_fee_minor, currency),
        "penalty_due": _money(state.penalty_due_minor, currency),
        "outstanding": _money(owed + state.penalty_due_minor, currency),
        "pay_by": day_text(dated.pay_by),
        "letter_date": day_text(dated.letter_on),
        "reference": reference,
    }
    return {name: value for name, value in values.items() if value}


def _part(part: Paragraph, account: CreditAccount, state: AccountState, as_of: date) -> dict[str, Any]:
    if not part.is_table:
        return {"kind": "text", "lines": list(part.lines)}
    return {"kind": "table", **_table(past_due(account.pk, as_of), state, account.product.currency)}


def past_due(account_id: int, as_of: date) -> Sequence[Installment]:
    """Return the past-due instalments with something unpaid, the earliest first."""
    rows = Installment.objects.filter(account_id=account_id, is_open=True, due_date__lt=as_of).order_by("due_date", "pk")
    return [row for row in rows if row.principal_unpaid_minor + row.interest_unpaid_minor + row.fee_unpaid_minor > 0]


def _table(rows: Sequence[Installment], state: AccountState, currency: str) -> dict[str, Any]:
    principal = sum(row.principal_unpaid_minor for row in rows)
    interest = sum(row.interest_unpaid_minor + row.fee_unpaid_minor for row in rows)
    if (principal, interest) != (state.overdue_principal_minor, state.overdue_interest_minor + state.overdue_fee_minor):
        raise FiguresDisagree

    def line(row: Installment) -> list[str]:
        extra = row.interest_unpaid_minor + row.fee_unpaid_minor
        amounts = (row.principal_unpaid_minor, extra, row.principal_unpaid_minor + extra)
        return [day_text(row.due_date), *(_money(amount, currency) for amount in amounts)]

    lines = [line(row) for row in rows]
    if state.penalty_due_minor:
        lines.append([_("Late-payment penalty"), "", "", _money(state.penalty_due_minor, currency)])
    return {
        "columns": [
            {"label": _("Due date"), "right": False},
            {"label": _("Principal unpaid"), "right": True},
            {"label": _("Interest and fees unpaid"), "right": True},
            {"label": _("Together"), "right": True},
        ],
        "rows": lines,
        "total": [
            _("Total"), _money(principal, currency), _money(interest, currency), _money(state.overdue_total_minor, currency)
        ],
    }  # fmt: skip
