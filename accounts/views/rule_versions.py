"""The pages of a rule in versions, the same for every kind: a draft, one version with its dry run, and what may be done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decision_forms import RefusableForm
from accounts.models.rule_versions import RuleVersion
from accounts.operations import rule_versions
from accounts.operations.applications.receiving import open_day, open_day_or_none
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.rule_versions import RuleKind
from accounts.queries.rule_dry_runs import DryRunSeen, dry_run_seen
from accounts.queries.trail import lines_in_sight
from accounts.rule_forms import ApproveRuleForm, EndRuleForm, RuleActForm, RuleForm
from riskops.shared.audit import Actor
from riskops.shared.models import AuditEntry
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.scope import refuse_limited_scope, scope_of


@dataclass(frozen=True, slots=True)
class RuleDesk:
    """What the pages of one kind of rule need to know.

    :param facts: the name of the facts in the rule editor, see accounts/templatetags/rules.py
    :param url: the name of a version's page; those of its acts begin so, the list adds an s
    :param space: the namespace of these names
    :param said: the template that says what a version decides; `tried` lays out its dry run, `dry_run`
    :param aside: the template of what else may be done, beside the acts of every rule
    :param more: what else the page of a version shows
    """

    kind: RuleKind
    form: type[RuleForm]
    view_operation: str
    facts: str
    url: str
    list_title: Promise
    draft_title: Promise
    said: str
    tried: str
    aside: str = ""
    more: Callable[[HttpRequest, Any], dict[str, Any]] = lambda _request, _version: {}
    space: str = "accounts"

    @property
    def named(self) -> str:
        """The name of a version's page with its namespace."""
        return f"{self.space}:{self.url}"


@dataclass(frozen=True, slots=True)
class RuleViews:
    """The views of one kind of rule, for the urls of its room."""

    draft: Any
    change: Any
    one: Any
    tried: Any
    approved: Any
    discarded: Any
    ended: Any


def rule_views(desk: RuleDesk) -> RuleViews:
    """Return the views of a kind of rule."""
    kind = desk.kind

    def found(version_id: int) -> RuleVersion:
        version: RuleVersion | None = kind.rows.filter(pk=version_id).first()
        if version is None:
            raise Http404(gettext("There is no rule version %(id)s.") % {"id": version_id})
        return version

    def draft_shown(request: HttpRequest, form: RuleForm) -> HttpResponse:
        context = {"title": desk.draft_title, "form": form, "desk": desk, "list_url": reverse(f"{desk.named}s")}
        return render(request, "accounts/rules/rule_form.html", context, status=422 if form.errors else 200)

    def drafted(request: HttpRequest, form: RuleForm, do: Callable[[dict[str, Any]], RuleVersion]) -> HttpResponse:
        if request.method == "POST" and form.is_valid():
            try:
                made = do({"actor": Actor.of(request.user), "values": form.values()})
            except LedgerRefusal as refusal:
                form.refuse(refusal)
            else:
                return redirect(desk.named, made.pk)
        return draft_shown(request, form)

    @never_cache
    @require_http_methods(["GET", "POST"])
    @requires(kind.draft_operation)
    def draft(request: HttpRequest) -> HttpResponse:
        """Draft a new rule, or with `of` the next version of one there is."""
        latest = kind.rows.filter(code=request.GET.get("of", "")).order_by("-number").first()
        form = desk.form(request.POST or None, initial=desk.form.filled(latest) if latest else {})
        return drafted(request, form, lambda said: rule_versions.draft_rule(kind, code=form.cleaned_data["code"], **said))

    @never_cache
    @require_http_methods(["GET", "POST"])
    @requires(kind.draft_operation)
    def change(request: HttpRequest, version_id: int) -> HttpResponse:
        """Change a draft."""
        form = desk.form(request.POST or None, initial=desk.form.filled(found(version_id)))
        form.fields["code"].disabled = True
        return drafted(
            request,
            form,
            lambda said: rule_versions.change_draft(
                kind, version_id=version_id, revision=form.cleaned_data["revision"] or 0, **said
            ),
        )

    def shown(
        request: HttpRequest, version_id: int, *, act: str = "", form: RefusableForm | None = None, status: int = 200
    ) -> HttpResponse:
        version, scope = found(version_id), scope_of(request.user)
        dry_run = dry_run_seen(version, scope)
        acts = _acts(request, kind, version, dry_run)
        if form is not None:
            acts[act] = form
        lines = AuditEntry.objects.filter(subject_type=kind.subject, subject_key=str(version))
        context = {
            "title": str(version),
            "version": version,
            "desk": desk,
            "acts": acts,
            "urls": {name: reverse(f"{desk.named}_{name}", args=[version_id]) for name in (*acts, "change")},
            "list_url": reverse(f"{desk.named}s"),
            "draft_url": reverse(f"{desk.named}_draft"),
            "may_draft": may(request.user, kind.draft_operation),
            "dry_run": dry_run,
            "sees_all": not scope.is_limited,
            "today": open_day_or_none(),
            "history": lines_in_sight(lines, user=request.user).order_by("-id")[:100],
            **desk.more(request, version),
        }
        return render(request, "accounts/rules/rule.html", context, status=status)

    @never_cache
    @require_GET
    @requires(desk.view_operation)
    def one(request: HttpRequest, version_id: int) -> HttpResponse:
        """Show a version with its dry run."""
        return shown(request, version_id)

    def acted(
        request: HttpRequest, version_id: int, name: str, form: RefusableForm, do: Callable[..., RuleVersion], **more: Any
    ) -> HttpResponse:
        found(version_id)
        if form.is_valid():
            try:
                today = {"today": open_day()} if name != "discard" else {}
                do(kind, actor=Actor.of(request.user), version_id=version_id, **form.cleaned_data, **today)
            except LedgerRefusal as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, gettext("Done: the rule stands as below."))
                return redirect(desk.named, version_id)
        return shown(request, version_id, act=name, form=form, status=422)

    @requires(kind.draft_operation)
    @posted_from(desk.named)
    def tried(request: HttpRequest, version_id: int) -> HttpResponse:
        """Make a dry run."""
        return acted(request, version_id, "try", RuleActForm(request.POST), rule_versions.try_rule)

    @requires(kind.draft_operation)
    @posted_from(desk.named)
    def discarded(request: HttpRequest, version_id: int) -> HttpResponse:
        """Put a draft aside."""
        return acted(request, version_id, "discard", RuleActForm(request.POST), rule_versions.discard_draft)

    @requires(kind.approve_operation)
    @posted_from(desk.named)
    def approved(request: HttpRequest, version_id: int) -> HttpResponse:
        """Let a version go live; it speaks about everything, so only who sees everything does."""
        refuse_limited_scope(request.user)
        return acted(request, version_id, "approve", ApproveRuleForm(request.POST), rule_versions.approve_rule)

    @requires(kind.approve_operation)
    @posted_from(desk.named)
    def ended(request: HttpRequest, version_id: int) -> HttpResponse:
        """End a live version."""
        return acted(request, version_id, "end", EndRuleForm(request.POST), rule_versions.end_rule)

    return RuleViews(draft, change, one, tried, approved, discarded, ended)


def _acts(request: HttpRequest, kind: RuleKind, version: RuleVersion, dry_run: DryRunSeen | None) -> dict[str, RefusableForm]:
    """Return the forms of what the person may do with a version now."""
    seen = {"revision": version.revision}
    acts: dict[str, RefusableForm] = {}
    is_draft = version.status == RuleVersion.Status.DRAFT
    if is_draft and may(request.user, kind.draft_operation):
        acts["try"] = RuleActForm(initial=seen)
        acts["discard"] = RuleActForm(initial=seen)
    may_approve = may(request.user, kind.approve_operation)
    is_others = not version.is_by(request.user.pk)
    if is_draft and version.dry_run and may_approve and is_others and not scope_of(request.user).is_limited:
        form = acts["approve"] = ApproveRuleForm(initial={**seen, "live_from": open_day_or_none()})
        if dry_run is None or not dry_run.warning:
            del form.fields["is_warning_accepted"]
    if version.status == RuleVersion.Status.LIVE and version.live_until is None and may_approve:
        acts["end"] = EndRuleForm(initial={**seen, "until": open_day_or_none()})
    return acts
