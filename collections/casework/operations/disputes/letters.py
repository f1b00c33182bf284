"""The letter that answers a dispute: the template of its outcome with the answer put in, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils import translation
from django.utils.translation import gettext as _

from casework.models import Dispute, DisputeCorrection, ReplyTemplate
from casework.rules.disputes import Correction, Outcome, letter_text
from riskops.shared.wording import day_text, money_text

#: The languages of a letter, by the ending of the columns that hold them.
LANGUAGES: Final = {"en": "en", "zh": "zh-hans"}


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter in both languages."""

    text_en: str
    text_zh: str


def compose_letter(
    dispute: Dispute, *, outcome: Outcome, answers: dict[str, str], corrections: Iterable[DisputeCorrection], dated: date
) -> Letter:
    """Return the letter as it would be sent.

    :param answers: what the customer is told, by "en" and "zh"
    :param corrections: what is put right, or will be
    """
    template = ReplyTemplate.objects.get(outcome=outcome)
    corrections = list(corrections)
    texts = {}
    for ending, language in LANGUAGES.items():
        with translation.override(language):
            values = {
                "number": str(dispute.pk),
                # The end of the number is enough to know the account by, and no use to whoever else reads the letter.
                "account": f"…{dispute.account.account_no[-4:]}",
                "kind": str(dispute.kind),
                "received": day_text(dispute.received_on),
                "answer": answers[ending].strip(),
                "corrections": "\n".join(correction_line(each, dispute.account.product.currency) for each in corrections),
                "day": day_text(dated),
            }
            texts[ending] = letter_text(getattr(template, f"text_{ending}"), values)
    return Letter(texts["en"], texts["zh"])


def correction_line(correction: DisputeCorrection, currency: str) -> str:
    """Return what is put right, as the customer reads it, in the active language."""
    values = {
        "installment": f"{correction.order_no}/{correction.sequence}",
        "amount": money_text(correction.amount_minor or 0, currency),
        "payment": correction.payment_no,
        "component": str(correction.get_component_display() or ""),
    }
    if correction.what == Correction.REVERSE_PAYMENT:
        return _("Payment %(payment)s is undone.") % values
    if correction.what == Correction.CANCEL_INSTALLMENT:
        return _("Instalment %(installment)s is cancelled: you do not owe it.") % values
    if correction.what == Correction.WAIVE:
        return _("%(amount)s of instalment %(installment)s (%(component)s) is waived.") % values
    return _("%(amount)s is paid back to you.") % values
