"""Message templates over the API: the same operations as the pages, the same refusals; and previews, which save nothing."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import CreditAccount
from accounts.roles import REVEAL_PERSON
from outreach.api import template_shapes as shapes
from outreach.api.answers import TAG, OutreachView, account_of, answers, read
from outreach.api.versions import version_endpoints
from outreach.models import MessageTemplate
from outreach.operations.templates import TEMPLATES, preview_with_account
from outreach.operations.versions import draft_next
from outreach.queries.template_pages import preview_of
from outreach.roles import VIEW_MESSAGE_TEMPLATE
from riskops.shared.audit import Actor
from riskops.shared.roles import may


def _draft(actor: Actor, values: dict[str, Any]) -> MessageTemplate:
    said = None if values["copy_of"] else values["values"]
    return draft_next(TEMPLATES, actor=actor, copy_of=values["copy_of"], key=values["code"], note=values["note"], values=said)


ENDPOINTS = version_endpoints(
    TEMPLATES,
    name="message template",
    shape=shapes.MessageTemplateShape,
    view_operation=VIEW_MESSAGE_TEMPLATE,
    draft_request=shapes.DraftTemplateRequest,
    draft=_draft,
)


class TemplatePreview(OutreachView):
    """Texts that are not saved."""

    operation = VIEW_MESSAGE_TEMPLATE

    @extend_schema(
        summary="Preview texts of a message", request=shapes.PreviewRequest, responses=answers(shapes.PreviewShape), tags=TAG
    )
    def post(self, request: Request) -> Response:
        """Return texts as customers would read them, how long they are, and what is wrong with them. Nothing is saved."""
        asked = read(shapes.PreviewRequest, request)
        account_no = asked.pop("account_no")
        return _answer(request, MessageTemplate(**asked), account_no)


class VersionPreview(OutreachView):
    """One version."""

    operation = VIEW_MESSAGE_TEMPLATE

    @extend_schema(
        summary="Preview a message template",
        request=shapes.PreviewOfVersionRequest,
        responses=answers(shapes.PreviewShape),
        tags=TAG,
    )
    def post(self, request: Request, key: str, version: int) -> Response:
        """Return a version as customers read it."""
        asked = read(shapes.PreviewOfVersionRequest, request)
        row = TEMPLATES.of(key).filter(version=version).first()
        if row is None:
            raise NotFound(f"there is no message template {key} v{version}")
        return _answer(request, row, asked["account_no"])


def _answer(request: Request, template: MessageTemplate, account_no: str) -> Response:
    with_account = None
    if account_no:
        account = account_of(request, account_no)
        with_account = preview_with_account(
            actor=Actor.of(request.user),
            template=template,
            account=CreditAccount.objects.select_related("customer", "product", "state").get(pk=account.pk),
            may_reveal=may(request.user, REVEAL_PERSON),
        )
    return Response(shapes.preview_out(preview_of(template), account_no, with_account))
