"""Rules in versions by API: one shape and one set of endpoints for every kind of rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.refusing import refused
from accounts.api.shapes import RefusalShape
from accounts.models.rule_versions import RuleVersion
from accounts.operations import rule_versions
from accounts.operations.applications.receiving import open_day
from accounts.operations.refusals import LedgerRefusal
from accounts.operations.rule_versions import RuleKind
from accounts.queries.rule_dry_runs import dry_run_seen
from riskops.shared.audit import Actor
from riskops.shared.roles import MayOperate
from riskops.shared.scope import refuse_limited_scope, scope_of

REFUSED = {
    404: OpenApiResponse(RefusalShape, description="there is no such version"),
    409: OpenApiResponse(RefusalShape, description="it changed since, moved on, or is there already; look again"),
    422: OpenApiResponse(RefusalShape, description="the rule, a value, the day or the person is not right; nothing was done"),
}
#: What every version says, whatever its kind.
COMMON = (
    *("id", "code", "number", "name_en", "name_zh", "rule", "note", "status", "revision", "drafted_by_name", "approved_by_name"),
    *("live_from", "live_until", "dry_run"),
)


class DryRunPartShape(serializers.Serializer[Any]):
    """What a rule would do in one product; amounts in minor units of its currency. Names that its kind lacks are absent."""

    product_code = serializers.CharField()
    currency = serializers.CharField()
    of = serializers.IntegerField()
    holds = serializers.IntegerField()
    limits_minor = serializers.IntegerField(required=False)
    principal_minor = serializers.IntegerField(required=False)
    owed_minor = serializers.IntegerField(required=False)
    expected_minor = serializers.IntegerField(required=False)
    before = serializers.DictField(child=serializers.IntegerField(), required=False)
    after = serializers.DictField(child=serializers.IntegerField(), required=False)
    granted_before_minor = serializers.IntegerField(required=False)
    granted_after_minor = serializers.IntegerField(required=False)


class DryRunShape(serializers.Serializer[Any]):
    """A dry run, of the products in sight. `warning`: `all` or `none` where the rule holds on every row, or on none."""

    as_of = serializers.DateField(help_text="the open day on which it was tried")
    holds = serializers.IntegerField()
    of = serializers.IntegerField()
    warning = serializers.CharField(allow_blank=True)
    parts = DryRunPartShape(many=True)
    movers = serializers.ListField(child=serializers.DictField())


class RuleVersionShape(serializers.ModelSerializer[Any]):
    """A version of a rule. `revision` goes back with whatever is done to it. Subclasses name the model and its fields."""

    reason_code = serializers.CharField(source="reason.code", default="")
    dry_run = serializers.SerializerMethodField()

    @extend_schema_field(DryRunShape(allow_null=True))
    def get_dry_run(self, version: RuleVersion) -> dict[str, Any] | None:
        """Return what the person may see of it."""
        found = dry_run_seen(version, self.context["scope"])
        if found is None:
            return None
        return {name: getattr(found, name) for name in ("as_of", "holds", "of", "warning", "parts", "movers")}


class RuleDraftRequest(serializers.Serializer[Any]):
    """A draft: a new rule, or the next version of one. Subclasses add what their kind says."""

    code = serializers.CharField(max_length=40)
    name_en = serializers.CharField(max_length=100)
    name_zh = serializers.CharField(max_length=100)
    rule = serializers.CharField(max_length=4_000)
    note = serializers.CharField(allow_blank=True, default="")


class RuleActRequest(serializers.Serializer[Any]):
    """The revision that was looked at."""

    revision = serializers.IntegerField()


class ApproveRuleRequest(RuleActRequest):
    """Live from a day."""

    live_from = serializers.DateField()
    is_warning_accepted = serializers.BooleanField(default=False, help_text="needed where the rule holds on all, or on nothing")


class EndRuleRequest(RuleActRequest):
    """The first day it no longer holds, and why."""

    until = serializers.DateField()
    reason = serializers.CharField()


@dataclass(frozen=True, slots=True)
class RuleEndpoints:
    """The endpoints of one kind of rule, for accounts/api/urls.py."""

    versions: Any
    one: Any
    tried: Any
    approved: Any
    discarded: Any
    ended: Any


def rule_endpoints(
    kind: RuleKind,
    *,
    name: str,
    shape: type[RuleVersionShape],
    request_shape: type[RuleDraftRequest],
    columns: Callable[[dict[str, Any]], Mapping[str, Any]],
    view_operation: str,
    tag: str,
) -> RuleEndpoints:
    """Return the endpoints of a kind of rule.

    :param name: what the document of the API calls it
    :param columns: the columns of a draft, of what was asked for; it may refuse
    """
    rows = kind.rows
    change_request = type(f"Change{request_shape.__name__}", (request_shape,), {
        "__doc__": "A changed draft; its code stays.", "code": None, "revision": serializers.IntegerField(),
    })  # fmt: skip
    answers = {200: shape, **REFUSED}

    def out(request: Request, version_id: int, *, status: int = 200) -> Response:
        version = rows.filter(pk=version_id).first()
        if version is None:
            raise NotFound(f"there is no rule version {version_id}")
        return Response(shape(version, context={"scope": scope_of(request.user)}).data, status=status)

    def done(request: Request, asked_shape: Any, call: Callable[[dict[str, Any]], Any], *, status: int = 200) -> Response:
        asked = asked_shape(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            made = call({**asked.validated_data, "actor": Actor.of(request.user)})
        except LedgerRefusal as refusal:
            return refused(refusal)
        return out(request, made.pk, status=status)

    class Versions(APIView):
        permission_classes = [MayOperate]
        operation = {"GET": view_operation, "POST": kind.draft_operation}

        @extend_schema(operation_id=f"{kind.subject}s_list", summary=f"List {name}s", responses=shape(many=True), tags=[tag])
        def get(self, request: Request) -> Response:
            """Return every version of every rule."""
            return Response(shape(rows.all(), many=True, context={"scope": scope_of(request.user)}).data)

        @extend_schema(summary=f"Draft a {name}", request=request_shape, responses={201: shape, **REFUSED}, tags=[tag])
        def post(self, request: Request) -> Response:
            """Draft a new rule, or the next version of one."""

            def call(values: dict[str, Any]) -> Any:
                actor, code = values.pop("actor"), values.pop("code")
                return rule_versions.draft_rule(kind, actor=actor, code=code, values=columns(values))

            return done(request, request_shape, call, status=201)

    class One(APIView):
        permission_classes = [MayOperate]
        operation = {"GET": view_operation, "PUT": kind.draft_operation}

        @extend_schema(summary=f"Get a {name}", responses=shape, tags=[tag])
        def get(self, request: Request, version_id: int) -> Response:
            """Return a version with its dry run."""
            return out(request, version_id)

        @extend_schema(summary=f"Change a draft of a {name}", request=change_request, responses=answers, tags=[tag])
        def put(self, request: Request, version_id: int) -> Response:
            """Change a draft; its dry run counts no more."""

            def call(values: dict[str, Any]) -> Any:
                head = {name: values.pop(name) for name in ("actor", "revision")}
                return rule_versions.change_draft(kind, **head, version_id=version_id, values=columns(values))

            return done(request, change_request, call)

    class Tried(APIView):
        permission_classes = [MayOperate]
        operation = kind.draft_operation

        @extend_schema(summary=f"Dry run a {name}", request=RuleActRequest, responses=answers, tags=[tag])
        def post(self, request: Request, version_id: int) -> Response:
            """Say what the draft would do to what there is."""
            return done(
                request,
                RuleActRequest,
                lambda values: rule_versions.try_rule(kind, version_id=version_id, today=open_day(), **values),
            )

    class Discarded(APIView):
        permission_classes = [MayOperate]
        operation = kind.draft_operation

        @extend_schema(summary=f"Discard a draft of a {name}", request=RuleActRequest, responses=answers, tags=[tag])
        def post(self, request: Request, version_id: int) -> Response:
            """Put a draft aside; its number is not used again."""
            return done(
                request, RuleActRequest, lambda values: rule_versions.discard_draft(kind, version_id=version_id, **values)
            )

    class Approved(APIView):
        permission_classes = [MayOperate]
        operation = kind.approve_operation

        @extend_schema(summary=f"Approve a {name}", request=ApproveRuleRequest, responses=answers, tags=[tag])
        def post(self, request: Request, version_id: int) -> Response:
            """Let a version go live from a day; never by whoever drafted it, and only by who sees the whole book."""
            refuse_limited_scope(request.user)
            return done(
                request,
                ApproveRuleRequest,
                lambda values: rule_versions.approve_rule(kind, version_id=version_id, today=open_day(), **values),
            )

    class Ended(APIView):
        permission_classes = [MayOperate]
        operation = kind.approve_operation

        @extend_schema(summary=f"End a {name}", request=EndRuleRequest, responses=answers, tags=[tag])
        def post(self, request: Request, version_id: int) -> Response:
            """Let a live version end on a day, with nothing in its place."""
            return done(
                request,
                EndRuleRequest,
                lambda values: rule_versions.end_rule(kind, version_id=version_id, today=open_day(), **values),
            )

    return RuleEndpoints(
        Versions.as_view(), One.as_view(), Tried.as_view(), Approved.as_view(), Discarded.as_view(), Ended.as_view()
    )
