"""What the customer is told of a debit, in both languages, queued with it; outreach takes it from here."""

from __future__ import annotations

from datetime import date

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import DebitInstruction, DebitNotice
from accounts.operations.deciding.texts import LANGUAGES
from riskops.shared.wording import day_text, money_text


def tell(debit: DebitInstruction, kind: str, *, account_no: str, currency: str, instrument: str, dated: date) -> None:
    """Queue a notice, in the caller's transaction.

    :param instrument: masked
    """
    texts = {}
    for language, code in LANGUAGES.items():
        with translation.override(code):
            texts[language] = _text(debit, kind) % {
                "account": f"…{account_no[-4:]}",
                "amount": money_text(debit.amount_minor, currency),
                "day": day_text(debit.debit_on),
                "instrument": instrument,
                "tries": debit.most_tries,
                "spacing": debit.spacing_days,
            }
    DebitNotice.objects.create(instruction=debit, kind=kind, text_en=texts["en"], text_zh=texts["zh"], dated=dated)


def _text(debit: DebitInstruction, kind: str) -> str:
    if kind == DebitNotice.Kind.WITHDRAWN:
        return _("Account %(account)s: we will not take %(amount)s on %(day)s as we wrote. You need not do anything.")
    if debit.most_tries > 1:
        return _(
            "Account %(account)s: on %(day)s we will take up to %(amount)s from %(instrument)s, never more than is due then. If "
            "it fails we try again, %(tries)s times in all, %(spacing)s days apart. You may pay before, or revoke your mandate."
        )
    return _(
        "Account %(account)s: on %(day)s we will take up to %(amount)s from %(instrument)s, never more than is due then. You may "
        "pay before, or revoke your mandate."
    )


def withdraw(debit: DebitInstruction, *, account_no: str, currency: str, dated: date) -> None:
    """Tell the customer that a debit they were told of does not come; nothing where they were not told, or hear it already."""
    planned = DebitNotice.objects.select_for_update().filter(instruction=debit, kind=DebitNotice.Kind.PLANNED).first()
    if planned is None:
        return
    kind = DebitNotice.Kind.WITHDRAWN
    if not DebitNotice.objects.filter(instruction=debit, kind=kind).exists():
        tell(debit, kind, account_no=account_no, currency=currency, instrument="", dated=dated)
