"""Which contact policy holds on a day for which product."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from django.conf import settings
from django.utils import timezone

from outreach.models import ContactPolicy
from riskops.shared.sql import fetch


class NoPolicy(Exception):
    """No contact policy holds; without one nobody is contacted."""


def live_policies(on: date) -> dict[str, ContactPolicy]:
    """Return the version of each profile that holds on a day (the site's calendar), by profile. To be read, not changed.

    The gate asks before every contact: what versions say is made into objects once a process, and again where a word differs.
    """
    columns = ", ".join(f"CAST({column} AS text)" for column in ("live_from", *ContactPolicy.SAID))
    approved = f"SELECT id, {columns} FROM {ContactPolicy._meta.db_table} WHERE status = '{ContactPolicy.Status.APPROVED}'"
    return dict(_made_of(tuple(fetch(f"{approved} AND live_from <= %s ORDER BY live_from, id", (on,)))))


@lru_cache(maxsize=32)
def _made_of(versions: tuple[tuple[int | str, ...], ...]) -> dict[str, ContactPolicy]:
    rows = ContactPolicy.objects.in_bulk([number for number, *_said in versions])
    # Later ones take the place of earlier ones.
    return {rows[number].key: rows[number] for number, *_said in versions}


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


def followed_policies() -> list[ContactPolicy]:
    """Return the versions that some product follows today: the site's own and those that name products."""
    live = live_policies(timezone.localdate()).values()
    return [policy for policy in live if policy.products or policy.profile == settings.CONTACT_PROFILE]
