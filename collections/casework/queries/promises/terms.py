"""The terms of promises in force."""

from __future__ import annotations

from django.db.models import F

from casework.models import PromiseTerms


def terms_for(product_id: int) -> PromiseTerms:
    """Return the terms on which a promise of a product's account is taken now: its own, else those of all, else the shipped."""
    rows = PromiseTerms.objects.filter(product_id=product_id) | PromiseTerms.objects.filter(product=None)
    # Its own first: of two that are in force the null product comes last.
    found = rows.order_by(F("product_id").asc(nulls_last=True), "-version").first()
    return found or PromiseTerms(version=0)


def terms_of(product_id: int | None) -> PromiseTerms:
    """Return the latest terms of a product's own, or (None) those of all; unsaved and of version 0 where there are none."""
    rows = PromiseTerms.objects.filter(product_id=product_id) if product_id else PromiseTerms.objects.filter(product=None)
    return rows.order_by("-version").first() or PromiseTerms(version=0)


def terms_in_force() -> list[PromiseTerms]:
    """Return the latest terms of all, then those of each product that has its own; two queries."""
    own: dict[int, PromiseTerms] = {}
    for terms in PromiseTerms.objects.exclude(product=None).select_related("product").order_by("product_id", "-version"):
        own.setdefault(terms.product_id or 0, terms)
    return [terms_of(None), *own.values()]
