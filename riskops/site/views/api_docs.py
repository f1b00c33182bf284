"""The API's own page: made from the OpenAPI schema, with nothing fetched from elsewhere."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authtoken.models import Token

from riskops.shared import audit
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.site.roles import USE_API


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of the API."""

    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[dict[str, Any], ...]
    body: tuple[tuple[str, str, bool], ...]
    answers: tuple[tuple[str, str], ...]
    example: str


def endpoints(origin: str) -> dict[str, list[Endpoint]]:
    """Return the endpoints by tag, read from the schema."""
    schema = _schema(get_language())
    shapes = schema.get("components", {}).get("schemas", {})
    grouped: dict[str, list[Endpoint]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            body = _body(operation, shapes)
            grouped.setdefault((operation.get("tags") or ["other"])[0], []).append(
                Endpoint(
                    method=method.upper(),
                    path=path,
                    summary=operation.get("summary", ""),
                    description=operation.get("description", ""),
                    parameters=tuple(operation.get("parameters", ())),
                    body=body,
                    answers=tuple((code, answer.get("description", "")) for code, answer in operation["responses"].items()),
                    example=_example(origin, method, path, body),
                )
            )
    return grouped


@lru_cache(maxsize=8)
def _schema(_language: str | None) -> dict[str, Any]:
    # The same for everybody until the code changes, and half a second's work.
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


def _body(operation: dict[str, Any], shapes: dict[str, Any]) -> tuple[tuple[str, str, bool], ...]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shape = shapes.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2], {})
    required = set(shape.get("required", ()))
    fields = shape.get("properties", {})
    return tuple((name, field.get("format") or field.get("type", "choice"), name in required) for name, field in fields.items())


def _example(origin: str, method: str, path: str, body: tuple[tuple[str, str, bool], ...]) -> str:
    values = {"date": "2025-10-01", "integer": 1, "choice": "penalty"}
    command = f"curl -H 'Authorization: Token …' {origin}{path}"
    if method == "get":
        return command
    wanted = {name: values.get(kind, "103.00" if name == "amount" else "…") for name, kind, required in body if required}
    return f"{command} \\\n  -H 'Content-Type: application/json' -d '{json.dumps(wanted, ensure_ascii=False)}'"


@never_cache
@requires(USE_API)
def api_docs(request: HttpRequest) -> HttpResponse:
    """Show every endpoint, and the person's own token."""
    origin = f"{request.scheme}://{request.get_host()}"
    context = {
        "title": _("API"),
        "groups": endpoints(origin),
        "has_token": Token.objects.filter(user_id=request.user.pk).exists(),
        "new_token": request.session.pop("new_api_token", ""),
    }
    return render(request, "riskops_site/api_docs.html", context)


@requires(USE_API)
@posted_from("api-docs")
@transaction.atomic
def new_token(request: HttpRequest) -> HttpResponse:
    """Give the person a new token in place of the old one, shown once."""
    user = request.user
    assert isinstance(user, User)
    Token.objects.filter(user=user).delete()
    token = Token.objects.create(user=user)
    audit.record(actor=audit.Actor.of(user), action=USE_API, subject_type="user", subject_key=user.get_username())
    request.session["new_api_token"] = token.key
    return redirect("api-docs")
