"""The metrics over the API: the same registry, the same cells, the same refusals as export_metric."""

from __future__ import annotations

from datetime import date
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dashboards.answers import COMMON_OPTIONS, PROVENANCES, UnusableQuestion, answer
from dashboards.metrics import METRICS
from dashboards.metrics.base import Metric
from dashboards.metrics.relief import COUNTERS, INSTRUMENTS
from dashboards.queries.behind import BehindPage, behind_page
from dashboards.queries.relief import on_day, read_relief_view
from dashboards.roles import VIEW_DASHBOARDS
from dashboards.rules.states import STATES, THRESHOLDS
from dashboards.segments import OF_SNAPSHOTS, SEGMENTS
from dashboards.selections import UnreadableSelection
from riskops.shared.day import book_state
from riskops.shared.money import minor_digits, plain_amount
from riskops.shared.roles import MayOperate
from riskops.shared.scope import scope_of


class OptionSerializer(serializers.Serializer[Any]):
    """A choice that a metric offers."""

    name = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    default = serializers.CharField()
    label_text = serializers.CharField()


class MetricSerializer(serializers.Serializer[Any]):
    """A metric of the registry, in the language of the request."""

    name = serializers.CharField()
    title = serializers.CharField()
    definition = serializers.CharField()
    numerator = serializers.CharField()
    denominator = serializers.CharField()
    as_of_rule = serializers.CharField()
    key_1 = serializers.CharField(allow_blank=True)
    key_2 = serializers.CharField(allow_blank=True)
    measures = serializers.ListField(child=serializers.CharField())
    basis = serializers.CharField()
    options = OptionSerializer(many=True)
    segments = serializers.ListField(child=serializers.CharField())
    traps = serializers.ListField(child=serializers.CharField())


class CellSerializer(serializers.Serializer[Any]):
    """One cell: the columns of export_metric. Amounts are decimals in the currency's major unit, as text."""

    metric = serializers.CharField()
    as_of = serializers.DateField()
    segment = serializers.CharField(allow_blank=True)
    key_1 = serializers.CharField(allow_blank=True)
    key_2 = serializers.CharField(allow_blank=True)
    numerator = serializers.CharField()
    denominator = serializers.CharField()
    value = serializers.CharField()


class AnswerSerializer(serializers.Serializer[Any]):
    """The cells asked for and what they were made from."""

    metric = serializers.CharField()
    measure = serializers.CharField()
    segment = serializers.CharField(allow_blank=True)
    options = serializers.DictField(child=serializers.CharField())
    currencies = serializers.ListField(child=serializers.CharField())
    basis = serializers.CharField()
    month_ends = serializers.ListField(child=serializers.DateField())
    rebuilt = serializers.ListField(child=serializers.DateField())
    cells = CellSerializer(many=True)


class BehindRowSerializer(serializers.Serializer[Any]):
    """An account as it stood at the month-end. Amounts are decimals in its currency's major unit, as text."""

    account_no = serializers.CharField()
    customer_no = serializers.CharField()
    product_code = serializers.CharField()
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.key for state in STATES])
    days_past_due = serializers.IntegerField()
    overdue_total = serializers.CharField()
    outstanding_principal = serializers.CharField()


class BehindSerializer(serializers.Serializer[Any]):
    """The accounts behind a figure. `outstanding_principal` is of all of them, null across currencies; `next` 0: no more."""

    as_of = serializers.DateField()
    is_rebuilt = serializers.BooleanField()
    selection = serializers.CharField()
    accounts = serializers.IntegerField()
    outstanding_principal = serializers.CharField(allow_null=True)
    results = BehindRowSerializer(many=True)
    next = serializers.IntegerField()


class ReliefCounterSerializer(serializers.Serializer[Any]):
    """A counter of an instrument: the month up to the day, or what is open at its close. Amounts in major units, as text."""

    instrument = serializers.ChoiceField(choices=INSTRUMENTS)
    counter = serializers.ChoiceField(choices=sorted({name for names in COUNTERS.values() for name in names}))
    count = serializers.IntegerField()
    amount = serializers.CharField()


class ReliefSerializer(serializers.Serializer[Any]):
    """The counters of the last closed day, of one currency. `as_of` null: no day is closed yet."""

    as_of = serializers.DateField(allow_null=True)
    currency = serializers.CharField()
    currencies = serializers.ListField(child=serializers.CharField())
    counters = ReliefCounterSerializer(many=True)


class RefusalSerializer(serializers.Serializer[Any]):
    """What cannot be asked, and what there is instead."""

    detail = serializers.CharField()


def described(metric: Metric) -> dict[str, Any]:
    """Return a metric as the registry lists it."""
    return {
        "name": metric.name,
        "title": str(metric.title),
        "definition": str(metric.definition),
        "numerator": str(metric.numerator),
        "denominator": str(metric.denominator),
        "as_of_rule": str(metric.as_of_rule),
        "key_1": str(metric.key_1),
        "key_2": str(metric.key_2),
        "measures": [measure.value for measure in metric.measures],
        "basis": metric.basis.value,
        "options": [
            {"name": o.name, "choices": list(o.choices), "default": o.value, "label_text": str(o.label)} for o in metric.options
        ],
        "segments": [name for name in SEGMENTS if name not in OF_SNAPSHOTS or metric.has_tier],
        "traps": [str(trap) for trap in metric.traps],
    }


class MetricList(APIView):
    """The registry of metrics."""

    permission_classes = [MayOperate]
    operation = VIEW_DASHBOARDS

    @extend_schema(operation_id="metrics_list", summary="List the metrics", responses=MetricSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return every metric with its definition, measures, options and segments."""
        return Response([described(metric) for metric in METRICS.values()])


_OPTION_NAMES = sorted({option.name for metric in METRICS.values() for option in metric.options})


class MetricCells(APIView):
    """The cells of one metric."""

    permission_classes = [MayOperate]
    operation = VIEW_DASHBOARDS

    @extend_schema(
        operation_id="metrics_cells",
        summary="Get the cells of a metric",
        parameters=[
            OpenApiParameter("from", OpenApiTypes.DATE, required=True),
            OpenApiParameter("to", OpenApiTypes.DATE, required=True),
            OpenApiParameter("measure", OpenApiTypes.STR, enum=["amount", "count"]),
            OpenApiParameter("segment", OpenApiTypes.STR, description=", ".join(SEGMENTS)),
            OpenApiParameter("product", OpenApiTypes.STR, description="only this product"),
            OpenApiParameter("currency", OpenApiTypes.STR, description="only products of this currency"),
            OpenApiParameter("provenance", OpenApiTypes.STR, enum=list(PROVENANCES)),
            *(OpenApiParameter(name, OpenApiTypes.STR, description="option, see the registry") for name in _OPTION_NAMES),
        ],
        responses={200: AnswerSerializer, 400: RefusalSerializer},
    )
    def get(self, request: Request, name: str) -> Response:
        """Return the cells at the month-ends between two days; 400 says what cannot be asked, and what there is instead."""
        given = {key: request.query_params[key] for key in request.query_params}
        try:
            answered = answer(
                name,
                first=_day("from", given.pop("from", "")),
                last=_day("to", given.pop("to", "")),
                measure=given.pop("measure", ""),
                segment=given.pop("segment", ""),
                options=given,
                visible=scope_of(request.user),
            )
        except UnusableQuestion as error:
            return Response({"detail": str(error)}, status=404 if name not in METRICS else 400)
        chosen = {key: request.query_params[key] for key in COMMON_OPTIONS if key in request.query_params}
        return Response(
            {
                "metric": name,
                "measure": answered.measure.value,
                "segment": answered.scope.segment_name,
                "options": {**answered.options, **chosen},
                "currencies": list(answered.scope.currencies),
                "basis": answered.basis.value,
                "month_ends": [day.as_of for day in answered.days],
                "rebuilt": list(answered.rebuilt_days),
                "cells": [
                    {
                        "metric": name,
                        "as_of": cell.as_of,
                        "segment": cell.segment,
                        "key_1": cell.key_1,
                        "key_2": cell.key_2,
                        "numerator": answered.number(cell.numerator, cell.segment),
                        "denominator": answered.number(cell.denominator, cell.segment),
                        "value": f"{cell.value:f}",
                    }
                    for cell in answered.cells
                ],
            }
        )


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnusableQuestion(f"{name} is a day such as 2025-03-31, not {text!r}") from error


class ReliefCounters(APIView):
    """The instruments of relief on the last closed day; at month-ends they are the metric `relief`."""

    permission_classes = [MayOperate]
    operation = VIEW_DASHBOARDS

    @extend_schema(
        operation_id="relief_counters",
        summary="Get the counters of the instruments of relief",
        parameters=[
            OpenApiParameter("product", OpenApiTypes.STR, description="only this product"),
            OpenApiParameter("currency", OpenApiTypes.STR, description="the first one there is, unless told"),
        ],
        responses={200: ReliefSerializer, 400: RefusalSerializer},
    )
    def get(self, request: Request) -> Response:
        """Return every counter of every instrument on the last closed day, as the page shows them."""
        given = {name: request.query_params[name] for name in ("product", "currency") if name in request.query_params}
        view, as_of = read_relief_view(given, visible=scope_of(request.user)), book_state().business_date
        if view.refused:
            return Response({"detail": "; ".join(view.refused)}, status=400)
        digits = minor_digits(view.currency)
        counters = [
            {"instrument": name, "counter": counter, "count": one.number, "amount": plain_amount(one.amount_minor, digits=digits)}
            for (name, counter), one in (on_day(view, as_of) if as_of else {}).items()
        ]
        return Response({"as_of": as_of, "currency": view.currency, "currencies": list(view.currencies), "counters": counters})


_STATE_KEYS = [state.key for state in STATES]


class AccountsBehind(APIView):
    """The accounts behind a figure."""

    permission_classes = [MayOperate]
    operation = VIEW_DASHBOARDS

    @extend_schema(
        operation_id="accounts_behind",
        summary="List the accounts behind a figure",
        parameters=[
            OpenApiParameter("as_of", OpenApiTypes.DATE, required=True, description="a closed month-end"),
            OpenApiParameter("state", OpenApiTypes.STR, many=True, enum=_STATE_KEYS, description="may be repeated"),
            OpenApiParameter("n", OpenApiTypes.INT, enum=list(THRESHOLDS), description="so many days past due or more"),
            OpenApiParameter("from", OpenApiTypes.STR, description="state at the month-end before; with `to`"),
            OpenApiParameter("to", OpenApiTypes.STR, enum=_STATE_KEYS, description="state at the month-end; with `from`"),
            OpenApiParameter("lag", OpenApiTypes.INT, description="1 to 6: numerator of the lagged rate of that bucket"),
            OpenApiParameter("product", OpenApiTypes.STR, description="only this product"),
            OpenApiParameter("currency", OpenApiTypes.STR, description="only products of this currency"),
            OpenApiParameter("after", OpenApiTypes.INT, description="`next` of the page before"),
        ],
        responses={200: BehindSerializer, 400: RefusalSerializer},
    )
    def get(self, request: Request) -> Response:
        """Return a page of accounts, as reported (or rebuilt) on the month-end; the parameters are those of the page."""
        given = {name: request.query_params[name] for name in request.query_params}
        try:
            states = request.query_params.getlist("state")
            page = behind_page(given, states=states, visible=scope_of(request.user))
        except UnreadableSelection as error:
            return Response({"detail": str(error)}, status=400)
        return Response(_behind_out(page))


def _behind_out(page: BehindPage) -> dict[str, Any]:
    currency, principal = page.currency, page.size.principal_minor
    return {
        "as_of": page.selection.as_of,
        "is_rebuilt": page.month.is_rebuilt,
        "selection": page.selection.words,
        "accounts": page.size.accounts,
        "outstanding_principal": plain_amount(principal, digits=minor_digits(currency)) if currency else None,
        "results": [
            {
                "account_no": row.account_no,
                "customer_no": row.customer_no,
                "product_code": row.product.product_code,
                "currency": row.product.currency,
                "state": row.state.key,
                "days_past_due": row.days_past_due,
                "overdue_total": plain_amount(row.overdue_total_minor, digits=row.product.minor_digits),
                "outstanding_principal": plain_amount(row.outstanding_principal_minor, digits=row.product.minor_digits),
            }
            for row in page.rows
        ],
        "next": page.next_after,
    }
