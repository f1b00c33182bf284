"""Applications to decide about, and the words for them: a product with agreements, an applicant, a decision in one line."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from deciding_books import CLOSED, OPEN, Person
from factories import make_product, set_business_date

from accounts.models import AgreementVersion, Application, ApplicationConsent, Product
from accounts.operations.applications.deciding import approve_application, decide_application
from accounts.operations.applications.receiving import Applied, Bureau, Consent, receive_application
from accounts.operations.applications.weighing import DecisionAsked
from riskops.shared.audit import COMMAND

_number = count(1)
CONSENTED = datetime(2025, 3, 10, 9, 30, tzinfo=UTC)


def make_line_product(**fields: Any) -> Product:
    """Return a product with an agreement and a disclosure published, the book standing at `CLOSED`."""
    set_business_date(CLOSED)
    fields.setdefault("product_code", "std")
    product = make_product(**fields)
    for kind in ("agreement", "disclosure"):
        AgreementVersion.objects.get_or_create(
            kind=kind,
            code=f"{kind}-1",
            defaults={
                "title_en": kind,
                "title_zh": "文本",
                "text_en": "…",
                "text_zh": "……",
                "published_on": date(2024, 1, 1),
            },
        )
    return product


def applied(product: Product, **said: Any) -> Applied:
    """Return what somebody applies for: 20,000.00 on an income of 10,000.00 a month, agreements accepted, unless told."""
    number = next(_number)
    values: dict[str, Any] = {
        "application_no": f"AP{number}",
        "product_code": product.product_code,
        "requested_limit_minor": 2_000_000,
        "declared_income_minor": 1_000_000,
        "person": {"name": "王小明", "phone": f"+8613800000{number:03d}", "national_id": f"1101011990{number:08d}"},
        "agreement": "agreement-1",
        "disclosure": "disclosure-1",
        "accepted_on": CLOSED,
    }
    return Applied(**{**values, **said})


def received(product: Product, **said: Any) -> Application:
    """Return an application in the book, as the rules propose it."""
    return receive_application(actor=COMMAND, applied=applied(product, **said))


def consent(kind: str = "bureau", *, is_given: bool = True) -> Consent:
    """Return a consent given in the app."""
    return Consent(kind, is_given, "app", CONSENTED)


def bureau(**said: Any) -> Bureau:
    """Return a bureau record of the open day."""
    return Bureau("PBOC", OPEN, **said)


def decides(person: Person, application: Application, outcome: str = "grant", **asked: Any) -> Application:
    """Decide an application as it stands; a grant is over what was asked for, unless told."""
    asked.setdefault("reason_code", "granted" if outcome == "grant" else "policy")
    if outcome == "grant":
        asked.setdefault("limit_minor", application.requested_limit_minor)
    return decide_application(
        actor=person.actor,
        roles=person.roles,
        application_id=application.pk,
        version=Application.objects.values_list("version", flat=True).get(pk=application.pk),
        asked=DecisionAsked(outcome=outcome, **asked),
    )


def approves(person: Person, application: Application) -> Application:
    """Approve the decision on an application as it stands."""
    return approve_application(
        actor=person.actor,
        roles=person.roles,
        application_id=application.pk,
        version=Application.objects.values_list("version", flat=True).get(pk=application.pk),
    )


__all__ = ["OPEN", "ApplicationConsent", "Person", "applied", "approves", "bureau", "consent", "decides", "received"]
