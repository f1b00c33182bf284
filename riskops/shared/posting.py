"""Addresses that forms post to, and that have no page of their own."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse

View = Callable[..., HttpResponseBase]


def posted_from(page: str, *, takes: tuple[str, ...] | None = None) -> Callable[[View], View]:
    """Let a view take POSTs only, and lead whoever comes by GET to the page that holds its form.

    People do come: through the log-in after their session ended, or by changing the language of a refused form.

    :param page: the url name of that page
    :param takes: the arguments of the view that the page takes too; None: all of them
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            if request.method not in ("GET", "HEAD"):
                return HttpResponseNotAllowed(["POST"])
            query = request.GET.urlencode()
            if takes is None:
                address = reverse(page, args=args, kwargs=kwargs)
            else:
                address = reverse(page, kwargs={name: kwargs[name] for name in takes})
            return redirect(address + (f"?{query}" if query else ""))

        return guarded

    return decorate
