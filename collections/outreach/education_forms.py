"""What is typed about education articles."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from outreach.forms import OutreachForm
from outreach.models import EducationArticle


class _Long(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": 9}), max_length=8000, **kwargs)


class ArticleForm(OutreachForm):
    """What an article says, in both languages."""

    name_en = forms.CharField(label=_("Title in English"), max_length=100)
    name_zh = forms.CharField(label=_("Title in Chinese"), max_length=100)
    stage = forms.ChoiceField(label=_("Read by customers who are"), choices=EducationArticle.Stage.choices)
    body_en = _Long(label=_("Text in English"), help_text=_("plain text; an empty line begins a paragraph"))
    body_zh = _Long(label=_("Text in Chinese"))
    note = forms.CharField(
        label=_("What it changes, and why"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)


class NewArticleForm(ArticleForm):
    """A new article, with the code it is known by."""

    code = forms.CharField(label=_("Code"), max_length=48, help_text=_("small letters, digits and hyphens"))
    field_order = ("code",)
