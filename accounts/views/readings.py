"""The page "Exports & checks": ask for an aging file or a check, follow it, take the file, read what differs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.forms import new_reference
from accounts.models import BookReading
from accounts.operations.readings import ReadingRefused, ask_for_aging, ask_for_check, kept_file, note_download
from accounts.queries import readings as queries
from accounts.queries.reported import DayNotReported, reported_days
from accounts.roles import EXPORT_ACCOUNTS, VERIFY_BOOK
from riskops.shared.audit import Actor
from riskops.shared.day import CloseIsRunning, book_state
from riskops.shared.posting import posted_from
from riskops.shared.roles import requires
from riskops.shared.scope import refuse_limited_scope
from riskops.shared.wording import day_text

_REFUSALS = (ReadingRefused, DayNotReported, CloseIsRunning)


class _AskForm(forms.Form):
    """A form that counts once however often it is sent."""

    reference = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, **initial: Any) -> None:
        super().__init__(data, initial={"reference": new_reference(), **initial})

    def reported_choices(self) -> list[tuple[str, str]]:
        """The days whose reports are kept, the newest first."""
        return [(day.isoformat(), day_text(day)) for day in reversed(reported_days())]


class AgingForm(_AskForm):
    """Which truth, and of which day: any for *known*, one of those kept for *reported*."""

    truth = forms.ChoiceField(
        label=_("What is told"),
        choices=[
            ("known", _("known: recomputed now from all entries")),
            ("reported", _("reported: what the close of the day found")),
        ],
        widget=forms.RadioSelect,
    )
    known_on = forms.DateField(
        label=_("Day told of"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("any day"),
    )
    reported_on = forms.ChoiceField(
        label=_("Day told of"), required=False, help_text=_("closed month-ends and the last closed day")
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, truth="known", known_on=book_state().business_date or timezone.localdate())
        self.fields["reported_on"].choices = self.reported_choices()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Need the day that belongs to the truth."""
        values = super().clean() or {}
        name = f"{values.get('truth')}_on"
        if name in self.fields and name not in self.errors and not values.get(name):
            self.add_error(name, gettext("Choose a day."))
        return values


class CheckForm(_AskForm):
    """What is compared with the entries."""

    as_of = forms.ChoiceField(label=_("What is compared"), required=False)

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        reports = [(value, gettext("the report of %(day)s") % {"day": day}) for value, day in self.reported_choices()]
        self.fields["as_of"].choices = [("", _("the book as it stands")), *reports]  # type: ignore[attr-defined]


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


@never_cache
@require_GET
@requires(EXPORT_ACCOUNTS)
def readings(request: HttpRequest) -> HttpResponse:
    """Show the forms and what was asked for so far."""
    return _page(request, AgingForm(), CheckForm())


def _page(request: HttpRequest, aging: AgingForm, check: CheckForm) -> HttpResponse:
    before = request.GET.get("before", "")
    context = {
        "title": gettext("Exports & checks"),
        "aging": aging,
        "check": check,
        "page": queries.history(now=timezone.now(), before=_whole(before)),
        "before": before,
    }
    return render(request, "accounts/readings.html", context, status=422 if aging.errors or check.errors else 200)


@requires(EXPORT_ACCOUNTS)
@posted_from("accounts:readings")
def ask_aging(request: HttpRequest) -> HttpResponse:
    """Have the aging of a day written to a file."""
    refuse_limited_scope(request.user)
    form = AgingForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        truth = values["truth"]
        day = AgingForm.base_fields["known_on"].clean(values[f"{truth}_on"])
        try:
            row = ask_for_aging(as_of=day, truth=truth, actor=Actor.of(request.user), reference=values["reference"])
        except _REFUSALS as refusal:
            about = getattr(refusal, "about", "as_of")
            form.add_error(f"{truth}_on" if about == "as_of" else None, str(refusal))
        else:
            return redirect("accounts:reading", row.pk)
    return _page(request, form, CheckForm())


@requires(VERIFY_BOOK)
@posted_from("accounts:readings")
def ask_check(request: HttpRequest) -> HttpResponse:
    """Have the book, or a report, compared with the entries."""
    refuse_limited_scope(request.user)
    form = CheckForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        day = AgingForm.base_fields["known_on"].clean(values["as_of"])
        try:
            row = ask_for_check(as_of=day, actor=Actor.of(request.user), reference=values["reference"])
        except _REFUSALS as refusal:
            form.add_error("as_of" if isinstance(refusal, DayNotReported) else None, str(refusal))
        else:
            return redirect("accounts:reading", row.pk)
    return _page(request, AgingForm(), form)


@never_cache
@require_GET
@requires(EXPORT_ACCOUNTS)
def reading(request: HttpRequest, number: int) -> HttpResponse:
    """Show an export or a check; asked by htmx, only what changes while it runs."""
    row = _row_or_404(number)
    shown = queries.reading_row(row, now=timezone.now())
    context: dict[str, Any] = {"shown": shown}
    if getattr(request, "htmx", False):
        response = render(request, "accounts/_reading.html", context)
        if not shown.is_moving:
            # It has ended: the file, or what was found, is on the whole page.
            response["HX-Refresh"] = "true"
        return response
    after = _whole(request.GET.get("after", "")) or 0
    late_after = _whole(request.GET.get("late_after", "")) or 0
    if not shown.is_export:
        refuse_limited_scope(request.user)
        context["failures"] = queries.differences(row, is_late_correction=False, after=after)
        context["corrections"] = queries.differences(row, is_late_correction=True, after=late_after)
    return render(request, "accounts/reading.html", {**context, "title": shown.title})


@never_cache
@require_GET
@requires(EXPORT_ACCOUNTS)
def download(request: HttpRequest, number: int) -> HttpResponseBase:
    """Hand over an aging file, and note who took it."""
    refuse_limited_scope(request.user)
    row = _row_or_404(number)
    path = kept_file(row)
    if path is None:
        if row.kind != BookReading.Kind.AGING:
            raise Http404(gettext("A check has no file."))
        messages.error(request, gettext("The file is not there, or not any more: ask for it anew."))
        return redirect("accounts:reading", number)
    note_download(row, actor=Actor.of(request.user))
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=queries.file_name(row), content_type="text/csv; charset=utf-8"
    )


def _row_or_404(number: int) -> BookReading:
    row = BookReading.objects.select_related("started_by").filter(pk=number).first()
    if row is None:
        raise Http404(gettext("There is no export or check %(number)s.") % {"number": number})
    return row
