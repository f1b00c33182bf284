"""Work → Agencies → placements and batches: what is placed, whom to place next, and recall."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import CreditAccount
from recovery import agency_roles as may_do
from recovery.agency_days import today
from recovery.agency_forms import BatchForm, OptionalReasonForm, ReasonForm, RecallForm
from recovery.models import Agency, Placement, PlacementBatch
from recovery.operations.agencies import batches, recalling
from recovery.operations.agencies.refusals import AgencyRefusal, BatchUnknown
from recovery.queries.placements import batch_page, batch_rows, board, read_board
from recovery.rules.splitting import LARGEST_DIFFERENCE
from recovery.views.agency_answers import form_step, step
from riskops.shared.audit import Actor
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import refuse_limited_scope, scope_of

BATCH = "agencies:batch"


@never_cache
@require_GET
@requires(may_do.VIEW_PLACEMENTS)
def placements(request: HttpRequest) -> HttpResponse:
    """Show what is placed, or was."""
    filters = read_board(request.GET)
    context = {
        "title": _("Placements"),
        "page": board(request.user, filters),
        "filters": filters,
        "agencies": Agency.objects.order_by("code").values_list("code", "name"),
        "reasons": Placement.Reason.choices,
        "states": [("open", _("with an agency")), ("recalled", _("recalled")), ("all", _("all"))],
    }
    return render(request, "recovery/agencies/placements.html", context)


def _account_or_404(request: HttpRequest, account_no: str) -> CreditAccount:
    account = CreditAccount.objects.select_related("product").filter(account_no=account_no).first()
    if account is None or not scope_of(request.user).takes(account.product.product_code):
        raise Http404(gettext("There is no account %(number)s in this book.") % {"number": account_no})
    refuse_conflict(request.user, account.customer_id)
    return account


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.RECALL)
def recall(request: HttpRequest, account_no: str) -> HttpResponse:
    """Recall an account."""
    account = _account_or_404(request, account_no)
    placement = Placement.objects.select_related("agency").filter(account=account).order_by("-placed_on", "-pk").first()
    form = RecallForm(request.POST or None)

    def show(status: int) -> HttpResponse:
        title = _("Recall %(account)s") % {"account": account_no}
        context = {"title": title, "account": account, "placement": placement, "form": form}
        return render(request, "recovery/agencies/recall.html", context, status=status)

    if request.method == "GET":
        return show(200)

    def act(values: dict[str, Any]) -> str:
        row = recalling.recall_account(actor=Actor.of(request.user), account_no=account_no, **values)
        return gettext("%(account)s is recalled from %(agency)s.") % {"account": account_no, "agency": row.agency.name}

    form = RecallForm(request.POST)
    return form_step(request, form, act, to=("agencies:placements",), show=show)


@never_cache
@require_GET
@requires(may_do.VIEW_PLACEMENTS)
def batches_list(request: HttpRequest) -> HttpResponse:
    """Show the batches."""
    refuse_limited_scope(request.user)
    return render(request, "recovery/agencies/batches.html", {"title": _("Placement batches"), "rows": batch_rows()})


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.SPLIT_BATCH)
def new_batch(request: HttpRequest) -> HttpResponse:
    """Run a batch dry: choose, split, show."""
    refuse_limited_scope(request.user)
    agencies = list(Agency.objects.filter(status=Agency.Status.IN_USE).order_by("code"))
    if request.method == "GET":
        return _batch_editor(
            request, BatchForm(agencies=agencies, initial={"rule": "dpd >= 91 and disputed = False and hardship_plan = False"})
        )
    form = BatchForm(request.POST, agencies=agencies)
    if not form.is_valid():
        return _batch_editor(request, form, status=422)
    values = form.cleaned_data
    try:
        batch = batches.split_batch(
            actor=Actor.of(request.user), rule=values["rule"], weights=form.weights(), today=today(), seed=values["seed"]
        )
    except AgencyRefusal as refusal:
        form.refuse(refusal)
        return _batch_editor(request, form, status=refusal.status)
    return redirect(BATCH, batch.pk)


def _batch_editor(request: HttpRequest, form: BatchForm, *, status: int = 200) -> HttpResponse:
    return render(request, "recovery/agencies/batch_new.html", {"title": _("New placement batch"), "form": form}, status=status)


@never_cache
@require_GET
@requires(may_do.VIEW_PLACEMENTS)
def batch(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Show a batch with its split."""
    return _batch_page(request, _batch_or_404(request, batch_id))


def _batch_or_404(request: HttpRequest, batch_id: int) -> PlacementBatch:
    row = PlacementBatch.objects.filter(pk=batch_id).first()
    if row is None:
        raise Http404(str(BatchUnknown(batch_id)))
    # What is placed is of all products: it cannot be shown in part.
    refuse_limited_scope(request.user)
    return row


def _batch_page(request: HttpRequest, row: PlacementBatch, *, status: int = 200, **typed: Any) -> HttpResponse:
    context = {
        "title": _("Placement batch %(batch)s") % {"batch": row},
        "page": batch_page(row),
        "bound": f"{LARGEST_DIFFERENCE:.2f}",
        "is_own": request.user.pk in (row.drafted_by_id, row.proposed_by_id),
        "propose": OptionalReasonForm(auto_id="propose_%s"),
        "drop": ReasonForm(auto_id="drop_%s"),
        **typed,
    }
    return render(request, "recovery/agencies/batch.html", context, status=status)


@never_cache
@requires(may_do.SPLIT_BATCH)
@posted_from(BATCH)
def propose(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Ask for the approval of a batch."""
    row, form = _batch_or_404(request, batch_id), OptionalReasonForm(request.POST, auto_id="propose_%s")

    def act(values: dict[str, Any]) -> str:
        batches.propose_batch(actor=Actor.of(request.user), batch_id=batch_id, **values)
        return gettext("Batch %(batch)s waits for a second person.") % {"batch": row}

    return form_step(
        request, form, act, to=(BATCH, batch_id), show=lambda status: _batch_page(request, row, status=status, propose=form)
    )


@never_cache
@requires(may_do.APPROVE_BATCH)
@posted_from(BATCH)
def approve(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Approve a batch."""
    row = _batch_or_404(request, batch_id)

    def act() -> str:
        batches.approve_batch(actor=Actor.of(request.user), batch_id=batch_id, today=today())
        return gettext("Batch %(batch)s is approved: the next close places it.") % {"batch": row}

    return step(request, act, to=(BATCH, batch_id), show=lambda status: _batch_page(request, row, status=status))


@never_cache
@requires(may_do.APPROVE_BATCH)
@posted_from(BATCH)
def drop(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Drop a batch that was not placed."""
    row, form = _batch_or_404(request, batch_id), ReasonForm(request.POST, auto_id="drop_%s")

    def act(values: dict[str, Any]) -> str:
        batches.drop_batch(actor=Actor.of(request.user), batch_id=batch_id, **values)
        return gettext("Batch %(batch)s is dropped.") % {"batch": row}

    return form_step(
        request, form, act, to=(BATCH, batch_id), show=lambda status: _batch_page(request, row, status=status, drop=form)
    )


@never_cache
@requires(may_do.SPLIT_BATCH)
@posted_from(BATCH)
def discard(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Discard a dry run."""
    row, form = _batch_or_404(request, batch_id), ReasonForm(request.POST, auto_id="drop_%s")

    def act(values: dict[str, Any]) -> str:
        batches.discard_batch(actor=Actor.of(request.user), batch_id=batch_id, **values)
        return gettext("Batch %(batch)s is dropped.") % {"batch": row}

    return form_step(
        request, form, act, to=(BATCH, batch_id), show=lambda status: _batch_page(request, row, status=status, drop=form)
    )
