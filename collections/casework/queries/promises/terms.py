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
