"""Products that versions name: each follows one contact policy and one strategy on every day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import Product
from outreach.models.versions import Version
from outreach.operations.refusals import OutreachRefusal
from outreach.operations.version_refusals import VersionMalformed


def refuse_unknown_products(codes: list[str]) -> None:
    """Refuse codes that no product has.

    :raises VersionMalformed: the first of them
    """
    known = set(Product.objects.filter(product_code__in=codes).values_list("product_code", flat=True))
    for code in codes:
        if code not in known:
            raise VersionMalformed("products", _("There is no product “%(product)s”.") % {"product": code})


def refuse_products_of_others(row: Any, live_from: date, refusal: Callable[[str, str], OutreachRefusal]) -> None:
    """Refuse products that a version of another key names on a day on which this one would.

    :param row: a version with `products`
    :param refusal: made of the product and the other version
    """
    model = type(row)
    # On the first day the versions that hold then count, and every one that begins later.
    others: dict[str, list[Any]] = {}
    approved = model._default_manager.filter(status=Version.Status.APPROVED).exclude(**{model.KEY: row.key})
    for other in approved.order_by(model.KEY, "live_from"):
        of_key = others.setdefault(other.key, [])
        if other.live_from is not None and other.live_from <= live_from:
            of_key.clear()
        of_key.append(other)
    named = set(row.products)
    for other in (version for versions in others.values() for version in versions):
        both = sorted(named & set(other.products))
        if both:
            raise refusal(both[0], str(other))
