"""What is typed on the pages of message templates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from outreach.forms import OutreachForm
from outreach.models import MessageTemplate
from outreach.operations.refusals import OutreachRefusal


class _Body(forms.CharField):
    """A text of some lines; browsers send line ends of two signs, messages carry one."""

    def __init__(self, **kwargs: Any) -> None:
        attributes = {"rows": 9, "spellcheck": "true", "class": "template-text"}
        super().__init__(widget=forms.Textarea(attrs=attributes), max_length=4000, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the text with single line ends."""
        return str(super().to_python(str(value or "").replace("\r\n", "\n")))


class TemplateForm(forms.ModelForm):  # type: ignore[type-arg]  # no arguments at run time
    """The texts of a draft. What a text may be is the operation's to say."""

    body_en = _Body(label=_("Text in English"))
    body_zh = _Body(label=_("Text in Chinese"))
    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = MessageTemplate
        fields = MessageTemplate.SAID
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}
        # Said above the form: beside one of the two subjects it would push its text out of line with the other's.
        help_texts = {"subject_en": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            self.initial["revision"] = self.instance.revision

    def _post_clean(self) -> None:
        """Leave the instance as it is: the operation reads it again under its lock and writes it."""

    def refuse(self, refusal: OutreachRefusal) -> None:
        """Show a refusal beside the field it is about, or above."""
        self.add_error(refusal.about if refusal.about in self.fields and refusal.about != "revision" else None, str(refusal))


class NewTemplateForm(TemplateForm):
    """A template of a code that there is none of yet."""

    code = forms.CharField(label=_("Code"), max_length=48, help_text=_("small letters, digits, hyphens, e.g. overdue-3-sms"))
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)
    field_order = ("code",)


class CopyForm(OutreachForm):
    """A template as a copy of one there is."""

    copy_of = forms.ChoiceField(label=_("Copy of"), choices=[])
    code = forms.CharField(label=_("Code of the template"), max_length=48, help_text=_("small letters, digits, hyphens"))

    def __init__(self, *args: Any, codes: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["copy_of"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(code, code) for code in codes]


class PreviewAccountForm(OutreachForm):
    """The account whose figures a preview shows."""

    account_no = forms.CharField(
        label=_("Account number"), max_length=64, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
