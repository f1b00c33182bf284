"""Queues: overview, set-up, lists, sharing out; the weights of the priority; skips; bulk actions; saved views."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from casework import work_roles as may_do
from casework.blocks import all_blocks
from casework.models import BulkAction, Queue, WorkItem
from casework.operations import bulk_actions, saved_views
from casework.operations.queues import QueueSettings, list_accounts, save_queue, unlist_accounts
from casework.operations.sharing_out import share_out_queue
from casework.operations.weights import set_weights
from casework.operations.work_refusals import QueueMalformed, WeightsMalformed, WorkRefusal
from casework.queries.effectiveness import current_weights
from casework.queries.queues import handed_back, queues_page, report_in_sight, skips
from casework.queries.worklist import product_ids
from casework.views.work_acts import read_moment
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.models import Team
from riskops.shared.people.refusals import PersonRefused
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.rule_language import RuleRefusal
from riskops.shared.scope import scope_of

ACTION_NAMES: Final = {"snooze": _("Snooze"), "assign": _("Assign"), "boost": _("Boost")}


def _business_date() -> date | None:
    return book_shown().business_date


def queue_or_404(code: str) -> Queue:
    """Return a queue; answer 404 with its code."""
    queue = Queue.objects.filter(code=code).select_related("team").first()
    if queue is None:
        raise Http404(gettext("There is no queue “%(code)s”.") % {"code": code})
    return queue


@never_cache
@require_GET
@requires(may_do.VIEW_WORK)
def queues(request: HttpRequest) -> HttpResponse:
    """Show every queue with its figures, and how the priority comes about."""
    page = queues_page(user=request.user, now=timezone.now())
    may_manage = may(request.user, may_do.MANAGE_QUEUES)
    return render(request, "casework/worklist/queues.html", {"title": _("Queues"), "page": page, "may_manage": may_manage})


def _whole(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdecimal() and text.isascii() and len(text) <= 9 else None


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.MANAGE_QUEUES)
def new_queue(request: HttpRequest) -> HttpResponse:
    """Set up a queue."""
    return _edit(request, None)


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.MANAGE_QUEUES)
def queue(request: HttpRequest, code: str) -> HttpResponse:
    """Change a queue."""
    return _edit(request, queue_or_404(code))


def _edit(request: HttpRequest, found: Queue | None) -> HttpResponse:
    values: dict[str, Any] = {
        "code": found.code if found else "",
        "name_en": found.name_en if found else "",
        "name_zh": found.name_zh if found else "",
        "kind": found.kind if found else Queue.Kind.DYNAMIC,
        "rule": found.rule if found else "",
        "order": found.order if found else Queue.Order.PRIORITY,
        "team": found.team.name if found and found.team else "",
        "service_minutes": found.service_minutes if found else None,
        "ignored_blocks": found.ignored_blocks if found else [],
        "position": found.position if found else 100,
        "is_open": found.is_open if found else True,
        "version": found.version if found else None,
    }
    refusal, field = "", ""
    if request.method == "POST":
        sent = request.POST
        values |= {name: sent.get(name, "") for name in ("name_en", "name_zh", "rule", "order", "team", "service_minutes")}
        values |= {"ignored_blocks": sent.getlist("ignored_blocks"), "is_open": bool(sent.get("is_open"))}
        values |= {"position": sent.get("position", "100"), "version": _whole(sent.get("version", ""))}
        if found is None:
            values |= {"code": sent.get("code", ""), "kind": sent.get("kind", "")}
        minutes = str(values["service_minutes"]).strip()
        settings = QueueSettings(
            name_en=values["name_en"],
            name_zh=values["name_zh"],
            kind=values["kind"],
            rule=values["rule"],
            order=values["order"],
            team=values["team"],
            service_minutes=(_whole(minutes) or 0) if minutes else None,
            ignored_blocks=tuple(values["ignored_blocks"]),
            position=_whole(str(values["position"])) or 0,
            is_open=values["is_open"] or found is None or found.is_of_policy,
        )
        try:
            saved = save_queue(
                actor=Actor.of(request.user),
                code=found.code if found else values["code"].strip(),
                settings=settings,
                now=timezone.now(),
                as_of=_business_date(),
                version=None if found is None else (values["version"] or 0),
            )
        except (WorkRefusal, RuleRefusal) as refused:
            refusal = str(refused)
            field = refused.field if isinstance(refused, QueueMalformed) else "rule" if isinstance(refused, RuleRefusal) else ""
        else:
            messages.success(request, gettext("Queue “%(name)s” is saved and filled.") % {"name": saved.name})
            return redirect("queues")
    context = {
        "title": found.name if found else _("New queue"),
        "queue": found,
        "values": values,
        "refusal": "" if field == "rule" else refusal,
        "rule_refusal": refusal if field == "rule" else "",
        "refused_field": field,
        "kinds": Queue.Kind.choices,
        "orders": Queue.Order.choices,
        "teams": Team.objects.filter(is_open=True).order_by("name"),
        "blocks": all_blocks().values(),
        "listed": WorkItem.objects.filter(queue=found).exclude(status=WorkItem.Status.GONE).count() if found else 0,
    }
    return render(request, "casework/worklist/queue.html", context, status=422 if refusal else 200)


@never_cache
@requires(may_do.MANAGE_QUEUES)
@posted_from("queue")
def queue_list(request: HttpRequest, code: str) -> HttpResponse:
    """Put accounts on the list of a fixed queue, or take them off."""
    queue_or_404(code)
    numbers = re.split(r"[\s,;，；、]+", request.POST.get("account_nos", "").strip())
    actor, scope = Actor.of(request.user), scope_of(request.user)
    try:
        if request.POST.get("remove"):
            count = unlist_accounts(actor=actor, code=code, account_nos=numbers, scope=scope)
            messages.success(request, gettext("%(count)s accounts are off the list.") % {"count": count})
        else:
            day = _business_date() or timezone.localdate()
            new, unknown = list_accounts(actor=actor, code=code, account_nos=numbers, scope=scope, now=timezone.now(), as_of=day)
            messages.success(request, gettext("%(count)s accounts are new on the list.") % {"count": new})
            if unknown:
                said = gettext("Not in the book: %(numbers)s.") % {"numbers": ", ".join(unknown[:20])}
                messages.warning(request, said)
    except WorkRefusal as refusal:
        messages.error(request, str(refusal))
    return redirect("queue", code)


@never_cache
@requires(may_do.SHARE_OUT_WORK)
@posted_from("queues", takes=())
def share_out(request: HttpRequest, code: str) -> HttpResponse:
    """Assign a queue to its people by load."""
    queue_or_404(code)
    try:
        result = share_out_queue(actor=Actor.of(request.user), code=code, now=timezone.now())
    except (WorkRefusal, PersonRefused) as refusal:
        messages.error(request, str(refusal))
    else:
        given = ", ".join(f"{name} {count}" for name, count in result.by_person.items())
        said = gettext("Shared out: %(people)s.") % {"people": given} if given else gettext("Nobody can take more today.")
        messages.success(request, said)
    return redirect("queues")


def _percent_bp(text: str) -> int:
    """Return hundredths of a percent of a typed percentage with up to two decimals; -1 where it cannot be read."""
    found = re.fullmatch(r"(\d{1,3})(?:[.,](\d{1,2}))?", text.strip())
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else -1


def percent_text(bp: int) -> str:
    """Return hundredths of a percent as people type them: 12.5."""
    return f"{bp // 100}.{bp % 100:02d}".rstrip("0").rstrip(".")


@never_cache
@require_http_methods(["GET", "POST"])
@requires(may_do.SET_PRIORITY)
def weights(request: HttpRequest) -> HttpResponse:
    """Set the weights of the priority; every queue is in its new order at once."""
    standing = current_weights()
    codes = ["", *Queue.objects.filter(is_open=True).values_list("code", flat=True)]
    values: dict[str, Any] = {
        "chances": [percent_text(bp) for bp in standing.chance_bp],
        "loss": percent_text(standing.loss_bp),
        "least_outcomes": standing.least_outcomes,
        "priors": [
            (code, percent_text(standing.priors[code]["effect_bp"]), standing.priors[code]["minutes"])
            if code in standing.priors
            else (code, "", "")
            for code in codes
        ],
        "reason": "",
        "version": standing.version,
    }
    refusal, field = "", ""
    if request.method == "POST":
        sent = request.POST
        values |= {"chances": [sent.get(f"chance-{n}", "") for n in range(8)], "loss": sent.get("loss", "")}
        values |= {"least_outcomes": sent.get("least_outcomes", ""), "reason": sent.get("reason", "")}
        values["priors"] = [(code, sent.get(f"effect-{code}", ""), sent.get(f"minutes-{code}", "")) for code in codes]
        priors = {
            code: (_percent_bp(effect), _whole(str(minutes)) or 0)
            for code, effect, minutes in values["priors"]
            if effect.strip() or not code
        }
        try:
            made = set_weights(
                actor=Actor.of(request.user),
                version=_whole(sent.get("version", "")) or 0,
                chance_bp=[_percent_bp(text) for text in values["chances"]],
                loss_bp=_percent_bp(values["loss"]),
                priors=priors,
                least_outcomes=_whole(values["least_outcomes"]) or 0,
                reason=values["reason"],
                now=timezone.now(),
                as_of=_business_date(),
            )
        except WorkRefusal as refused:
            refusal = str(refused)
            field = refused.field if isinstance(refused, WeightsMalformed) else refused.about
        else:
            said = gettext("Version %(version)s of the weights is in force; the queues are in their new order.")
            messages.success(request, said % {"version": made.version})
            return redirect("queues")
    names = {queue.code: queue.name for queue in Queue.objects.all()}
    context = {
        "title": _("Weights of the priority"),
        "standing": standing,
        "values": values,
        "chances": list(enumerate(values["chances"])),
        "priors": [(code, names.get(code, ""), effect, minutes) for code, effect, minutes in values["priors"]],
        "refusal": refusal,
        "refused_field": field,
    }
    return render(request, "casework/worklist/weights.html", context, status=422 if refusal else 200)


@never_cache
@require_GET
@requires(may_do.VIEW_SKIPS)
def skipped(request: HttpRequest) -> HttpResponse:
    """Show what was skipped lately and why, and what came back from people who are away."""
    context = {
        "title": pgettext_lazy("work", "Passed on"),
        "skips": skips(user=request.user),
        "handed_back": handed_back(user=request.user, now=timezone.now()),
    }
    return render(request, "casework/worklist/skips.html", context)


def _bulk_parameters(request: HttpRequest, action: str) -> dict[str, Any]:
    sent = request.POST
    if action == "assign":
        return {"username": sent.get("username", "")}
    if action == "boost":
        until = read_moment(sent.get("boost_until", "")).date()
        return {"factor": _whole(sent.get("factor", "")) or 0, "until": until, "reason": sent.get("reason", "")}
    return {"until": read_moment(sent.get("until", "")), "reason": sent.get("reason", "")}


def _selected(request: HttpRequest) -> list[int]:
    """Return the items selected: the boxes that were ticked, or every open item of a queue."""
    if code := request.POST.get("all_of", ""):
        items = WorkItem.objects.filter(queue__code=code, status=WorkItem.Status.OPEN)
        scope = scope_of(request.user)
        items = items if scope.products is None else items.filter(product_id__in=product_ids(scope))
        return list(items.order_by("-rank", "pk").values_list("pk", flat=True)[: bulk_actions.MOST_ITEMS])
    return [int(text) for text in request.POST.getlist("items") if text.isdecimal() and len(text) < 19]


@never_cache
@requires(may_do.BULK_WORK)
@posted_from("worklist")
def bulk(request: HttpRequest) -> HttpResponse:
    """Preview an action on many items; confirmed, do it and lead to its report."""
    action, ids = request.POST.get("action", ""), _selected(request)
    actor, scope, now = Actor.of(request.user), scope_of(request.user), timezone.now()
    needed = bulk_actions.ACTIONS.get(action)
    if needed is None or not may(request.user, needed):
        messages.error(request, gettext("Choose what to do with the selected accounts; your roles may not allow every action."))
        return redirect("worklist")
    try:
        preview = bulk_actions.preview_bulk(
            actor=actor, scope=scope, action=action, item_ids=ids, now=now, today=timezone.localdate(now)
        )
        parameters = _bulk_parameters(request, action)
        if request.POST.get("confirmed"):
            reference = request.POST.get("reference", "")[:40]
            made = bulk_actions.run_bulk(
                actor=actor, scope=scope, action=action, item_ids=ids, parameters=parameters, reference=reference, now=now
            )
            return redirect("worklist-bulk-report", made.pk)
    except WorkRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect("worklist")
    context = {
        "title": ACTION_NAMES[action],
        "preview": preview,
        "action": action,
        "sent": request.POST,
        "back": request.POST.get("back", ""),
    }
    return render(request, "casework/worklist/bulk.html", context)


@never_cache
@require_GET
@requires(may_do.BULK_WORK)
def bulk_report(request: HttpRequest, number: int) -> HttpResponse:
    """Show what a bulk action did to each item in sight. One's own; leads and managers see all."""
    found = BulkAction.objects.filter(pk=number).select_related("user").first()
    if found is None or (found.user_id != request.user.pk and not may(request.user, may_do.SHARE_OUT_WORK)):
        raise Http404(gettext("There is no bulk action %(number)s of yours.") % {"number": number})
    report = report_in_sight(found, user=request.user)
    context = {
        "title": ACTION_NAMES.get(found.action, found.action),
        "bulk": found,
        "done": [row for row in report if row[1]],
        "refused": [row for row in report if not row[1]],
        "left_out": len(found.report) - len(report),
    }
    return render(request, "casework/worklist/bulk_report.html", context)


@never_cache
@requires(may_do.SAVE_VIEW)
@posted_from("worklist")
def views(request: HttpRequest) -> HttpResponse:
    """Save what the address asks for as a view; or delete one's own."""
    actor, number = Actor.of(request.user), _whole(request.POST.get("delete", ""))
    try:
        if number is not None:
            saved_views.delete_view(actor=actor, view_id=number)
            messages.success(request, gettext("The view is deleted."))
            return redirect("worklist")
        view = saved_views.save_view(
            actor=actor,
            name=request.POST.get("name", ""),
            query=request.POST.get("query", ""),
            is_shared=bool(request.POST.get("is_shared")),
        )
    except WorkRefusal as refusal:
        messages.error(request, str(refusal))
        return redirect("worklist")
    messages.success(request, gettext("The view “%(name)s” is saved.") % {"name": view.name})
    return redirect(f"{reverse('worklist')}?view={view.pk}")
