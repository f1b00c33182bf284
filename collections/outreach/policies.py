"""Which contact policy holds on a day for which product."""

from __future__ import annotations

from datetime import date

from django.conf import settings

from outreach.models import ContactPolicy


class NoPolicy(Exception):
    """No contact policy holds; without one nobody is contacted."""


def live_policies(on: date) -> dict[str, ContactPolicy]:
    """Return the version of each profile that holds on a day (the site's calendar), by profile."""
    approved = ContactPolicy.objects.filter(status=ContactPolicy.Status.APPROVED, live_from__lte=on)
    # Later ones take the place of earlier ones.
    return {policy.profile: policy for policy in approved.order_by("live_from")}


def policy_for(product_code: str, on: date) -> ContactPolicy:
    """Return the version that a product follows on a day: that of the profile which names it, else the site's own.

    :raises NoPolicy: the site's own profile has no version that holds
    """
    return pick_policy(live_policies(on), product_code)


def pick_policy(live: dict[str, ContactPolicy], product_code: str) -> ContactPolicy:
    """Return the version of these that a product follows.

    :raises NoPolicy: no version names it and the site's own profile has none
    """
    named = next((policy for policy in live.values() if product_code in policy.products), None)
    policy = named or live.get(settings.CONTACT_PROFILE)
    if policy is None:
        raise NoPolicy(f"profile {settings.CONTACT_PROFILE} has no version that holds; approve one")
    return policy
