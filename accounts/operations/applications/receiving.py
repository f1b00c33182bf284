"""An application received: its person recognised, its consents and bureau records kept, its proposal made at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from accounts.models import AgreementVersion, Application, ApplicationConsent, BureauRecord, Customer, Product
from accounts.models.applications import _OPEN
from accounts.operations.applications import refusals
from accounts.operations.applications.proposing import propose_applications
from accounts.operations.checks import check_amount, check_reference
from accounts.operations.refusals import AmountTooLarge, DayNotOpenYet, DayOutOfRange
from accounts.roles import RECEIVE_APPLICATION
from accounts.rules.applications import Repayment
from riskops.shared.audit import Actor, record
from riskops.shared.day import FIRST_DAY, LAST_DAY, book_state
from riskops.shared.models import CloseRun
from riskops.shared.money import LARGEST_MAJOR
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.personal import PERSON_FIELDS, digits_of, keyed_hash, person_indexes

LONGEST_TERM_MONTHS: Final = 60


@dataclass(frozen=True, slots=True)
class Consent:
    """What the applicant agreed to, or refused, with its source and moment."""

    kind: str
    is_given: bool
    source: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Bureau:
    """What a bureau said. Amounts in minor units of the product's currency."""

    source: str
    reported_on: date
    score: int | None = None
    debt_minor: int | None = None
    overdue_days: int | None = None
    queries_6m: int | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What somebody applied for, in the words of the file. Amounts in minor units of the product's currency."""

    application_no: str
    product_code: str
    requested_limit_minor: int
    declared_income_minor: int
    person: Mapping[str, str]
    customer_no: str = ""
    language: str = Customer.Language.SIMPLIFIED_CHINESE
    employment: str = ""
    purpose: str = ""
    channel: str = ""
    repayment: str = Repayment.INSTALLMENTS
    term_months: int | None = None
    agreement: str = ""
    disclosure: str = ""
    accepted_on: date | None = None
    refuses_automated: bool = False
    consents: Sequence[Consent] = ()
    bureau: Sequence[Bureau] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


def open_day() -> date:
    """Return the business day that work belongs to now.

    :raises DayNotOpenYet: no day of the book is closed yet
    """
    run = CloseRun.objects.filter(is_open=True).exclude(status=CloseRun.Status.WAITING).first()
    if run is not None:
        return run.business_date
    closed = book_state().business_date
    if closed is None:
        raise DayNotOpenYet(date.min, None)
    return closed + timedelta(days=1)


def open_day_or_none() -> date | None:
    """Return the business day that work belongs to now, None before the first close: for pages."""
    try:
        return open_day()
    except DayNotOpenYet:
        return None


@transaction.atomic
def receive_application(
    *, actor: Actor, applied: Applied, sees_product: bool = True, file_hash: int | None = None, reason: str = ""
) -> Application:
    """Take an application in, and let the rules propose.

    :param sees_product: whether the product is within the sight of whoever sends it
    :param file_hash: the hash of the row it came in by file with; the import lets the rules propose for all rows at once
    :raises ApplicationReceivedAlready: the very same is there; whoever sent it may carry on
    :raises ApplicationRefusal: the number is taken, the person has one open, or a value cannot be; the message says which
    :raises ConflictDeclared: whoever takes it in has a conflict with the applicant
    :raises ReferenceMalformed, AmountNotAboveZero, AmountTooLarge, DayOutOfRange, DayNotOpenYet: a value the book does not take
    """
    check_reference(applied.application_no)
    product = Product.objects.filter(product_code=applied.product_code).first() if sees_product else None
    if product is None:
        raise refusals.ProductUnknown(applied.product_code)
    today = open_day()
    _check_values(applied, product)
    person = {name: applied.person[name].strip() for name in PERSON_FIELDS if applied.person.get(name, "").strip()}
    content_hash = _content_hash(applied, person) if file_hash is None else file_hash
    _refuse_repeated(applied.application_no, content_hash)
    customer = recognised(person, applied.customer_no)
    if customer is not None and file_hash is None:
        # Whoever hands in a file has not chosen whom it is about.
        refuse_conflict(actor, customer.pk)
    if customer is not None and not person:
        person = dict(customer.person)
    if not person.get("name") or (customer is None and not person.get("national_id")):
        raise refusals.PersonMissing
    indexes = person_indexes(person)
    refuse_open(customer.pk if customer else None, indexes["national_id_index"])
    application = Application(
        application_no=applied.application_no,
        customer=customer,
        customer_no=applied.customer_no,
        person=person,
        **indexes,
        language=applied.language,
        product=product,
        received_on=today,
        requested_limit_minor=applied.requested_limit_minor,
        declared_income_minor=applied.declared_income_minor,
        employment=applied.employment,
        purpose=applied.purpose.strip(),
        channel=applied.channel.strip(),
        repayment=applied.repayment,
        term_months=applied.term_months,
        agreement=_version(applied.agreement, AgreementVersion.Kind.AGREEMENT, product, applied.accepted_on, today),
        disclosure=_version(applied.disclosure, AgreementVersion.Kind.DISCLOSURE, product, applied.accepted_on, today),
        accepted_on=applied.accepted_on,
        refuses_automated=applied.refuses_automated,
        attributes=dict(applied.attributes),
        content_hash=content_hash,
    )
    try:
        with transaction.atomic():
            application.save(force_insert=True)
    except IntegrityError:
        # Somebody else was faster: with the number, or with the person.
        _refuse_repeated(applied.application_no, content_hash)
        refuse_open(customer.pk if customer else None, indexes["national_id_index"])
        raise
    _keep_consents(application, applied)
    record(
        actor=actor,
        action=RECEIVE_APPLICATION,
        subject_type="application",
        subject_key=application.application_no,
        after=summary(application),
        reason=reason,
    )
    if file_hash is None:
        propose_applications([application.pk], actor=actor, today=today)
        application.refresh_from_db()
    return application


def recognised(person: Mapping[str, str], customer_no: str) -> Customer | None:
    """Return the customer an applicant is, by the number they were sent with or else by their identity number.

    :raises CustomerUnknown: the number is that of somebody with another identity number
    """
    identity = person_indexes({"national_id": person.get("national_id", "")})["national_id_index"]
    if customer_no:
        found = Customer.objects.filter(customer_no=customer_no).first()
        if found is not None:
            known = digits_of(found.person.get("national_id", ""))
            if identity and known and digits_of(person["national_id"]) != known:
                raise refusals.CustomerUnknown(customer_no)
            return found
    if identity is None:
        return None
    return Customer.objects.filter(national_id_index=identity).order_by("pk").first()


def refuse_open(customer_id: int | None, identity: int | None) -> None:
    """Refuse a second open application of one person.

    :raises OpenApplicationThere: names the one that is open
    """
    same = Q(pk__in=[])
    if customer_id is not None:
        same |= Q(customer_id=customer_id)
    if identity is not None:
        same |= Q(national_id_index=identity)
    rival = Application.objects.filter(same, status__in=_OPEN).values_list("application_no", flat=True).first()
    if rival is not None:
        raise refusals.OpenApplicationThere(rival)


def summary(application: Application) -> dict[str, Any]:
    """Return what the audit line of a receipt says; nothing personal."""
    return {
        "product": application.product.product_code,
        "requested_limit_minor": application.requested_limit_minor,
        "channel": application.channel,
        "is_known_customer": application.customer_id is not None,
        "agreement": application.agreement.code if application.agreement else None,
        "refuses_automated": application.refuses_automated,
    }


def _check_values(applied: Applied, product: Product) -> None:
    check_amount(applied.requested_limit_minor, digits=product.minor_digits)
    if applied.declared_income_minor:
        check_amount(applied.declared_income_minor, digits=product.minor_digits)
    if applied.term_months is not None and not 1 <= applied.term_months <= LONGEST_TERM_MONTHS:
        raise refusals.TermOutOfRange(LONGEST_TERM_MONTHS)
    given = {consent.kind for consent in applied.consents if consent.is_given}
    for consent in applied.consents:
        if not consent.source.strip():
            raise refusals.ConsentIncomplete
    for said in applied.bureau:
        if ApplicationConsent.Kind.BUREAU not in given:
            raise refusals.BureauWithoutConsent
        if not FIRST_DAY <= said.reported_on <= LAST_DAY:
            raise DayOutOfRange(said.reported_on)
        if said.debt_minor is not None and not 0 <= said.debt_minor <= LARGEST_MAJOR * 10**product.minor_digits:
            raise AmountTooLarge(said.debt_minor, product.minor_digits)


def _version(code: str, kind: str, product: Product, accepted_on: date | None, today: date) -> AgreementVersion | None:
    if not code:
        return None
    version = AgreementVersion.objects.filter(kind=kind, code=code).first()
    if version is None or version.product_id not in (None, product.pk):
        raise refusals.AgreementUnknown(code)
    if accepted_on is None or not version.published_on <= accepted_on <= today:
        raise refusals.ReceiptDayOff(accepted_on or today)
    return version


def _keep_consents(application: Application, applied: Applied) -> None:
    kept = {}
    for consent in applied.consents:
        kept[consent.kind] = ApplicationConsent.objects.create(
            application=application,
            kind=consent.kind,
            is_given=consent.is_given,
            source=consent.source.strip()[:100],
            given_at=consent.given_at,
        )
    for said in applied.bureau:
        BureauRecord.objects.update_or_create(
            application=application,
            source=said.source,
            reported_on=said.reported_on,
            defaults={
                "consent": kept[ApplicationConsent.Kind.BUREAU],
                "score": said.score,
                "debt_minor": said.debt_minor,
                "overdue_days": said.overdue_days,
                "queries_6m": said.queries_6m,
            },
        )


def _refuse_repeated(number: str, content_hash: int) -> None:
    there = Application.objects.filter(application_no=number).values_list("content_hash", flat=True).first()
    if there is None:
        return
    if there == content_hash:
        raise refusals.ApplicationReceivedAlready(number)
    raise refusals.ApplicationNumberTaken(number)


def _content_hash(applied: Applied, person: Mapping[str, str]) -> int:
    """Return the keyed hash of everything that was sent: the same again is told from another one by it."""
    said = [
        applied.product_code, applied.requested_limit_minor, applied.declared_income_minor, sorted(person.items()),
        applied.customer_no, applied.language, applied.employment, applied.purpose.strip(), applied.channel.strip(),
        str(applied.repayment), applied.term_months, applied.agreement, applied.disclosure, applied.accepted_on,
        applied.refuses_automated,
        sorted(repr((str(c.kind), c.is_given, c.source.strip(), c.given_at.astimezone(UTC))) for c in applied.consents),
        sorted(repr((b.source, b.reported_on, b.score, b.debt_minor, b.overdue_days, b.queries_6m)) for b in applied.bureau),
        sorted(applied.attributes.items()),
    ]  # fmt: skip
    return keyed_hash(f"application:{said!r}") >> 1
