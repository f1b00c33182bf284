"""Settings → Tiers: the versions of the policy, drafting, dry run, approval. A step is one operation, the API's too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from casework.calendars import business_hours
from casework.forms import (
    ApprovalForm,
    CaseworkForm,
    HeadForm,
    ProposalForm,
    ReasonForm,
    read_tiers,
    rearranged,
    refused,
    typed_tiers,
)
from casework.models import BusinessCalendar, Tier, TierPolicy
from casework.operations import tier_drafts, tier_policies
from casework.operations.refusals import CaseworkRefusal, DraftChangedMeanwhile, NotADraft, TiersMalformed
from casework.operations.tier_drafts import TierDraft
from casework.policies import parsed
from casework.queries.dry_run import movers
from casework.queries.policy_pages import last_closed_day, policy_page, versions
from casework.roles import APPROVE_TIERS, DRAFT_TIERS, DRY_RUN_TIERS, VIEW_TIERS
from riskops.shared.audit import Actor
from riskops.shared.day import CloseIsRunning
from riskops.shared.models import Team
from riskops.shared.operations import VIEW_AUDIT
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.rule_language import RuleRefusal
from riskops.shared.scope import refuse_limited_scope, scope_of
from riskops.shared.wording import day_text, duration_text, number_text


def _policy_or_404(version: int) -> TierPolicy:
    policy = TierPolicy.objects.select_related("calendar").filter(version=version).first()
    if policy is None:
        raise Http404(gettext("There is no version %(version)s of the tier policy.") % {"version": version})
    return policy


@never_cache
@require_GET
@requires(VIEW_TIERS)
def policies(request: HttpRequest) -> HttpResponse:
    """Show every version of the policy, and the calendars."""
    today = timezone.localdate()
    rows = versions(today)
    context = {
        "title": _("Tiers"),
        "rows": rows,
        "live": next((row.policy for row in rows if row.is_live), None),
        "calendars": [(calendar, business_hours(calendar).is_worked(today)) for calendar in BusinessCalendar.objects.all()],
        "today": today,
    }
    return render(request, "casework/tiers/policies.html", context)


@never_cache
@require_GET
@requires(VIEW_TIERS)
def policy(request: HttpRequest, version: int) -> HttpResponse:
    """Show one version: its tiers, its dry run, what can be done next."""
    return _page(request, _policy_or_404(version))


def _page(request: HttpRequest, row: TierPolicy, *, status: int = 200, **forms: CaseworkForm) -> HttpResponse:
    page = policy_page(
        row,
        scope=scope_of(request.user),
        today=timezone.localdate(),
        url_of_moves=reverse("casework:movers", args=[row.version]),
        with_audit=may(request.user, VIEW_AUDIT),
    )
    context = {
        "title": _("Tier policy, version %(version)s") % {"version": row.version},
        "page": page,
        "is_own": request.user.pk in {row.drafted_by_id, *row.editors},
        "proposal": ProposalForm(initial={"live_from": page.first_possible_day}),
        "approval": ApprovalForm(),
        "reason": ReasonForm(),
        **forms,
    }
    return render(request, "casework/tiers/policy.html", context, status=status)


@never_cache
@requires(DRAFT_TIERS)
@posted_from("casework:policies")
def draft(request: HttpRequest) -> HttpResponse:
    """Begin the next version as a copy of another one."""
    copy_of = request.POST.get("copy_of", "")
    if not copy_of.isdecimal():
        raise Http404(gettext("There is no version %(version)s of the tier policy.") % {"version": copy_of})
    try:
        made = tier_drafts.draft_policy(actor=Actor.of(request.user), copy_of=int(copy_of[:9]))
    except CaseworkRefusal as refusal:
        raise Http404(str(refusal)) from refusal
    return redirect("casework:edit", made.version)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(DRAFT_TIERS)
def edit(request: HttpRequest, version: int) -> HttpResponse:
    """Change a draft. Buttons beside a tier rearrange the list and write nothing; Save writes all of it."""
    row = _policy_or_404(version)
    if not row.is_editable:
        messages.error(request, str(NotADraft(version, row.get_status_display())))
        return redirect("casework:policy", version)
    if request.method == "GET":
        head = HeadForm(initial={"note": row.note, "calendar": row.calendar_id, "revision": row.revision})
        return _editor(request, row, head, [TierDraft.of(tier) for tier in row.tiers.order_by("position")])
    tiers = read_tiers(request.POST)
    head = HeadForm(request.POST)
    moved = rearranged(tiers, request.POST.get("press", ""))
    if moved is not None:
        return _editor(request, row, HeadForm(initial=request.POST.dict()), moved)
    if not head.is_valid():
        return _editor(request, row, head, tiers, status=422)
    values = head.cleaned_data
    try:
        tier_drafts.change_draft(
            actor=Actor.of(request.user),
            version=version,
            revision=values["revision"],
            note=values["note"],
            calendar_id=values["calendar"].pk,
            tiers=tiers,
        )
    except TiersMalformed as malformed:
        for problem in malformed.problems:
            if not problem.position:
                head.add_error(None, problem.message)
        return _editor(request, row, head, tiers, problems=malformed.problems, status=422)
    except DraftChangedMeanwhile as refusal:
        head.refuse(refusal)
        return _editor(request, row, head, tiers, status=409)
    except CaseworkRefusal as refusal:
        head.refuse(refusal)
        return _editor(request, row, head, tiers, status=422)
    messages.success(request, gettext("Version %(version)s is saved; run it dry to see what it would do.") % {"version": version})
    return redirect("casework:policy", version)


def _editor(
    request: HttpRequest, row: TierPolicy, head: HeadForm, tiers: list[TierDraft], *, problems: Any = (), status: int = 200
) -> HttpResponse:
    context = {
        "title": _("Edit version %(version)s") % {"version": row.version},
        "policy": row,
        "head": head,
        "tiers": typed_tiers(tiers, problems),
        "tones": Tier.Tone.choices,
        "interventions": Tier.Intervention.choices,
        "teams": Team.objects.filter(is_open=True).order_by("name"),
        "kinds": Team.Kind.choices,
        "has_problems": bool(problems),
    }
    return render(request, "casework/tiers/edit.html", context, status=status)


@never_cache
@requires(DRY_RUN_TIERS)
@posted_from("casework:policy")
def dry_run(request: HttpRequest, version: int) -> HttpResponse:
    """Try a version on today's book."""

    def act(actor: Actor, _values: dict[str, Any]) -> str:
        found = tier_policies.dry_run_policy(actor=actor, version=version).cut_to(scope_of(request.user))
        return gettext("Tried on the book of %(day)s in %(time)s: %(movers)s of %(accounts)s accounts would move.") % {
            "day": day_text(found.as_of),
            "time": duration_text(found.took_ms / 1_000),
            "movers": number_text(found.movers),
            "accounts": number_text(found.accounts),
        }

    return _step(request, version, CaseworkForm(request.POST), "dry_run", act)


@never_cache
@requires(DRAFT_TIERS)
@posted_from("casework:policy")
def propose(request: HttpRequest, version: int) -> HttpResponse:
    """Ask for approval."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        tier_policies.propose_policy(actor=actor, version=version, live_from=values["live_from"])
        return gettext("Version %(version)s waits for somebody else's approval.") % {"version": version}

    return _step(request, version, ProposalForm(request.POST), "proposal", act)


@never_cache
@requires(APPROVE_TIERS)
@posted_from("casework:policy")
def approve(request: HttpRequest, version: int) -> HttpResponse:
    """Approve what somebody else proposed; it places every account, so only who sees them all does."""
    refuse_limited_scope(request.user)

    def act(actor: Actor, values: dict[str, Any]) -> str:
        made = tier_policies.approve_policy(actor=actor, version=version, despite_crowding=values["despite_crowding"])
        day = day_text(made.live_from) if made.live_from else ""
        return gettext("Version %(version)s is approved: accounts are placed by it from the close of %(day)s on.") % {
            "version": version,
            "day": day,
        }

    return _step(request, version, ApprovalForm(request.POST), "approval", act)


@never_cache
@requires(APPROVE_TIERS)
@posted_from("casework:policy")
def send_back(request: HttpRequest, version: int) -> HttpResponse:
    """Send a proposal back to its author."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        tier_policies.return_policy(actor=actor, version=version, reason=values["reason"])
        return gettext("Version %(version)s is a draft again.") % {"version": version}

    return _step(request, version, ReasonForm(request.POST), "reason", act)


@never_cache
@requires(APPROVE_TIERS)
@posted_from("casework:policy")
def withdraw(request: HttpRequest, version: int) -> HttpResponse:
    """Withdraw an approved version before its first day."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        tier_policies.withdraw_policy(actor=actor, version=version, reason=values["reason"])
        return gettext("Version %(version)s is withdrawn; what was live before stays live.") % {"version": version}

    return _step(request, version, ReasonForm(request.POST), "reason", act)


@never_cache
@requires(DRAFT_TIERS)
@posted_from("casework:policy")
def drop(request: HttpRequest, version: int) -> HttpResponse:
    """Give a draft up."""

    def act(actor: Actor, values: dict[str, Any]) -> str:
        tier_drafts.drop_draft(actor=actor, version=version, reason=values["reason"])
        return gettext("Version %(version)s is dropped.") % {"version": version}

    return _step(request, version, ReasonForm(request.POST), "reason", act)


def _step(
    request: HttpRequest, version: int, form: CaseworkForm, name: str, act: Callable[[Actor, dict[str, Any]], str]
) -> HttpResponse:
    """Do one step and go back to the version; what was refused is said above it, and nothing is changed."""
    row = _policy_or_404(version)
    if form.is_valid():
        try:
            said = act(Actor.of(request.user), form.cleaned_data)
        except (CaseworkRefusal, CloseIsRunning) as refusal:
            form.refuse(refusal)
        else:
            messages.success(request, said)
            return redirect("casework:policy", version)
    for error in refused(form):
        messages.error(request, error)
    return _page(request, row, status=422, **({name: form} if form.fields else {}))


@never_cache
@require_GET
@requires(VIEW_TIERS)
def movers_of(request: HttpRequest, version: int) -> HttpResponse:
    """List the accounts that a version would move today."""
    row = _policy_or_404(version)
    after = request.GET.get("after", "")
    chosen = {name: request.GET[name] for name in ("from", "to") if name in request.GET}
    context: dict[str, Any] = {
        "title": _("Who would move under version %(version)s") % {"version": version},
        "policy": row,
        "chosen": chosen,
        "from_tier": chosen.get("from"),
        "to_tier": chosen.get("to"),
        "as_of": last_closed_day(),
    }
    if context["as_of"] is not None:
        try:
            policy_ = parsed(row)
        except RuleRefusal as refusal:
            context["refusal"] = str(refusal)
        else:
            context["movers"] = movers(
                policy_,
                as_of=context["as_of"],
                scope=scope_of(request.user),
                from_tier=chosen.get("from"),
                to_tier=chosen.get("to"),
                after=int(after[:18]) if after.isdecimal() else 0,
            )
    page = policy_page(row, scope=scope_of(request.user), today=timezone.localdate(), url_of_moves="", with_audit=False)
    context["names"] = page.names
    return render(request, "casework/tiers/movers.html", context)
