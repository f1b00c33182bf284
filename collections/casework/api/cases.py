"""Cases and promises over the API: the same operations and refusals as the pages."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.refusing import account_or_404, minor_or_400, refused
from accounts.models import CreditAccount
from accounts.operations.refusals import LedgerRefusal
from casework import work_roles as may_do
from casework.api import case_shapes as shapes
from casework.api.steps import step_or_400, step_parameters
from casework.api.worklist_answers import WorkView, answers, read
from casework.contact_hooks import what_lacks
from casework.models import Case, CaseContact, Promise
from casework.operations.cases import outcomes, working_on
from casework.operations.promises import cancel_promise, take_promise
from casework.queries.cases.pages import CaseFilters, case_desk, case_page
from casework.queries.promises.lists import PromiseFilters, promise_page
from casework.queries.steps import PROMISE_STEPS
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.scope import scope_of

TAG = ["cases"]
_AFTER = OpenApiParameter("after", OpenApiTypes.STR, description="`next` of the page before")


class CaseView(WorkView):
    """Answers refusals of cases and of the book alike."""

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what an operation refused; all else as everywhere."""
        return refused(exc) if isinstance(exc, LedgerRefusal) else super().handle_exception(exc)


class Cases(CaseView):
    """The open cases."""

    operation = may_do.VIEW_CASES

    @extend_schema(
        summary="List open cases",
        parameters=[
            OpenApiParameter("stage", OpenApiTypes.STR, enum=[value for value in Case.Stage.values if value != "cured"]),
            OpenApiParameter("show", OpenApiTypes.STR, enum=["open", "mine", "due"]),
            _AFTER,
        ],
        responses=shapes.CasePageShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return fifty open cases, those longest in their stage first; those to be done today by their day."""
        asked = request.query_params
        filters = CaseFilters(asked.get("stage", ""), asked.get("show", "open"), asked.get("after", ""))
        page = case_page(filters, user=request.user, today=timezone.localdate())
        return Response({"results": [shapes.row_out(row) for row in page.rows], "next": page.next_after or None})


def _desk(account: CreditAccount, **more: Any) -> Response:
    desk = case_desk(account)
    if desk is None:
        raise NotFound({"code": "no_case", "about": "account", "detail": f"{account.account_no} never had a case"})
    return Response(shapes.desk_out(desk) | more)


class AccountCase(CaseView):
    """The case of an account."""

    operation = may_do.VIEW_CASES

    @extend_schema(summary="Get the case of an account", responses=answers(shapes.CaseDeskShape), tags=TAG)
    def get(self, request: Request, account_no: str) -> Response:
        """Return the open case of an account, else its last one, with what happened in it."""
        return _desk(account_or_404(account_no, user=request.user))


class CaseOutcome(CaseView):
    """An outcome."""

    operation = may_do.RECORD_CASE_OUTCOME

    @extend_schema(
        summary="Record an outcome in a case",
        request=shapes.OutcomeOfCaseRequest,
        responses=answers(shapes.OutcomeOfCaseShape),
        tags=TAG,
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Record what came of working on a case; its next action follows from it."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.OutcomeOfCaseRequest, request)
        outcomes.record_case_outcome(
            actor=Actor.of(request.user),
            account_id=account.pk,
            code=values["outcome"],
            remark=values["remark"],
            lateness_reason=values["lateness_reason"],
            today=timezone.localdate(),
        )
        lacks = what_lacks(account_id=account.pk, user_id=request.user.pk, outcome=values["outcome"], now=timezone.now())
        return _desk(account, lacks=lacks)


class CaseNextAction(CaseView):
    """The next action."""

    operation = may_do.SET_NEXT_ACTION

    @extend_schema(
        summary="Set the next action of a case",
        request=shapes.NextActionRequest,
        responses=answers(shapes.CaseDeskShape),
        tags=TAG,
    )
    def put(self, request: Request, account_no: str) -> Response:
        """Set what is to be done next and when."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.NextActionRequest, request)
        actor = Actor.of(request.user)
        working_on.set_next_action(actor=actor, account_id=account.pk, today=timezone.localdate(), **values)
        return _desk(account)


class CaseOwner(CaseView):
    """The owner."""

    operation = may_do.OWN_CASE

    @extend_schema(
        summary="Give a case its owner", request=shapes.OwnerRequest, responses=answers(shapes.CaseDeskShape), tags=TAG
    )
    def put(self, request: Request, account_no: str) -> Response:
        """Give a case to a person, or to nobody."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.OwnerRequest, request)
        actor = Actor.of(request.user)
        working_on.own_case(actor=actor, account_id=account.pk, today=timezone.localdate(), **values)
        return _desk(account)


class CaseRightParty(CaseView):
    """The right party."""

    operation = may_do.CONFIRM_RIGHT_PARTY

    @extend_schema(
        summary="Confirm that it was the customer",
        request=shapes.RightPartyRequest,
        responses=answers(shapes.CaseDeskShape),
        tags=TAG,
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Note that it was the customer who was spoken to, and how that was made sure."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.RightPartyRequest, request)
        working_on.confirm_right_party(actor=Actor.of(request.user), account_id=account.pk, **values)
        return _desk(account)


class CaseReason(CaseView):
    """Why the customer is late."""

    operation = may_do.RECORD_LATENESS_REASON

    @extend_schema(
        summary="Record why the customer of a case is late",
        request=shapes.ReasonRequest,
        responses=answers(shapes.CaseDeskShape),
        tags=TAG,
    )
    def put(self, request: Request, account_no: str) -> Response:
        """Record a reason for the episode; what was recorded before stays among its events."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.ReasonRequest, request)
        working_on.record_reason(actor=Actor.of(request.user), account_id=account.pk, code=values["lateness_reason"])
        return _desk(account)


class CaseContacts(CaseView):
    """Contact persons."""

    operation = may_do.ADD_CASE_CONTACT

    @extend_schema(
        summary="Add a contact person",
        request=shapes.ContactRequest,
        responses=answers(shapes.CaseDeskShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Keep somebody through whom the customer may be reached; the contact policy decides whether they may be contacted."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.ContactRequest, request)
        typed = working_on.TypedContact(**values)
        working_on.add_contact(actor=Actor.of(request.user), account_id=account.pk, typed=typed, now=timezone.now())
        answer = _desk(account)
        answer.status_code = 201
        return answer


class CaseContactRefusal(CaseView):
    """A contact person who refuses."""

    operation = may_do.REFUSE_CASE_CONTACT

    @extend_schema(summary="Note that a contact person refuses", request=None, responses=answers(shapes.CaseDeskShape), tags=TAG)
    def post(self, request: Request, contact_id: int) -> Response:
        """Note that somebody wants to hear no more: for good."""
        scope = scope_of(request.user)
        working_on.refuse_contact(actor=Actor.of(request.user), contact_id=contact_id, now=timezone.now(), scope=scope)
        contact = CaseContact.objects.select_related("case__account").get(pk=contact_id)
        return _desk(account_or_404(contact.case.account.account_no, user=request.user))


class CaseCosts(CaseView):
    """Costs."""

    operation = may_do.BOOK_CASE_COST

    @extend_schema(
        summary="Book a cost on a case",
        request=shapes.CostRequest,
        responses=answers(shapes.CaseDeskShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Book what collecting cost; an amount below 0 takes back."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.CostRequest, request)
        text = values.pop("amount")
        minor = minor_or_400(text.removeprefix("-"), digits=account.product.minor_digits)
        working_on.book_cost(
            actor=Actor.of(request.user),
            account_id=account.pk,
            amount_minor=-minor if text.startswith("-") else minor,
            now=timezone.now(),
            **values,
        )
        answer = _desk(account)
        answer.status_code = 201
        return answer


class AccountPromises(CaseView):
    """Promises of an account."""

    operation = may_do.TAKE_PROMISE

    @extend_schema(
        summary="Take a promise", request=shapes.PromiseRequest, responses=answers(shapes.PromiseShape, status=201), tags=TAG
    )
    def post(self, request: Request, account_no: str) -> Response:
        """Take a customer's word to pay: one amount by a day, or a series."""
        account, values = account_or_404(account_no, user=request.user), read(shapes.PromiseRequest, request)
        digits = account.product.minor_digits
        promise = take_promise(
            actor=Actor.of(request.user),
            account_id=account.pk,
            parts=[(part["due_on"], minor_or_400(part["amount"], digits=digits)) for part in values["parts"]],
            said=values["said"],
            override_reason=values["override_reason"],
        )
        return Response(shapes.promise_out(promise), status=201)


class Promises(CaseView):
    """All promises."""

    operation = may_do.VIEW_PROMISES

    @extend_schema(
        summary="List promises",
        parameters=[
            OpenApiParameter("status", OpenApiTypes.STR, enum=Promise.Status.values),
            *step_parameters(PROMISE_STEPS),
            _AFTER,
        ],
        responses=shapes.PromisePageShape,
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return fifty promises: open ones the next due first, others the last decided first.

        With `step`, of whatever status: those that took it from `since` to `until`; `open`: those open at the close of `until`.
        """
        asked = request.query_params
        step = step_or_400(request, PROMISE_STEPS)
        filters = PromiseFilters(asked.get("status", Promise.Status.OPEN), asked.get("after", ""), step)
        page = promise_page(filters, user=request.user, as_of=book_shown().business_date)
        results = [shapes.promise_out(row.promise) for row in page.rows]
        return Response({"results": results, "next": page.next_after or None})


class PromiseCancel(CaseView):
    """A promise cancelled."""

    operation = may_do.CANCEL_PROMISE

    @extend_schema(summary="Cancel a promise", request=shapes.ReasonOnly, responses=answers(shapes.PromiseShape), tags=TAG)
    def post(self, request: Request, promise_id: int) -> Response:
        """Cancel an open promise: it counts neither as kept nor as broken."""
        values: dict[str, Any] = read(shapes.ReasonOnly, request)
        actor, scope = Actor.of(request.user), scope_of(request.user)
        cancel_promise(actor=actor, promise_id=promise_id, scope=scope, **values)
        promise = Promise.objects.select_related("account", "product").prefetch_related("parts").get(pk=promise_id)
        return Response(shapes.promise_out(promise))
