"""A plan's agreement as it looks, and as the file that was kept: read by those who may, each reading recorded."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from casework.models import Plan, PlanAgreement
from casework.operations.plans.agreements import agreement_of, kept_agreement, note_reading, open_agreement, said_in
from casework.operations.plans.refusals import AgreementUnprinted
from casework.plan_roles import READ_AGREEMENT
from casework.rendering.agreements import LAYOUT, layout_file
from casework.views.plans import plan_or_404
from riskops.shared.audit import Actor
from riskops.shared.printing.documents import Said
from riskops.shared.printing.typesetting import as_pictures
from riskops.shared.roles import requires


def said_of(plan: Plan, stage: str) -> tuple[Said, int, PlanAgreement | None]:
    """Return what a plan's agreement says, its layout, and the row where it was kept; else the draft as it would be made now.

    :raises AgreementUnprinted: it cannot be printed as things are
    """
    kept = kept_agreement(plan, stage if stage in PlanAgreement.Stage.values else "")
    if kept is not None:
        return said_in(kept), kept.layout, kept
    return agreement_of(plan, offered_on=None), LAYOUT, None


@never_cache
@require_GET
@requires(READ_AGREEMENT)
def pages(request: HttpRequest, reference: str) -> HttpResponse:
    """Show an agreement's pages as they look; the reading is recorded."""
    plan, stage = plan_or_404(reference, request.user), request.GET.get("stage", "")
    title = gettext("Agreement of plan %(number)s") % {"number": plan.reference}
    context: dict[str, Any] = {"title": title, "plan": plan}
    try:
        said, layout, kept = said_of(plan, stage)
    except AgreementUnprinted as refusal:
        return render(request, "casework/plans/agreement.html", {**context, "refusal": str(refusal)}, status=422)
    numbers = range(1, len(as_pictures(said, layout=layout_file(layout))) + 1)
    note_reading(actor=Actor.of(request.user), plan=plan, what=f"{kept.stage if kept else 'draft'}, on screen")
    context |= {"pages": numbers, "kept": kept, "hash": said["hash"], "stage": kept.stage if kept else ""}
    return render(request, "casework/plans/agreement.html", context)


@never_cache
@require_GET
@requires(READ_AGREEMENT)
def page_picture(request: HttpRequest, reference: str, page: int) -> HttpResponse:
    """Return one page of an agreement as a picture; the page that shows it has recorded the reading."""
    plan = plan_or_404(reference, request.user)
    try:
        said, layout, _kept = said_of(plan, request.GET.get("stage", ""))
    except AgreementUnprinted as refusal:
        raise Http404(str(refusal)) from None
    pictures = as_pictures(said, layout=layout_file(layout))
    if not 1 <= page <= len(pictures):
        raise Http404(gettext("The agreement has %(pages)s pages.") % {"pages": len(pictures)})
    return HttpResponse(pictures[page - 1], content_type="image/png", headers={"Cache-Control": "no-store, private"})


@never_cache
@require_GET
@requires(READ_AGREEMENT)
def pdf(request: HttpRequest, reference: str) -> HttpResponseBase:
    """Hand an agreement out as the file that was kept; the reading is recorded."""
    return pdf_of(plan_or_404(reference, request.user), request.GET.get("stage", ""), Actor.of(request.user))


def pdf_of(plan: Plan, stage: str, reader: Actor) -> HttpResponseBase:
    """Return the kept file of an agreement as a download that runs nowhere; the reading is recorded."""
    kept = kept_agreement(plan, stage if stage in PlanAgreement.Stage.values else "")
    if kept is None:
        raise Http404(
            gettext("Plan %(number)s has no agreement yet; one is made when it is approved.") % {"number": plan.reference}
        )
    try:
        handle = open_agreement(actor=reader, plan=plan, kept=kept)
    except FileNotFoundError:
        raise Http404(gettext("The file is gone from the store; look into the backup.")) from None
    answer = FileResponse(
        handle, as_attachment=True, filename=f"{plan.reference}-{kept.stage}.pdf", content_type="application/pdf"
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    answer.headers["Cache-Control"] = "no-store, private"
    return answer
