"""The import pages: send files, see how their import goes and what was wrong, take what was set aside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import CreditAccount, PortfolioImport
from accounts.operations.asking_for_the_sample import SampleRefused, ask_for_sample
from accounts.operations.uploads import CannotLoadAgain, UploadRefused, load_again, note_download, receive_upload
from accounts.portfolio_files.formats import FORMATS
from accounts.queries import imports as queries
from accounts.roles import DOWNLOAD_QUARANTINE, IMPORT_PORTFOLIO, LOAD_SAMPLE
from riskops.shared.audit import Actor
from riskops.shared.posting import posted_from
from riskops.shared.roles import may, requires
from riskops.shared.scope import refuse_limited_scope, scope_of


class _FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class _FilesField(forms.FileField):
    """One file or several."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return the files; an empty one is refused as any empty file is, by the import."""
        sent = data if isinstance(data, (list, tuple)) else [data]
        return [super(_FilesField, self).clean(file, initial) for file in sent]


class ImportForm(forms.Form):
    """What is sent, and how."""

    sent = _FilesField(
        label=_("Files"),
        allow_empty_file=True,
        help_text=_("a .zip, an .xlsx with a sheet for each file, or the CSV files themselves"),
        widget=_FilesInput(attrs={"accept": ".zip,.xlsx,.csv"}),
    )
    on_error = forms.ChoiceField(
        label=_("If something is wrong"), choices=PortfolioImport.OnError.choices, widget=forms.RadioSelect, initial="abort"
    )
    is_dry_run = forms.BooleanField(
        label=_("Dry run"), required=False, initial=True, help_text=_("check everything, load nothing yet")
    )


@never_cache
@require_http_methods(["GET", "POST"])
@requires(IMPORT_PORTFOLIO)
def imports(request: HttpRequest) -> HttpResponse:
    """Show the form and the imports so far; to a POST take the files and go to their import."""
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = receive_upload(
                form.cleaned_data["sent"],
                is_dry_run=form.cleaned_data["is_dry_run"],
                on_error=form.cleaned_data["on_error"],
                actor=Actor.of(request.user),
            )
        except UploadRefused as refusal:
            form.add_error("sent", str(refusal))
        else:
            return redirect("accounts:import", row.pk)
    before = request.GET.get("before", "")
    page = queries.history(now=timezone.now(), before=int(before) if before.isdecimal() and len(before) < 19 else None)
    context = {
        "title": gettext("Import"),
        "form": form,
        "page": page,
        "before": before,
        "formats": FORMATS,
        "may_load_sample": may(request.user, LOAD_SAMPLE) and not CreditAccount.objects.exists(),
    }
    return render(request, "accounts/imports.html", context, status=422 if form.errors else 200)


@requires(LOAD_SAMPLE)
@posted_from("accounts:imports")
def sample(request: HttpRequest) -> HttpResponse:
    """Have the sample book loaded into an empty book, and go to its import."""
    try:
        row = ask_for_sample(today=timezone.localdate(), actor=Actor.of(request.user))
    except SampleRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:imports")
    return redirect("accounts:import", row.pk)


@never_cache
@require_GET
@requires(IMPORT_PORTFOLIO)
def one_import(request: HttpRequest, number: int) -> HttpResponse:
    """Show an import; asked by htmx, only what changes while it runs."""
    row = _row_or_404(number)
    shown = queries.import_row(row, now=timezone.now())
    after = request.GET.get("after", "")
    may_download = may(request.user, DOWNLOAD_QUARANTINE) and not scope_of(request.user).is_limited
    context: dict[str, Any] = {
        "shown": shown,
        "may_download": may_download and bool(row.quarantine_path),
    }
    if getattr(request, "htmx", False):
        response = render(request, "accounts/_import.html", context)
        if not shown.is_moving:
            # It has ended: what can be done now, and what was wrong, is on the whole page.
            response["HX-Refresh"] = "true"
        return response
    context |= {
        "title": row.source_name,
        "issues": queries.issues(row, scope=scope_of(request.user), after=_whole(after)),
    }
    return render(request, "accounts/import.html", context)


@requires(IMPORT_PORTFOLIO)
@posted_from("accounts:import")
def load(request: HttpRequest, number: int) -> HttpResponse:
    """Load the files of a dry run, or of an import that failed."""
    try:
        row = load_again(_row_or_404(number).pk, actor=Actor.of(request.user))
    except CannotLoadAgain as refusal:
        messages.error(request, str(refusal))
        return redirect("accounts:import", number)
    return redirect("accounts:import", row.pk)


@require_GET
@requires(DOWNLOAD_QUARANTINE)
def quarantine(request: HttpRequest, number: int) -> HttpResponseBase:
    """Hand over the records that an import set aside, and note who took them."""
    row = _row_or_404(number)
    refuse_limited_scope(request.user)
    path = Path(row.quarantine_path) if row.quarantine_path else None
    if path is None or not path.is_file():
        raise Http404(gettext("Nothing set aside is kept of import %(number)s.") % {"number": number})
    note_download(row, actor=Actor.of(request.user))
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"set-aside-{number}.zip")


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _row_or_404(number: int) -> PortfolioImport:
    row = PortfolioImport.objects.select_related("started_by").filter(pk=number).first()
    if row is None:
        raise Http404(gettext("There is no import %(number)s.") % {"number": number})
    return row
