"""Relief and plans over the API: what a household can pay, what could be offered, and every step of a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.refusing import loaded_or_404, minor_or_400, refused
from accounts.operations.refusals import LedgerRefusal
from casework import plan_roles as may_do
from casework.api import plan_shapes as shapes
from casework.api.steps import step_or_400, step_parameters
from casework.api.worklist_answers import WorkView, answers, read
from casework.models import Plan, ReliefTerms
from casework.operations.plans.deciding import approve_plan, reject_plan, withdraw_plan
from casework.operations.plans.eligibility import all_terms_in_force, terms_in_force
from casework.operations.plans.following import break_plan
from casework.operations.plans.proposing import PlanAsked, can_pay_minor, fill_affordability, propose_plan
from casework.operations.plans.signing import sign_plan
from casework.operations.plans.standing import hold_account
from casework.operations.plans.terms import set_relief_terms
from casework.plan_hooks import offer_shown
from casework.queries.plans import offers, plan_shown, plans_in
from casework.queries.steps import PLAN_STEPS
from riskops.shared.audit import Actor
from riskops.shared.day import book_shown
from riskops.shared.money import plain_amount
from riskops.shared.people.conflicts import refuse_conflict
from riskops.shared.roles import Role, roles_of
from riskops.shared.scope import scope_of

TAG = ["plans"]
MOST_ROWS = 200


class PlanView(WorkView):
    """Answers refusals of the ledger too."""

    def handle_exception(self, exc: Exception) -> Response:
        """Answer what the ledger refused; all else as everywhere."""
        return refused(exc) if isinstance(exc, LedgerRefusal) else super().handle_exception(exc)

    def plan(self, reference: str) -> Plan:
        """Return a plan that the person may see; answered with 404 if there is none."""
        found = plans_in(scope_of(self.request.user)).filter(reference=reference).first()
        if found is None:
            raise NotFound(f"there is no plan {reference}")
        refuse_conflict(self.request.user, found.customer_id)
        return found

    def shown(self, reference: str, *, status: int = 200) -> Response:
        """Answer with a plan as it stands."""
        plan = self.plan(reference)
        shown = plan_shown(plan, as_of=book_shown().business_date)
        return Response(shapes.plan_detail_out(shown, offer_shown(plan)), status=status)

    def step(self, request: Request, reference: str, take: Callable[[Actor], Any]) -> Response:
        """Take a step of a plan and answer with how it stands then."""
        self.plan(reference)
        take(Actor.of(request.user))
        return self.shown(reference)


class AffordabilityForms(PlanView):
    """What households can pay."""

    operation = may_do.FILL_AFFORDABILITY

    @extend_schema(
        summary="Fill in an affordability form",
        request=shapes.AffordabilityRequest,
        responses=answers(shapes.AffordabilityShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request) -> Response:
        """Keep what a customer says of their household's month."""
        values = read(shapes.AffordabilityRequest, request)
        loaded = loaded_or_404(values["account_no"], user=request.user)
        digits = loaded.head.minor_digits
        form = fill_affordability(
            actor=Actor.of(request.user),
            account_id=loaded.head.account.pk,
            note=values["note"],
            **{f"{name}_minor": minor_or_400(values[name], digits=digits) for name in ("income", "essentials", "other_debts")},
        )
        terms = terms_in_force(ReliefTerms.Instrument.RESTRUCTURE)
        left = form.income_minor - form.essentials_minor - form.other_debts_minor
        answer = {
            "id": form.pk,
            "filled_on": form.filled_on,
            "left": plain_amount(left, digits=digits),
            "can_pay": plain_amount(can_pay_minor(form, terms), digits=digits),
        }
        return Response(answer, status=201)


class PlanOffers(PlanView):
    """What could be offered to an account."""

    operation = may_do.VIEW_PLANS

    @extend_schema(
        summary="List the plans that could be offered to an account",
        parameters=[
            OpenApiParameter("instrument", str, enum=shapes.INSTRUMENTS),
            OpenApiParameter("covers", str, enum=["late", "open"]),
        ],
        responses=answers(shapes.OffersShape),
        tags=TAG,
    )
    def get(self, request: Request, account_no: str) -> Response:
        """Return them as of the open day, ranked by what can be paid and what is recovered."""
        loaded = loaded_or_404(account_no, user=request.user)
        covers = "open" if request.query_params.get("covers") == "open" else "late"
        with transaction.atomic():
            held = hold_account(loaded.head.account.pk, Actor.of(request.user))
            found = offers(held, instrument=request.query_params.get("instrument", "restructure"), covers=covers)
        return Response(shapes.offers_out(found, loaded.head.minor_digits))


class Plans(PlanView):
    """The plans."""

    operation = {"GET": may_do.VIEW_PLANS, "POST": may_do.PROPOSE_PLAN}

    @extend_schema(
        summary="List plans",
        parameters=[
            OpenApiParameter("status", str),
            OpenApiParameter("account_no", str),
            OpenApiParameter("instrument", str, enum=shapes.INSTRUMENTS),
            OpenApiParameter("before", str),
            *step_parameters(PLAN_STEPS),
        ],
        responses=shapes.PlanShape(many=True),
        tags=TAG,
    )
    def get(self, request: Request) -> Response:
        """Return up to 200 plans, the newest first; `before` is the reference of the last one of the page before.

        With `step`: those that took it from `since` to `until`; `open`: those in force at the close of `until`.
        """
        rows = plans_in(scope_of(request.user)).order_by("-pk")
        step = step_or_400(request, PLAN_STEPS)
        rows = step.plans(rows) if step else rows
        instrument = request.query_params.get("instrument")
        if instrument and instrument not in shapes.INSTRUMENTS:
            # An empty list would say that nobody has such a plan.
            raise ValidationError({"instrument": f"none is called {instrument}; give one of {', '.join(shapes.INSTRUMENTS)}"})
        filters = (("status", "status"), ("account_no", "account__account_no"), ("instrument", "terms__instrument"))
        for name, column in filters:
            if request.query_params.get(name):
                rows = rows.filter(**{column: request.query_params[name]})
        if request.query_params.get("before"):
            rows = rows.filter(pk__lt=self.plan(request.query_params["before"]).pk)
        return Response([shapes.plan_out(plan) for plan in rows[:MOST_ROWS]])

    @extend_schema(
        summary="Propose a plan", request=shapes.PlanRequest, responses=answers(shapes.PlanDetailShape, status=201), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Draw a plan from what is owed on the open day; somebody else decides on it."""
        values = read(shapes.PlanRequest, request)
        loaded = loaded_or_404(values["account_no"], user=request.user)
        amount = values["amount"]
        plan = propose_plan(
            actor=Actor.of(request.user),
            account_id=loaded.head.account.pk,
            asked=PlanAsked(
                values["instrument"],
                values["covers"],
                values["number"],
                None if amount is None else minor_or_400(amount, digits=loaded.head.minor_digits),
                values["first_due"],
            ),
            reason=values["reason"],
            affordability_id=values["affordability_id"],
        )
        return self.shown(plan.reference, status=201)


class PlanDetail(PlanView):
    """One plan."""

    operation = may_do.VIEW_PLANS

    @extend_schema(summary="Get a plan", responses=answers(shapes.PlanDetailShape), tags=TAG)
    def get(self, request: Request, reference: str) -> Response:
        """Return a plan with its schedule and what happened."""
        return self.shown(reference)


class PlanApproval(PlanView):
    """Approving a plan."""

    operation = may_do.DECIDE_PLAN

    @extend_schema(summary="Approve a plan", request=shapes.PlanComment, responses=answers(shapes.PlanDetailShape), tags=TAG)
    def post(self, request: Request, reference: str) -> Response:
        """Offer it: it can be signed for the days its terms say."""
        values, roles = read(shapes.PlanComment, request), [role.value for role in roles_of(request.user)]
        values |= {"now": timezone.now()}
        return self.step(request, reference, lambda actor: approve_plan(actor=actor, roles=roles, reference=reference, **values))


class PlanRejection(PlanView):
    """Rejecting a plan."""

    operation = may_do.DECIDE_PLAN

    @extend_schema(summary="Reject a plan", request=shapes.PlanReason, responses=answers(shapes.PlanDetailShape), tags=TAG)
    def post(self, request: Request, reference: str) -> Response:
        """Reject it with a reason."""
        values, roles = read(shapes.PlanReason, request), [role.value for role in roles_of(request.user)]
        return self.step(request, reference, lambda actor: reject_plan(actor=actor, roles=roles, reference=reference, **values))


class PlanWithdrawal(PlanView):
    """Taking a plan back."""

    operation = may_do.WITHDRAW_PLAN

    @extend_schema(summary="Withdraw a plan", request=shapes.PlanReason, responses=answers(shapes.PlanDetailShape), tags=TAG)
    def post(self, request: Request, reference: str) -> Response:
        """Take it back before it is signed."""
        values = read(shapes.PlanReason, request)
        return self.step(request, reference, lambda actor: withdraw_plan(actor=actor, reference=reference, **values))


class PlanSignatures(PlanView):
    """Signing a plan."""

    operation = may_do.SIGN_PLAN

    @extend_schema(summary="Sign a plan", request=shapes.PlanSignature, responses=answers(shapes.PlanDetailShape), tags=TAG)
    def post(self, request: Request, reference: str) -> Response:
        """Take the customer's consent and put the plan's schedule into the ledger; collection stops."""
        values = read(shapes.PlanSignature, request)
        is_customers = Role.SERVICE in roles_of(request.user)
        return self.step(
            request, reference, lambda actor: sign_plan(actor=actor, reference=reference, is_customers=is_customers, **values)
        )


class PlanEnd(PlanView):
    """Ending a plan."""

    operation = may_do.BREAK_PLAN

    @extend_schema(summary="End a plan", request=shapes.PlanReason, responses=answers(shapes.PlanDetailShape), tags=TAG)
    def post(self, request: Request, reference: str) -> Response:
        """End a plan in force before its time; what is left is owed as its terms say."""
        values = read(shapes.PlanReason, request)
        return self.step(request, reference, lambda actor: break_plan(actor=actor, reference=reference, **values))


class ReliefTermsList(PlanView):
    """The terms of relief."""

    operation = may_do.VIEW_PLANS

    @extend_schema(summary="List the terms of relief", responses=shapes.ReliefTermsShape(many=True), tags=TAG)
    def get(self, request: Request) -> Response:
        """Return the terms of every instrument that count now."""
        return Response(shapes.ReliefTermsShape(all_terms_in_force(), many=True).data)


class ReliefTermsDetail(PlanView):
    """The terms of one instrument."""

    operation = may_do.SET_RELIEF_TERMS

    @extend_schema(
        summary="Set the terms of an instrument",
        request=shapes.ReliefTermsRequest,
        responses=answers(shapes.ReliefTermsShape, status=201),
        tags=TAG,
    )
    def post(self, request: Request, instrument: str) -> Response:
        """Set a new version over the one that was read; figures that are not sent stay."""
        if instrument not in shapes.INSTRUMENTS:
            raise NotFound(f"there is no instrument {instrument}")
        values = read(shapes.ReliefTermsRequest, request)
        sent = {name: value for name, value in values.items() if name in request.data}
        made = set_relief_terms(
            actor=Actor.of(request.user),
            instrument=instrument,
            based_on=values["based_on"],
            values=sent,
            reason=values["reason"],
            now=timezone.now(),
        )
        return Response(shapes.ReliefTermsShape(made).data, status=201)
