"""What a plan's agreement says, from the plan and its terms alone: a document of plain values with its hash."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import translation

from accounts.models import Installment
from accounts.rules.entries import Part
from casework.models import Plan, ReliefTerms
from casework.rules.plans import Due, month_later
from riskops.shared.printing.documents import Said, shown_hash, with_hash
from riskops.shared.wording import NARROW_SPACE, day_text, money_text, number_text

#: The layout and texts that agreements are made with now. A new wording is a new file: kept agreements keep theirs.
LAYOUT: Final = 1
_LANGUAGES: Final = {"zh": "zh-hans", "en": "en"}
_NAME: Final = re.compile(r"\{([a-z_0-9]+)\}")


class AgreementFiguresDisagree(Exception):
    """The table would not add up to what the plan takes over and costs."""


@dataclass(frozen=True, slots=True)
class Signed:
    """The signature that an agreement bears.

    :param offer_sha256: of the document that was accepted; "" where none was kept
    :param paper_sha256: of the copy signed on paper
    """

    day: date
    way: str
    evidence: Mapping[str, Any]
    offer_sha256: str = ""
    paper_sha256: str = ""


def layout_file(layout: int) -> Path:
    """Return the file of a layout."""
    return Path(__file__).with_name(f"agreement-{layout}.typ")


def language_of(plan: Plan) -> str:
    """Return the language that a plan's agreement is made in: the customer's."""
    return "zh" if plan.account.customer.language.startswith("zh") else "en"


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_name(f"agreement-{LAYOUT}.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class _Writer:
    language: str
    values: dict[str, str]

    def say(self, name: str, **more: str) -> str:
        values = self.values | more
        return _NAME.sub(lambda match: values[match.group(1)], _texts()[name][self.language])

    def heading(self, name: str) -> dict[str, Any]:
        return {"kind": "heading", "text": self.say(name)}

    def text(self, *names: str, **more: str) -> dict[str, Any]:
        joint = "" if self.language == "zh" else " "
        return {"kind": "text", "text": joint.join(self.say(name, **more) for name in names)}

    def columns(self, *names: str, left: int) -> list[dict[str, Any]]:
        return [{"label": self.say(f"column_{name}"), "right": place >= left} for place, name in enumerate(names)]


def agreement_said(
    plan: Plan,
    *,
    language: str,
    parts: Sequence[Part],
    dues: Sequence[Due],
    installments: Mapping[int, Installment],
    offered_on: date | None,
) -> Said:
    """Return the agreement of a plan as a document, before it is signed.

    :param plan: read with terms, account, product and customer
    :param language: `en` or `zh`
    :param installments: the old ones that its parts name, by id
    :param offered_on: None: it is not approved yet, and the document says so
    :raises AgreementFiguresDisagree: its tables would not add up
    """
    total = sum(due.total_minor for due in dues)
    if total != plan.owed_minor + plan.price_minor or sum(sum(part[1:]) for part in parts) != plan.owed_minor:
        raise AgreementFiguresDisagree
    with translation.override(_LANGUAGES[language]):
        write = _Writer(language, _values(plan, language, dues, total, offered_on))
        said: Said = {
            "language": language,
            "title": write.say("title"),
            "mark": "" if offered_on else write.say("draft"),
            "institution": write.values["institution"],
            "reference": plan.reference,
            "parts": [
                write.text("intro"),
                *_parties(write, plan),
                *_debt(write, plan, parts, installments),
                *_schedule(write, plan, dues),
                *_terms(write, plan.terms),
                write.heading("signature"),
                write.text("offered_text" if offered_on else "draft_text"),
                _sides(write, offered_on),
            ],
            "hash_label": write.say("hash_label"),
            "page_of": _texts()["page_of"][language],
        }
    return with_hash(said)


def signed_said(offered: Said, plan: Plan, signed: Signed) -> Said:
    """Return an agreement as it was offered, with the signature in place of the lines to sign on."""
    language = offered["language"]
    with translation.override(_LANGUAGES[language]):
        institution, name = offered["institution"], _one_line(plan.account.customer.person.get("name", ""))
        kept_until = signed.evidence.get("kept_until", "")
        values = {
            "institution": institution,
            "customer_name": name,
            "signed_on": day_text(signed.day),
            "recording": str(signed.evidence.get("recording", "")),
            "kept_until": day_text(date.fromisoformat(kept_until)) if kept_until else "",
            "sha256": signed.paper_sha256,
            "offer_hash": shown_hash(signed.offer_sha256),
        }
        write = _Writer(language, values)
        names = ["signed_text", *(["signed_offer"] if signed.offer_sha256 else [])]
        said = {
            **offered,
            "mark": "",
            "parts": [
                *offered["parts"][:-1],
                write.text(*names, way=write.say(f"way_{signed.way}")),
                {"kind": "sides", "sides": [offered["parts"][-1]["sides"][0], _signature(write)]},
            ],
        }
    return with_hash(said)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _money(minor: int, currency: str) -> str:
    return money_text(minor, currency).replace(NARROW_SPACE, "")


def _percent(ppm: int) -> str:
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".") + "%"


def _values(plan: Plan, language: str, dues: Sequence[Due], total: int, offered_on: date | None) -> dict[str, str]:
    currency, terms = plan.account.product.currency, plan.terms
    return {
        "institution": settings.INSTITUTION_NAME_ZH if language == "zh" else settings.INSTITUTION_NAME,
        "customer_name": _one_line(plan.account.customer.person.get("name", "")),
        "account_last4": plan.account.account_no[-4:],
        "hotline": settings.CUSTOMER_HOTLINE or _texts()["default_hotline"][language],
        "as_of": day_text(plan.proposed_on),
        "owed": _money(plan.owed_minor, currency),
        "currency": currency,
        "number": number_text(len(dues)),
        "first_due": day_text(dues[0].due_date),
        "last_due": day_text(dues[-1].due_date),
        "total": _money(total, currency),
        "price": _money(plan.price_minor, currency),
        "rate": _percent(terms.month_interest_ppm),
        "grace": number_text(terms.grace_days),
        "days": number_text(terms.broken_after_days),
        "offered_on": day_text(offered_on) if offered_on else "",
        "offered_until": day_text(plan.offered_until) if plan.offered_until else "",
    }


def _parties(write: _Writer, plan: Plan) -> list[dict[str, Any]]:
    identity = plan.account.customer.person.get("national_id", "").strip()
    rows = [
        [write.say("lender"), write.values["institution"]],
        [write.say("hotline_label"), write.values["hotline"]],
        [write.say("customer"), write.values["customer_name"]],
        *([[write.say("identity"), identity[-4:]]] if len(identity) > 4 else []),
        [write.say("account"), "; ".join(filter(None, (write.values["account_last4"], _one_line(plan.account.product.name))))],
        [write.say("kind"), write.say(f"kind_{plan.terms.instrument}")],
    ]
    return [write.heading("parties"), {"kind": "facts", "rows": rows}]


def _debt(write: _Writer, plan: Plan, parts: Sequence[Part], installments: Mapping[int, Installment]) -> list[dict[str, Any]]:
    currency = plan.account.product.currency

    def cells(*amounts: int) -> list[str]:
        return [_money(amount, currency) for amount in (*amounts, sum(amounts))]

    rows = []
    for part in parts:
        old = installments[part.installment]
        amounts = cells(part.principal_minor, part.interest_minor, part.fee_minor, part.penalty_minor)
        rows.append([f"{old.order_no}-{old.sequence}", day_text(old.due_date), *amounts])
    sums = [sum(getattr(part, f"{name}_minor") for part in parts) for name in ("principal", "interest", "fee", "penalty")]
    columns = write.columns("instalment", "due", "principal", "interest", "fees", "penalty", "together", left=2)
    table = {"kind": "table", "columns": columns, "rows": rows, "total": [write.say("total"), "", *cells(*sums)]}
    return [write.heading("debt"), write.text("debt_text"), table, write.text("debt_rest")]


def _schedule(write: _Writer, plan: Plan, dues: Sequence[Due]) -> list[dict[str, Any]]:
    currency = plan.account.product.currency
    is_monthly = all(due.due_date == month_later(dues[0].due_date, place) for place, due in enumerate(dues))
    kind = "schedule_one" if len(dues) == 1 else "schedule_monthly" if is_monthly else "schedule_dates"
    rows = [
        [
            number_text(number),
            day_text(due.due_date),
            *(_money(amount, currency) for amount in (due.principal_minor, due.interest_minor, due.fee_minor, due.total_minor)),
        ]
        for number, due in enumerate(dues, 1)
    ]
    sums = [sum(getattr(due, f"{name}_minor") for due in dues) for name in ("principal", "interest", "fee", "total")]
    columns = write.columns("number", "due", "principal", "interest", "fees_and_penalty", "to_pay", left=2)
    total = [write.say("total"), "", *(_money(amount, currency) for amount in sums)]
    table = {"kind": "table", "columns": columns, "rows": rows, "total": total}
    costs = write.text("schedule_total" if plan.price_minor else "schedule_total_free")
    return [write.heading("schedule"), write.text(kind), table, costs]


def _terms(write: _Writer, terms: ReliefTerms) -> list[dict[str, Any]]:
    return [
        write.heading("price"),
        write.text(
            "interest" if terms.month_interest_ppm else "interest_none",
            "penalty" if terms.bears_penalty else "penalty_none",
            "no_other",
        ),
        write.heading("missed"),
        write.text(
            "missed_grace" if terms.grace_days else "missed_text",
            "broken_returns" if terms.returns_when_broken else "broken_stays",
        ),
        write.heading("collection"),
        write.text("collection_text"),
        write.heading("use"),
        write.text(f"use_{terms.new_use or 'free'}"),
        write.heading("bureaus"),
        write.text("bureaus_restructured" if terms.is_reported_as_restructured else "bureaus_as_it_ages", "bureaus_told"),
        write.heading("rights"),
        write.text("rights_customer"),
        write.text("rights_duties"),
    ]


def _sides(write: _Writer, offered_on: date | None) -> dict[str, Any]:
    day = write.values["offered_on"] if offered_on else write.say("blank")
    lender = [write.say("sign_lender"), write.say("sign_day", day=day)]
    customer = [write.say("sign_customer"), write.say("sign_by_hand"), write.say("sign_day", day=write.say("blank"))]
    return {"kind": "sides", "sides": [lender, customer]}


def _signature(write: _Writer) -> list[str]:
    return [write.say("sign_customer"), write.say("sign_day", day=write.values["signed_on"])]
