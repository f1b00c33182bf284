"""Repayment simulated, for the customer's app and for everybody who may read accounts. No personal data goes out or in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import loaded_or_404
from accounts.models import Product
from accounts.queries.previews import open_day
from accounts.queries.simulating import (
    Simulated,
    YearlyCost,
    first_day_of,
    simulate_account,
    simulate_made_up,
    yearly_costs,
)
from accounts.roles import SIMULATE, VIEW_PRODUCTS
from accounts.rules.simulation import Course, Way
from accounts.simulation_forms import MadeUpForm, SimulationForm
from riskops.shared.day import book_shown
from riskops.shared.money import plain_amount
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of

_WAYS = [
    OpenApiParameter("days", int, description="how far ahead, 1 to 1826; by default 180"),
    OpenApiParameter("step", str, enum=["month", "day"], description="a point each; by day at most 92 days"),
    OpenApiParameter("once", str, description="an amount paid once; of what is owed at most"),
    OpenApiParameter("once_on", str, description="its day; by default the first"),
    OpenApiParameter("monthly", str, description="an amount paid each month, until nothing is owed"),
    OpenApiParameter("monthly_from", str, description="the first of these days"),
    OpenApiParameter("plans", str, description="numbers of equal instalments, at most five of 1 to 60: `3,6,12`"),
    OpenApiParameter("plans_from", str, description="the day of their first instalment"),
    OpenApiParameter("plan_fee", str, description="a fee in each of them"),
]
_MADE_UP = [
    OpenApiParameter("product", str, required=True),
    OpenApiParameter("amount", str, required=True),
    OpenApiParameter("number", int, required=True, description="instalments, 1 to 60"),
    OpenApiParameter("bought_on", str, description="by default the first day that is not closed"),
    OpenApiParameter("first_due_on", str, description="by default a month later"),
    OpenApiParameter("fee", str, description="a fee in each instalment"),
]


class PointShape(serializers.Serializer[Any]):
    """The account at the close of a day. Amounts in major units."""

    day = serializers.DateField()
    principal = serializers.CharField()
    interest = serializers.CharField()
    fee = serializers.CharField()
    penalty = serializers.CharField()
    total = serializers.CharField()
    credit = serializers.CharField()
    days_past_due = serializers.IntegerField()
    bucket = serializers.CharField()


class PaidShape(serializers.Serializer[Any]):
    """A payment that is thought of."""

    day = serializers.DateField()
    amount = serializers.CharField()


class CourseShape(serializers.Serializer[Any]):
    """How the account goes on in one way. Rates are percentages a year; null where there is none.

    `cost`: what is paid and still owed, less what was borrowed. `simple_yearly_percent`: by the day, nothing on interest;
    `effective_yearly_percent`: internal rate of return, compounded.
    """

    way = serializers.ChoiceField([str(way) for way in Way])
    label = serializers.CharField(help_text="of a plan: how many instalments, or the name of the offer")
    paid = PaidShape(many=True)
    paid_total = serializers.CharField()
    still_owed = serializers.CharField()
    cost = serializers.CharField()
    simple_yearly_percent = serializers.CharField(allow_null=True)
    effective_yearly_percent = serializers.CharField(allow_null=True)
    clear_on = serializers.DateField(allow_null=True)
    points = PointShape(many=True)


class FormulaSpanShape(serializers.Serializer[Any]):
    """Charged days in a row: base × ppm × days = charged, with every decimal there is."""

    first_day = serializers.DateField()
    last_day = serializers.DateField()
    base = serializers.CharField()
    rate_ppm = serializers.IntegerField()
    days = serializers.IntegerField()
    charged_micro = serializers.IntegerField(help_text="millionths of a minor unit")


class FormulaShape(serializers.Serializer[Any]):
    """The penalty of one instalment by the last day, if nothing is paid."""

    order_no = serializers.CharField()
    sequence = serializers.IntegerField()
    due_date = serializers.DateField()
    penalty_due = serializers.CharField()
    spans = FormulaSpanShape(many=True)


class SimulationShape(serializers.Serializer[Any]):
    """The ways side by side."""

    currency = serializers.CharField()
    start = serializers.DateField()
    until = serializers.DateField()
    owed = serializers.CharField()
    minimum = serializers.CharField(help_text="what is due by the first day, past due and penalty included")
    ways = CourseShape(many=True)
    formulas = FormulaShape(many=True)


class YearlyCostShape(serializers.Serializer[Any]):
    """What lateness costs a year under a product, against the line."""

    product = serializers.CharField()
    penalty_ppm_a_day = serializers.IntegerField()
    simple_yearly_percent = serializers.CharField()
    line_percent = serializers.CharField()
    is_over_line = serializers.BooleanField()


def _percent(rate: Decimal | None) -> str | None:
    return None if rate is None else f"{rate * 100:.4f}"


def cost_out(cost: YearlyCost) -> dict[str, Any]:
    """Return what a product costs a year as the API says it."""
    return {
        "product": cost.product.product_code,
        "penalty_ppm_a_day": cost.daily_ppm,
        "simple_yearly_percent": f"{Decimal(cost.yearly_ppm) / 10_000:.4f}",
        "line_percent": f"{Decimal(cost.line_bp) / 100:.2f}",
        "is_over_line": cost.is_over,
    }


def _simulation_out(simulated: Simulated) -> dict[str, Any]:
    digits = simulated.minor_digits

    def amount(minor: int) -> str:
        return plain_amount(minor, digits=digits)

    def course_out(course: Course) -> dict[str, Any]:
        return {
            "way": str(course.way),
            "label": course.label,
            "paid": [{"day": one.day, "amount": amount(one.amount_minor)} for one in course.paid],
            "paid_total": amount(course.paid_minor),
            "still_owed": amount(course.left_minor),
            "cost": amount(course.cost_minor),
            "simple_yearly_percent": _percent(course.simple),
            "effective_yearly_percent": _percent(course.effective),
            "clear_on": course.clear_on,
            "points": [
                {
                    "day": point.day,
                    "principal": amount(point.principal_minor),
                    "interest": amount(point.interest_minor),
                    "fee": amount(point.fee_minor),
                    "penalty": amount(point.penalty_minor),
                    "total": amount(point.total_minor),
                    "credit": amount(point.credit_minor),
                    "days_past_due": point.days_past_due,
                    "bucket": f"m{point.bucket}",
                }
                for point in course.points
            ],
        }

    return {
        "currency": simulated.currency,
        "start": simulated.subject.start,
        "until": simulated.subject.until,
        "owed": amount(simulated.owed_minor),
        "minimum": amount(simulated.due_minor),
        "ways": [course_out(course) for course in simulated.courses],
        "formulas": [
            {
                "order_no": one.entry.order_no,
                "sequence": one.entry.sequence,
                "due_date": one.entry.due_date,
                "penalty_due": amount(one.explanation.due_minor),
                "spans": [
                    {
                        "first_day": span.first_day,
                        "last_day": span.last_day,
                        "base": amount(span.base_minor),
                        "rate_ppm": span.rate_ppm,
                        "days": span.days,
                        "charged_micro": span.charged_micro,
                    }
                    for span in one.explanation.spans
                ],
            }
            for one in simulated.formulas
        ],
    }


def _read(form: forms.Form) -> None:
    """Answer 400 with what is wrong, by parameter."""
    if form.is_bound and not form.is_valid():
        raise ValidationError({name: [str(error) for error in errors] for name, errors in form.errors.items()})


_ANSWERS: dict[int, Any] = {
    200: SimulationShape,
    400: OpenApiResponse(description="a parameter that cannot be; by its name"),
}


class AccountSimulation(APIView):
    """How an account goes on."""

    permission_classes = [MayOperate]
    operation = SIMULATE

    @extend_schema(
        summary="Simulate repayment of an account",
        parameters=_WAYS,
        responses={**_ANSWERS, 404: OpenApiResponse(description="not in the book")},
        tags=["simulations"],
    )
    def get(self, request: Request, account_no: str) -> Response:
        """Return what is owed if nothing, the minimum, all, or what is asked is paid; by the replay that keeps the book."""
        loaded = loaded_or_404(account_no, user=request.user)
        form = SimulationForm(request.query_params, digits=loaded.head.minor_digits, start=first_day_of(loaded))
        _read(form)
        return Response(_simulation_out(simulate_account(loaded, form.asked())), headers={"Cache-Control": "no-store"})


class MadeUpSimulation(APIView):
    """How an account goes on that is made up."""

    permission_classes = [MayOperate]
    operation = SIMULATE

    @extend_schema(
        summary="Simulate repayment of an account that does not exist",
        parameters=[*_MADE_UP, *_WAYS],
        responses=_ANSWERS,
        tags=["simulations"],
    )
    def get(self, request: Request) -> Response:
        """Return what is owed by it: a product's terms, an amount, so many monthly instalments."""
        products = scope_of(request.user).among(Product.objects.order_by("product_code"))
        start = open_day(book_shown().business_date) or timezone.localdate()
        form = MadeUpForm(request.query_params or {"product": ""}, products=products, start=start)
        _read(form)
        product, made_up = form.made_up()
        return Response(_simulation_out(simulate_made_up(product, made_up, form.asked())))


class YearlyCosts(APIView):
    """What lateness costs a year, product by product."""

    permission_classes = [MayOperate]
    operation = VIEW_PRODUCTS

    @extend_schema(
        summary="List what products cost a year, against the line", responses=YearlyCostShape(many=True), tags=["products"]
    )
    def get(self, request: Request) -> Response:
        """Return every product in sight; those above the line are flagged."""
        products = scope_of(request.user).among(Product.objects.order_by("product_code"))
        return Response([cost_out(cost) for cost in yearly_costs(products)])
