"""Education articles over the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.api.versions import COMMON, READ_ONLY, version_endpoints
from outreach.models import EducationArticle
from outreach.operations.education import ARTICLES
from outreach.operations.versions import draft_next
from outreach.roles import VIEW_EDUCATION


class EducationArticleShape(serializers.ModelSerializer[EducationArticle]):
    """One version of an article. Texts are plain, with empty lines between paragraphs."""

    class Meta:
        model = EducationArticle
        fields = ("code", *COMMON, *EducationArticle.SAID)
        read_only_fields = ("code", *READ_ONLY)

    revision = serializers.IntegerField(min_value=1, help_text="that of the draft which was read; a later one is refused")


class DraftArticleRequest(serializers.Serializer[Any]):
    """Which article to begin the next version of; or the code and the texts of a new one."""

    copy_of = serializers.CharField(max_length=48, required=False, default="")
    code = serializers.CharField(max_length=48, required=False, default="")
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    name_en = serializers.CharField(max_length=100, required=False)
    name_zh = serializers.CharField(max_length=100, required=False)
    stage = serializers.ChoiceField(choices=EducationArticle.Stage.choices, required=False)
    body_en = serializers.CharField(max_length=8000, required=False)
    body_zh = serializers.CharField(max_length=8000, required=False)


def _draft(actor: Any, values: dict[str, Any]) -> EducationArticle:
    copy_of, code, note = values.pop("copy_of"), values.pop("code"), values.pop("note")
    return draft_next(ARTICLES, actor=actor, copy_of=copy_of, key=code, note=note, values=None if copy_of else values)


ENDPOINTS = version_endpoints(
    ARTICLES,
    name="education article",
    shape=EducationArticleShape,
    view_operation=VIEW_EDUCATION,
    draft_request=DraftArticleRequest,
    draft=_draft,
)
