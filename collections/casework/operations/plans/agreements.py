"""A plan's agreement made, kept when it is offered and once more when it is signed, and handed out; never changed."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from io import BytesIO

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Installment
from accounts.operations.attachments import forget_content, open_file, store_content
from casework.models import Plan, PlanAgreement, PlanFile
from casework.operations.plans.proposing import dues_in, parts_in
from casework.operations.plans.refusals import AgreementUnprinted
from casework.plan_roles import READ_AGREEMENT
from casework.rendering.agreements import (
    LAYOUT,
    AgreementFiguresDisagree,
    Signed,
    agreement_said,
    language_of,
    layout_file,
    signed_said,
)
from riskops.shared.audit import Actor, record
from riskops.shared.printing.documents import Said, content_hash, texts_of
from riskops.shared.printing.glyphs import missing_from
from riskops.shared.printing.typesetting import as_pdf


@dataclass(slots=True)
class Stored:
    """The names of files stored so far."""

    names: list[str]


@contextmanager
def stored_files() -> Iterator[Stored]:
    """Take away again the files that were stored, where what stored them did not come to its end."""
    stored = Stored([])
    try:
        yield stored
    except BaseException:
        for name in stored.names:
            forget_content(name)
        raise


def agreement_of(plan: Plan, *, offered_on: date | None) -> Said:
    """Return what the agreement of a plan says before its signature; nothing is written.

    :param offered_on: None: it is a draft
    :raises AgreementUnprinted: a value is missing, its tables do not add up, or the font lacks a sign
    """
    parts = parts_in(plan)
    try:
        said = agreement_said(
            plan,
            language=language_of(plan),
            parts=parts,
            dues=dues_in(plan),
            installments=Installment.objects.in_bulk([part.installment for part in parts]),
            offered_on=offered_on,
        )
    except AgreementFiguresDisagree:
        why = _("its instalments do not add up to what it takes over; withdraw the plan and make a new one.")
        raise AgreementUnprinted(plan.reference, why) from None
    if not said["institution"]:
        raise AgreementUnprinted(plan.reference, _("the site does not say who the lender is; set INSTITUTION_NAME."))
    missing = missing_from("".join(texts_of(said)))
    if missing:
        why = _("the font of documents has no sign for %(signs)s; write the name otherwise in the book.")
        raise AgreementUnprinted(plan.reference, why % {"signs": " ".join(missing)})
    return said


def keep_offer(plan: Plan, *, day: date, stored: Stored) -> PlanAgreement:
    """Print the agreement of a plan that is offered from a day on, and keep it.

    :raises AgreementUnprinted: see `agreement_of`
    """
    return _keep(plan, PlanAgreement.Stage.OFFERED, agreement_of(plan, offered_on=day), LAYOUT, day, stored)


def keep_signed(plan: Plan, *, day: date, stored: Stored) -> PlanAgreement:
    """Print the agreement of a plan once more, as it was offered and with its signature, and keep it.

    :raises AgreementUnprinted: none was kept when it was offered, and it cannot be made now
    """
    offer = kept_agreement(plan, PlanAgreement.Stage.OFFERED)
    said = said_in(offer) if offer else agreement_of(plan, offered_on=day)
    paper = plan.file
    signature = Signed(day, plan.way, plan.evidence, offer.content_sha256 if offer else "", paper.sha256 if paper else "")
    layout = offer.layout if offer else LAYOUT
    return _keep(plan, PlanAgreement.Stage.SIGNED, signed_said(said, plan, signature), layout, day, stored)


def kept_agreement(plan: Plan, stage: str = "") -> PlanAgreement | None:
    """Return the agreement that was kept at a stage, or the latest one."""
    rows = PlanAgreement.objects.filter(plan=plan, **({"stage": stage} if stage else {}))
    return rows.order_by("-pk").first()


def said_in(kept: PlanAgreement) -> Said:
    """Return what a kept agreement says."""
    said: Said = json.loads(kept.said["said"])
    return said


def open_agreement(*, actor: Actor, plan: Plan, kept: PlanAgreement) -> BytesIO:
    """Return the PDF of a kept agreement; that it was opened is recorded.

    :raises FileNotFoundError: the bytes are gone from var/
    """
    handle = open_file(kept)
    note_reading(actor=actor, plan=plan, what=f"{kept.stage}.pdf")
    return handle


def open_paper(*, actor: Actor, plan: Plan, paper: PlanFile) -> BytesIO:
    """Return an agreement as it was signed on paper; that it was opened is recorded, with which one by its hash.

    :raises FileNotFoundError: the bytes are gone from var/
    """
    handle = open_file(paper)
    note_reading(actor=actor, plan=plan, what="paper", sha256=paper.sha256)
    return handle


def note_reading(*, actor: Actor, plan: Plan, what: str, sha256: str = "") -> None:
    """Record that somebody read the agreement of a plan: it names the customer.

    :param sha256: of the file, where there may be several of what was read
    """
    record(
        actor=actor,
        action=READ_AGREEMENT,
        subject_type="plan",
        subject_key=plan.reference,
        account_id=plan.account_id,
        after={"read": what, **({"sha256": sha256} if sha256 else {})},
    )


def _keep(plan: Plan, stage: PlanAgreement.Stage, said: Said, layout: int, day: date, stored: Stored) -> PlanAgreement:
    # The first moment of the business day: the same agreement gives the same bytes.
    at = timezone.make_aware(datetime.combine(day, time()))
    pdf = as_pdf(said, layout=layout_file(layout), at=at)
    stored_as = f"agreement-{secrets.token_hex(16)}"
    store_content(stored_as, pdf)
    stored.names.append(stored_as)
    return PlanAgreement.objects.create(
        plan=plan,
        stage=stage,
        language=said["language"],
        layout=layout,
        said={"said": json.dumps(said, ensure_ascii=False)},
        content_sha256=content_hash(said),
        pdf_sha256=hashlib.sha256(pdf).hexdigest(),
        size_bytes=len(pdf),
        stored_as=stored_as,
        dated=day,
    )
