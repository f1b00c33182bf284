"""Write-offs, recoveries and resale over the API: the operations of the pages."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.rule_versions import rule_endpoints
from outreach.api.answers import OutreachView, account_of, answers, read
from recovery import write_off_roles as may_do
from recovery.api import write_off_shapes as shapes
from recovery.models import ResaleChange, WriteOffProposal
from recovery.operations.write_offs import deciding, proposing, refusals
from recovery.operations.write_offs import resale as selling
from recovery.operations.write_offs.rules import WRITE_OFF_RULES
from recovery.queries import write_off_recoveries as recoveries
from recovery.queries import write_offs as queries
from recovery.views.write_offs import filters_of
from riskops.shared.audit import Actor
from riskops.shared.day import book_state
from riskops.shared.roles import roles_of
from riskops.shared.scope import scope_of

TAG = ["write-offs"]

RULE_ENDPOINTS = rule_endpoints(
    WRITE_OFF_RULES,
    name="write-off rule",
    shape=shapes.WriteOffRuleShape,
    request_shape=shapes.WriteOffRuleRequest,
    columns=lambda values: values,
    view_operation=may_do.VIEW_WRITE_OFF_RULE,
    tag="write-offs",
)


def _roles(request: Request) -> list[str]:
    return [role.value for role in roles_of(request.user)]


def _out(proposal: WriteOffProposal, *, status: int = 200) -> Response:
    proposal = WriteOffProposal.objects.select_related("account", "rule", "decision").get(pk=proposal.pk)
    return Response(shapes.WriteOffProposalShape(proposal).data, status=status)


def _done(found: deciding.DoneOf) -> Response:
    return Response({"done": list(found.done), "refused": {str(pk): why for pk, why in found.refused.items()}})


class WriteOffs(OutreachView):
    """The proposals of a tab; proposing one by hand."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_WRITE_OFF, "POST": may_do.PROPOSE_WRITE_OFF}

    @extend_schema(
        summary="List proposed write-offs",
        parameters=[
            OpenApiParameter("tab", str, enum=list(queries.TABS)),
            OpenApiParameter("after", str, description="`next_after` of the page before"),
            *(OpenApiParameter(name, str) for name in ("rule", "currency", "source", "account")),
        ],
        responses=answers(shapes.WriteOffPageShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return the proposals of a tab, those that owe most first."""
        after = request.GET.get("after", "")[:40]
        page = queries.write_offs_page(request.user, request.GET.get("tab", ""), after, filters_of(request.GET))
        rows = shapes.WriteOffProposalShape([row.proposal for row in page.rows], many=True).data
        return Response({"write_offs": rows, "counts": page.counts, "next_after": page.next_after})

    @extend_schema(
        summary="Propose an account for write-off",
        request=shapes.ProposeWriteOffRequest,
        responses=answers(shapes.WriteOffProposalShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Propose an account; asked again while it is open, it is refused."""
        asked = read(shapes.ProposeWriteOffRequest, request)
        account = account_of(request, asked["account_no"])
        made = proposing.propose_write_off(
            actor=Actor.of(request.user), account_id=account.pk, note=asked["note"], today=timezone.localdate()
        )
        return _out(made, status=201)


class WriteOffDetail(OutreachView):
    """One proposal."""

    operation: ClassVar[Any] = may_do.VIEW_WRITE_OFF

    @extend_schema(summary="Get a proposed write-off", responses=answers(shapes.WriteOffProposalShape), tags=TAG)
    def get(self, request: Request, write_off_id: int) -> Response:
        """Return one proposal."""
        found = queries.write_off_in_sight(Actor.of(request.user), write_off_id)
        if found is None:
            raise NotFound(str(refusals.WriteOffUnknown(write_off_id)))
        return _out(found)


class WriteOffSending(OutreachView):
    """Sending to approval."""

    operation: ClassVar[Any] = may_do.SEND_WRITE_OFF

    @extend_schema(
        summary="Send proposed write-offs to approval",
        request=shapes.SendWriteOffsRequest,
        responses=answers(shapes.WriteOffsDoneShape),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Make a decision of each; the authority matrix says whose approval it takes."""
        asked = read(shapes.SendWriteOffsRequest, request)
        ids = asked.pop("write_offs")
        about: dict[str, Any] = {"actor": Actor.of(request.user), "roles": _roles(request), **asked}
        return _done(deciding.send_write_offs(write_off_ids=ids, **about))


class WriteOffApproval(OutreachView):
    """Approving."""

    operation: ClassVar[Any] = may_do.APPROVE_WRITE_OFF

    @extend_schema(
        summary="Approve write-offs",
        request=shapes.ApproveWriteOffsRequest,
        responses=answers(shapes.WriteOffsDoneShape),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Write each off; never what one sent oneself."""
        asked = read(shapes.ApproveWriteOffsRequest, request)
        about: dict[str, Any] = {"actor": Actor.of(request.user), "roles": _roles(request), "remark": asked["remark"]}
        return _done(deciding.approve_write_offs(write_off_ids=asked["write_offs"], **about))


class WriteOffRejection(OutreachView):
    """Rejecting."""

    operation: ClassVar[Any] = may_do.REJECT_WRITE_OFF

    @extend_schema(
        summary="Reject proposed write-offs",
        request=shapes.RejectWriteOffsRequest,
        responses=answers(shapes.WriteOffsDoneShape),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Reject each, with one reason."""
        asked = read(shapes.RejectWriteOffsRequest, request)
        about: dict[str, Any] = {"actor": Actor.of(request.user), "roles": _roles(request), "reason": asked["reason"]}
        return _done(deciding.reject_write_offs(write_off_ids=asked["write_offs"], **about))


def _row(row: recoveries.RecoveryRow) -> dict[str, Any]:
    figures = row.figures
    return {
        "account_no": row.account_no,
        "currency": row.currency,
        "written_off_on": row.write_off.value_date,
        "reference": row.write_off.reference,
        "sold_to": row.sold_to,
        "written_off_minor": figures.written_off_minor,
        "added_minor": figures.added_minor,
        "recovered_minor": figures.recovered_minor,
        "by_way": figures.by_way,
        "by_component": {part.name.lower(): figures.by_component.get(part, 0) for part in recoveries.COMPONENTS},
        "waived_minor": figures.waived_minor,
        "of_buyer_minor": figures.of_buyer_minor,
        "rest_minor": figures.rest_minor,
        "cost_minor": figures.cost_minor,
        "net_minor": figures.net_minor,
    }


class Recoveries(OutreachView):
    """Written-off accounts and what came in since."""

    operation: ClassVar[Any] = may_do.VIEW_RECOVERY

    @extend_schema(
        summary="List recoveries",
        parameters=[OpenApiParameter("currency", str), OpenApiParameter("after", str)],
        responses=answers(shapes.RecoveryPageShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return written-off accounts, the latest first."""
        page = recoveries.recoveries_page(
            scope_of(request.user), currency=request.GET.get("currency", "")[:3], after=request.GET.get("after", "")[:20]
        )
        return Response(
            {
                "totals": shapes.RecoveryTotalsShape(page.totals, many=True).data,
                "accounts": shapes.RecoveryShape([_row(row) for row in page.rows], many=True).data,
                "next_after": page.next_after,
            }
        )


class RecoveryMonths(OutreachView):
    """Recovery curves and net charge-off."""

    operation: ClassVar[Any] = may_do.VIEW_RECOVERY

    @extend_schema(
        summary="Recovery curves by month of write-off, and net charge-off by month",
        parameters=[OpenApiParameter("currency", str, required=True)],
        responses=answers(shapes.ByMonthShape),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return the last months of one currency."""
        currency, day = request.GET.get("currency", "")[:3], book_state().business_date
        if day is None or currency not in recoveries.currencies(scope_of(request.user)):
            return Response({"currency": currency, "cohorts": [], "charge_offs": []})
        return Response(shapes.ByMonthShape(recoveries.by_month(scope_of(request.user), currency, business_date=day)).data)


class RecoveryAccount(OutreachView):
    """One written-off account."""

    operation: ClassVar[Any] = may_do.VIEW_RECOVERY

    @extend_schema(summary="Get the recovery of an account", responses=answers(shapes.RecoveryAccountShape), tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return what it brought, payment by payment; 404 where it is not written off."""
        found = recoveries.recovery_account(account_of(request, account_no), scope_of(request.user))
        if found is None:
            raise NotFound(str(refusals.NotWrittenOff(account_no)))
        lists = {name: getattr(found, name) for name in ("written", "recovered", "rest", "lines")}
        return Response(shapes.RecoveryAccountShape({**_row(found.row), **lists}).data)


class DebtSales(OutreachView):
    """Sold accounts: the buyers' list."""

    operation: ClassVar[Any] = may_do.VIEW_RECOVERY

    @extend_schema(summary="List sold accounts", responses=answers(shapes.DebtSaleShape(many=True)), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return what was sold, each with what is to be passed on to its buyer."""
        rows = recoveries.sold_rows(scope_of(request.user))
        return Response([{**shapes.DebtSaleShape(row.sale).data, "of_buyer_minor": row.of_buyer_minor} for row in rows])


class RecordSale(OutreachView):
    """Recording a sale."""

    operation: ClassVar[Any] = may_do.SELL_DEBT

    @extend_schema(
        summary="Record that a written-off account was sold",
        request=shapes.SellRequest,
        responses=answers(shapes.DebtSaleShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Record a sale; refused with the reason while the switch of resale is off."""
        account = account_of(request, account_no)
        selling.refuse_resale_off()
        asked = read(shapes.SellRequest, request)
        sale = selling.sell_debt(actor=Actor.of(request.user), account_id=account.pk, now=timezone.now(), **asked)
        return Response(shapes.DebtSaleShape(sale).data, status=201)


class Resale(OutreachView):
    """The switch of resale."""

    operation: ClassVar[Any] = {"GET": may_do.VIEW_RECOVERY, "POST": may_do.ASK_RESALE, "DELETE": may_do.ASK_RESALE}

    @extend_schema(summary="Get the switch of resale", responses=answers(shapes.ResaleShape), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return whether written-off accounts may be sold, and the changes of the switch."""
        changes = ResaleChange.objects.all()[:30]
        return Response({"is_on": selling.is_resale_on(), "changes": shapes.ResaleChangeShape(changes, many=True).data})

    @extend_schema(
        summary="Ask that resale is switched on",
        request=shapes.BasisRequest,
        responses=answers(shapes.ResaleChangeShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Ask for it; a second person approves."""
        asked = read(shapes.BasisRequest, request)
        change = selling.ask_resale(actor=Actor.of(request.user), now=timezone.now(), **asked)
        return Response(shapes.ResaleChangeShape(change).data, status=201)

    @extend_schema(
        summary="Switch resale off", request=shapes.BasisRequest, responses=answers(shapes.ResaleChangeShape), tags=TAG
    )
    def delete(self, request: Request) -> Response:
        """Switch it off at once; what is sold stays sold."""
        asked = read(shapes.BasisRequest, request)
        change = selling.switch_resale_off(actor=Actor.of(request.user), now=timezone.now(), **asked)
        return Response(shapes.ResaleChangeShape(change).data)


class ResaleJudgement(OutreachView):
    """Approving or refusing the switch."""

    operation: ClassVar[Any] = may_do.JUDGE_RESALE

    @extend_schema(
        summary="Approve or refuse that resale is switched on",
        request=shapes.JudgeResaleRequest,
        responses=answers(shapes.ResaleChangeShape),
        tags=TAG,
    )
    def post(self, request: Request, change_id: int) -> Response:
        """Approve or refuse; never one's own."""
        asked = read(shapes.JudgeResaleRequest, request)
        change = selling.judge_resale(actor=Actor.of(request.user), change_id=change_id, now=timezone.now(), **asked)
        return Response(shapes.ResaleChangeShape(change).data)
