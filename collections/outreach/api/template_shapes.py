"""What goes over the API of message templates."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from outreach.models import MessageTemplate
from outreach.operations.templates import AccountPreview
from outreach.queries.template_pages import Preview, Shown
from outreach.rules.message_text import Encoding, SmsLength

_SAID = MessageTemplate.SAID
_COMMON = ("code", "version", "status", "revision", "live_from", "drafted_by_name", "approved_by_name")
_TEXTS = ("channel", "purpose", "subject_en", "subject_zh", "body_en", "body_zh")


class _Body(serializers.CharField):
    """A text of some lines, with single line ends."""

    def to_internal_value(self, data: Any) -> str:
        return str(super().to_internal_value(data)).replace("\r\n", "\n")


class MessageTemplateShape(serializers.ModelSerializer[MessageTemplate]):
    """One version of a template. Texts hold variables in double braces; docs/outreach.md lists them."""

    class Meta:
        model = MessageTemplate
        fields = (*_COMMON, *_SAID)
        read_only_fields = tuple(name for name in _COMMON if name != "revision")

    body_en = _Body(max_length=4000)
    body_zh = _Body(max_length=4000)
    revision = serializers.IntegerField(min_value=1, help_text="that of the draft which was read; a later one is refused")


class TemplateValuesShape(serializers.ModelSerializer[MessageTemplate]):
    """What a new template says."""

    class Meta:
        model = MessageTemplate
        fields = tuple(name for name in _SAID if name != "note")

    body_en = _Body(max_length=4000)
    body_zh = _Body(max_length=4000)


class DraftTemplateRequest(serializers.Serializer[Any]):
    """A next version (`copy_of` alone), a copy under another code, or a template from nothing (`code` and `values`)."""

    copy_of = serializers.CharField(max_length=48, required=False, default="", allow_blank=True)
    code = serializers.CharField(max_length=48, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    values = TemplateValuesShape(required=False, allow_null=True, default=None)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for something to begin with."""
        if not attrs["copy_of"] and not (attrs["code"] and attrs["values"]):
            raise serializers.ValidationError("give copy_of, or code and values")
        return attrs


class PreviewRequest(serializers.ModelSerializer[MessageTemplate]):
    """Texts to look at; nothing is saved. With `account_no`, what its customer would read now."""

    class Meta:
        model = MessageTemplate
        fields = (*_TEXTS, "account_no")

    subject_en = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    subject_zh = serializers.CharField(max_length=150, required=False, default="", allow_blank=True)
    body_en = _Body(max_length=4000, allow_blank=True)
    body_zh = _Body(max_length=4000, allow_blank=True)
    account_no = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


class PreviewOfVersionRequest(serializers.Serializer[Any]):
    """With `account_no`, what its customer would read now."""

    account_no = serializers.CharField(max_length=64, required=False, default="", allow_blank=True)


class SmsShape(serializers.Serializer[Any]):
    """What a text takes as an SMS. `outside`: the signs that make it UCS-2; `left`: units that the last segment still takes."""

    encoding = serializers.ChoiceField([str(encoding) for encoding in Encoding])
    units = serializers.IntegerField()
    segments = serializers.IntegerField()
    left = serializers.IntegerField()
    outside = serializers.CharField()


class ShownShape(serializers.Serializer[Any]):
    """A message in one language with example values; empty with its `refusal` where it cannot be written."""

    language = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    refusal = serializers.CharField()
    sms = SmsShape(allow_null=True)
    sms_longest = SmsShape(allow_null=True)


class ProblemShape(serializers.Serializer[Any]):
    """What must be mended before it can be saved, by field."""

    field = serializers.CharField()
    text = serializers.CharField()


class AccountTextShape(serializers.Serializer[Any]):
    """What the customer of an account would read now. `is_masked`: but for the name, which the caller may not see."""

    account_no = serializers.CharField()
    language = serializers.CharField()
    subject = serializers.CharField()
    body = serializers.CharField()
    is_masked = serializers.BooleanField()


class PreviewShape(serializers.Serializer[Any]):
    """A template as customers read it, what the gate is told of it, and what is wrong with it."""

    languages = ShownShape(many=True)
    names_institution = serializers.BooleanField()
    discloses_debt = serializers.BooleanField()
    has_opt_out = serializers.BooleanField()
    refused_by = serializers.ListField(child=serializers.CharField(), help_text="contact policies that want an opt-out in it")
    problems = ProblemShape(many=True)
    account = AccountTextShape(allow_null=True)


def preview_out(preview: Preview, account_no: str, with_account: AccountPreview | None) -> dict[str, Any]:
    """Return a preview as the API gives it."""
    return {
        "languages": [_shown_out(shown) for shown in preview.languages],
        "names_institution": preview.names_institution,
        "discloses_debt": preview.discloses_debt,
        "has_opt_out": preview.has_opt_out,
        "refused_by": list(preview.wanting),
        "problems": [{"field": problem.field, "text": problem.text} for problem in preview.problems],
        "account": {
            "account_no": account_no,
            "language": with_account.language,
            "subject": with_account.text.subject,
            "body": with_account.text.body,
            "is_masked": with_account.is_masked,
        }
        if with_account is not None
        else None,
    }


def _shown_out(shown: Shown) -> dict[str, Any]:
    return {
        "language": shown.language,
        "subject": shown.text.subject if shown.text else "",
        "body": shown.text.body if shown.text else "",
        "refusal": shown.refusal,
        "sms": _sms_out(shown.sms),
        "sms_longest": _sms_out(shown.sms_longest),
    }


def _sms_out(length: SmsLength | None) -> dict[str, Any] | None:
    if length is None:
        return None
    return {
        "encoding": str(length.encoding),
        "units": length.units,
        "segments": length.segments,
        "left": length.left,
        "outside": length.outside,
    }
