"""Every shared component in every state, on one page."""

from __future__ import annotations

from datetime import date, datetime

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.facts import ACCOUNT_FACTS
from riskops.shared.rule_language import RuleRefusal, parse_rule
from riskops.site.shell import CloseStatus


class _PatternForm(forms.Form):
    amount = forms.CharField(label=_("Amount"), help_text=_("in CNY, e.g. 1234.50"))
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}))
    kind = forms.ChoiceField(label=_("Kind"), choices=[("a", _("first")), ("b", _("second"))])
    sure = forms.BooleanField(label=_("I have checked this"), required=False)


def patterns(request: HttpRequest) -> HttpResponse:
    """Show the components: what they are called, and how they look when full, empty, refused and loading."""
    refused = _PatternForm({"amount": "", "reason": "x", "kind": "c"})
    refused.is_valid()
    context = {
        "title": _("Patterns"),
        "day": date(2025, 3, 31),
        "moment": timezone.make_aware(datetime(2025, 3, 31, 14, 5, 9)),  # noqa: DTZ001  (made aware here)
        "buckets": range(8),
        "tones": ("success", "warning", "error", "info"),
        "closes": [
            CloseStatus(date(2025, 3, 31), "ok", _("closed")),
            CloseStatus(date(2025, 3, 31), "busy", _("04-01 running, 63 %")),
            CloseStatus(date(2025, 3, 31), "wait", _("04-01 waits for payments")),
            CloseStatus(date(2025, 3, 31), "bad", _("04-01 failed at step age")),
            CloseStatus(None, "none", _("no day closed yet")),
        ],
        "form": _PatternForm(),
        "refused": refused,
        "rule_text": "dpd > 7 and exposure > 5000\nor score < 600",
        "refused_rule": _refused("dpd > 7 and exposur > 5000"),
        "rows": [("A00412345", 1, 14, 320_410), ("A00490011", 2, 33, 112_000), ("A00500000", 7, 400, -50)],
    }
    return render(request, "riskops_site/patterns.html", context)


def _refused(text: str) -> dict[str, object]:
    try:
        parse_rule(text, ACCOUNT_FACTS)
    except RuleRefusal as refusal:
        return {"text": text, "refusal": refusal}
    raise AssertionError(f"{text} was meant to be refused")
