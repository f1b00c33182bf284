"""An objection to a refused application, recorded, and looked at again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from accounts.application_forms import AnswerForm, ApplicationAppealForm
from accounts.operations.applications.appealing import decide_appeal, preview_appeal, record_appeal
from accounts.roles import DECIDE_APPLICATION_APPEAL, RECORD_APPLICATION_APPEAL
from accounts.views.applications import _act, _previewed, _roles, _show, page_or_404
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires


@requires(RECORD_APPLICATION_APPEAL)
@posted_from("accounts:application")
def appeal_application(request: HttpRequest, application_id: int) -> HttpResponse:
    """Record what an applicant says against a refusal."""
    form = ApplicationAppealForm(request.POST)
    return _act(
        request,
        page_or_404(request, application_id),
        "appeal",
        form,
        lambda values: (
            record_appeal(
                actor=Actor.of(request.user),
                application_id=application_id,
                version=values["version"],
                objection=form.objection(),
            ).application
        ),
        lambda found: (
            gettext("The objection to %(number)s is recorded; somebody who had no part in it looks at it again.")
            % {"number": found.application_no}
        ),
    )


@never_cache
@requires(DECIDE_APPLICATION_APPEAL)
@posted_from("accounts:application")
def answer_appeal(request: HttpRequest, application_id: int) -> HttpResponse:
    """Preview the outcome of the second look (`preview` pressed, or htmx asking), or decide it."""
    page = page_or_404(request, application_id)
    form = AnswerForm(request.POST, application=page.application)
    is_htmx = bool(getattr(request, "htmx", False))
    if "preview" in request.POST or is_htmx:
        preview = _previewed(request, page, form, preview_appeal) if form.is_valid() else {}
        if is_htmx:
            return render(request, "accounts/applications/_preview.html", {"row": page.row, "page": page, **preview})
        return _show(request, page, act="answer", form=form, preview=preview)
    return _act(
        request,
        page,
        "answer",
        form,
        lambda values: decide_appeal(
            actor=Actor.of(request.user),
            roles=_roles(request),
            application_id=application_id,
            version=values["version"],
            asked=form.asked(),
        ),
    )
