"""Agreements signed on paper: handed in by one, confirmed or sent back by another, and handed out."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from casework import plan_roles as may_do
from casework.models import Plan
from casework.operations.plans.agreements import open_paper
from casework.operations.plans.signing import confirm_agreement, hand_in_agreement, send_back_agreement
from casework.views.plans import plan_or_404, step
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.wording import day_text


@never_cache
@requires(may_do.SIGN_PLAN)
@posted_from("casework:plan")
def hand_in(request: HttpRequest, reference: str) -> HttpResponse:
    """Hand in an agreement signed on paper."""
    sent = request.FILES.get("file")

    def take() -> Plan:
        name, size = (sent.name or "", sent.size or 0) if sent else ("", 0)
        chunks = sent.chunks() if sent else iter(())
        return hand_in_agreement(actor=Actor.of(request.user), reference=reference, name=name, chunks=chunks, size_bytes=size)

    return step(request, reference, take, lambda made: gettext("The agreement is handed in; somebody else has to confirm it."))


@never_cache
@requires(may_do.CONFIRM_PLAN)
@posted_from("casework:plan")
def confirm(request: HttpRequest, reference: str) -> HttpResponse:
    """Confirm an agreement that somebody else handed in."""
    return step(
        request,
        reference,
        lambda: confirm_agreement(actor=Actor.of(request.user), reference=reference),
        lambda made: gettext("Plan %(number)s is in force; collection stops while it is kept.") % {"number": made.reference},
    )


@never_cache
@requires(may_do.SEND_BACK_PAPER)
@posted_from("casework:plan")
def send_back(request: HttpRequest, reference: str) -> HttpResponse:
    """Send back an agreement that somebody else handed in."""
    return step(
        request,
        reference,
        lambda: send_back_agreement(
            actor=Actor.of(request.user), reference=reference, reason=request.POST.get("reason", ""), now=timezone.now()
        ),
        lambda made: (
            gettext("The agreement is sent back; plan %(number)s is offered until %(day)s.")
            % {"number": made.reference, "day": day_text(made.offered_until) if made.offered_until else ""}
        ),
    )


@never_cache
@require_GET
@requires(may_do.READ_AGREEMENT)
def paper(request: HttpRequest, reference: str, paper: int) -> HttpResponseBase:
    """Hand out an agreement as signed on paper, one that was sent back too; the reading is recorded."""
    return paper_of(plan_or_404(reference, request.user), paper, Actor.of(request.user))


def paper_of(plan: Plan, number: int, reader: Actor) -> HttpResponseBase:
    """Return a paper of a plan as a download that runs nowhere; the reading is recorded."""
    kept = plan.files.filter(pk=number).first()
    if kept is None:
        words = gettext("Plan %(number)s has no paper %(paper)s; its page lists those it has.")
        raise Http404(words % {"number": plan.reference, "paper": number})
    try:
        handle = open_paper(actor=reader, plan=plan, paper=kept)
    except FileNotFoundError:
        raise Http404(gettext("The file is gone from the store; look into the backup.")) from None
    answer = FileResponse(handle, as_attachment=True, filename=kept.name, content_type=kept.content_type)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    answer.headers["Cache-Control"] = "no-store, private"
    return answer
