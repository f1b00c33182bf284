"""Repayment simulated: of an account, and of one that is made up. Nothing is written."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import Product
from accounts.queries.previews import open_day
from accounts.queries.simulating import Simulated, first_day_of, simulate_account, simulate_made_up, yearly_costs
from accounts.roles import SIMULATE
from accounts.simulation_chart import owed_figure
from accounts.simulation_forms import MadeUpForm, SimulationForm
from accounts.views.account import load_or_404
from riskops.shared.day import book_shown
from riskops.shared.roles import requires
from riskops.shared.scope import scope_of


def _shown(simulated: Simulated | None) -> dict[str, Any]:
    if simulated is None:
        return {"simulated": None}
    return {"simulated": simulated, "figure": owed_figure(simulated), "terms": simulated.subject.terms}


@never_cache
@require_GET
@requires(SIMULATE)
def account_simulation(request: HttpRequest, account_no: str) -> HttpResponse:
    """Show how an account goes on if nothing, the minimum, or what is asked is paid."""
    loaded = load_or_404(account_no, user=request.user)
    form = SimulationForm(request.GET, digits=loaded.head.minor_digits, start=first_day_of(loaded))
    is_fit = not form.is_bound or form.is_valid()
    simulated = simulate_account(loaded, form.asked()) if is_fit else None
    (cost,) = yearly_costs([loaded.head.account.product])
    context = {
        "title": _("Repayment simulator"),
        "head": loaded.head,
        "form": form,
        "first_day": form.start,
        "cost": cost,
        **_shown(simulated),
    }
    return render(request, "accounts/simulation/account.html", context, status=200 if is_fit else 422)


@never_cache
@require_GET
@requires(SIMULATE)
def simulator(request: HttpRequest) -> HttpResponse:
    """Show how an account goes on that is made up: a product, an amount, so many instalments."""
    products = scope_of(request.user).among(Product.objects.order_by("product_code"))
    start = open_day(book_shown().business_date) or timezone.localdate()
    form = MadeUpForm(request.GET, products=products, start=start)
    simulated, cost, is_fit = None, None, True
    if form.is_bound:
        is_fit = form.is_valid()
        if is_fit:
            product, made_up = form.made_up()
            simulated = simulate_made_up(product, made_up, form.asked())
            (cost,) = yearly_costs([product])
    context = {
        "title": _("Repayment simulator"),
        "form": form,
        "cost": cost,
        "costs": yearly_costs(products),
        **_shown(simulated),
    }
    return render(request, "accounts/simulation/made_up.html", context, status=200 if is_fit else 422)
