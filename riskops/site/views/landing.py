"""Where a person starts."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse

from riskops.shared.roles import Role, may, roles_of
from riskops.site.navigation import sections_for

_MORNING_READERS = {Role.MANAGER, Role.COMPLIANCE}


def landing(request: HttpRequest) -> HttpResponse:
    """Lead managers to the portfolio, who works accounts to the worklist, everyone else to the accounts.

    Who may see none of these meets a page that says so.
    """
    wanted = ["accounts:list"] if may(request.user, "account.view") else []
    if wanted and roles_of(request.user) & _MORNING_READERS:
        wanted.insert(0, "dashboards:portfolio")
    elif may(request.user, "work.next"):
        wanted.insert(0, "worklist")
    for name in wanted:
        try:
            return redirect(reverse(name))
        except NoReverseMatch:
            continue
    sections = sections_for(request.user, request.path)
    if sections:
        return redirect(sections[0].links[0].url)
    return render(request, "riskops_site/nothing_yet.html")
