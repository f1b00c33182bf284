"""Agreements and disclosures: publishing a version, recording a customer's acceptance, and which version holds."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Acceptance, AgreementVersion, CreditAccount
from accounts.operations.checks import account_facts
from accounts.operations.deciding.refusals import DecisionSettingRefused
from accounts.operations.refusals import BeforeOpening, DayNotOpenYet, DayOutOfRange
from accounts.roles import ACCEPT_AGREEMENT, PUBLISH_AGREEMENT
from riskops.shared.audit import Actor, record
from riskops.shared.day import FIRST_DAY, LAST_DAY, book_state
from riskops.shared.people.conflicts import refuse_conflict


def accepted_agreement(account_id: int) -> AgreementVersion | None:
    """Return the version of the credit agreement that holds for an account: the one its customer accepted last."""
    found = (
        Acceptance.objects.filter(account_id=account_id, version__kind=AgreementVersion.Kind.AGREEMENT)
        .select_related("version")
        .order_by("-accepted_on", "-id")
        .first()
    )
    return found.version if found else None


@transaction.atomic
def publish_agreement(*, actor: Actor, version: AgreementVersion) -> AgreementVersion:
    """Publish a version, new and complete. It never changes afterwards.

    :raises DecisionSettingRefused: it is published already, or lacks a text
    """
    if version.pk is not None or AgreementVersion.objects.filter(kind=version.kind, code=version.code).exists():
        raise DecisionSettingRefused(
            _("Version %(code)s is published and never changes; publish the correction as a version of its own.")
            % {"code": version.code}
        )
    if not all(getattr(version, name).strip() for name in ("code", "title_en", "title_zh", "text_en", "text_zh")):
        raise DecisionSettingRefused(_("A version needs a name, and a title and a text in both languages."))
    if version.has_acceleration_clause and version.kind != AgreementVersion.Kind.AGREEMENT:
        raise DecisionSettingRefused(_("A disclosure has no clauses; only a credit agreement can allow full repayment."))
    version.save(force_insert=True)
    record(
        actor=actor,
        action=PUBLISH_AGREEMENT,
        subject_type="agreement",
        subject_key=version.code,
        after={
            "kind": version.kind,
            "published_on": version.published_on.isoformat(),
            "has_acceleration_clause": version.has_acceleration_clause,
        },
    )
    return version


@transaction.atomic
def accept_agreement(
    *, actor: Actor, account_id: int, code: str, accepted_on: date, kind: str = "agreement", channel: str = "", evidence: str = ""
) -> Acceptance:
    """Record that an account's customer accepted a version on a day. The very same again changes nothing.

    The same version on another day is another acceptance: it may be the one that holds again, after another version.

    :raises AccountUnknown: no such account
    :raises DecisionSettingRefused: no such version, another product's, or accepted before it was published
    :raises DayOutOfRange, BeforeOpening, DayNotOpenYet: not a day of the account, or one to come
    :raises ConflictDeclared: the person has a conflict of interest with the customer
    """
    account = account_facts(account_id)
    refuse_conflict(actor, account.customer_id)
    if not FIRST_DAY <= accepted_on <= LAST_DAY:
        raise DayOutOfRange(accepted_on)
    version = AgreementVersion.objects.filter(kind=kind, code=code).first()
    owner = CreditAccount.objects.values("customer_id", "product_id").get(pk=account_id)
    if version is None or version.product_id not in (None, owner["product_id"]):
        raise DecisionSettingRefused(
            _("“%(code)s” is no version for the product of account %(account)s.") % {"code": code, "account": account.account_no}
        )
    if accepted_on < version.published_on:
        raise DecisionSettingRefused(
            _("Version %(code)s was published on %(day)s and cannot have been accepted before.")
            % {"code": code, "day": version.published_on.isoformat()}
        )
    closed = book_state().business_date
    if closed is not None and accepted_on > closed + timedelta(days=1):
        # Dated ahead it would hold over whatever the customer accepts until then.
        raise DayNotOpenYet(accepted_on, closed + timedelta(days=1))
    # Agreements are accepted while opening the account, a few days before its first day at most.
    if (account.opened_on - accepted_on).days > 90:
        raise BeforeOpening(account.account_no, account.opened_on, accepted_on)
    acceptance, is_new = Acceptance.objects.get_or_create(
        account_id=account_id,
        version=version,
        accepted_on=accepted_on,
        defaults={
            "customer_id": owner["customer_id"],
            "channel": channel[:64],
            "evidence": evidence[:200],
        },
    )
    if is_new:
        record(
            actor=actor,
            action=ACCEPT_AGREEMENT,
            subject_type="account",
            subject_key=account.account_no,
            account_id=account_id,
            after={"version": code, "kind": kind, "accepted_on": accepted_on.isoformat(), "channel": channel},
        )
    return acceptance
