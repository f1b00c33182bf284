"""Contact policies: what their versions may say. Their life is that of every version (operations/versions.py)."""

from __future__ import annotations

from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from outreach.models import ContactPolicy
from outreach.operations.product_claims import refuse_products_of_others, refuse_unknown_products
from outreach.operations.version_refusals import ProductOfOtherProfile, VersionMalformed
from outreach.operations.versions import Kind
from outreach.roles import APPROVE_CONTACT_POLICY, DRAFT_CONTACT_POLICY
from outreach.rules.contacts import NOTED_HOLDS

#: Figures that must not be above one another, smaller first: more a day of one channel than in all says nothing.
_IN_ORDER: Final = (("messages_a_day_per_channel", "messages_a_day"), ("messages_a_day", "messages_a_week"))


def _check_figures(policy: ContactPolicy) -> None:
    """Refuse figures that cannot be."""
    if policy.opens_at >= policy.closes_at:
        raise VersionMalformed("opens_at", _("Contacts begin before they end; give two times of one day in that order."))
    for smaller, larger in _IN_ORDER:
        less, more = getattr(policy, smaller), getattr(policy, larger)
        if less is not None and more is not None and less > more:
            raise VersionMalformed(
                smaller,
                _("%(less)s is more than %(more)s, the figure for the longer span; lower it.") % {"less": less, "more": more},
            )
    for name in policy.notices_pass if isinstance(policy.notices_pass, list) else [policy.notices_pass]:
        if name not in NOTED_HOLDS:
            raise VersionMalformed("notices_pass", _("There is no hold “%(hold)s”.") % {"hold": name})
    refuse_unknown_products(policy.products)


def _refuse_products_of_others(policy: ContactPolicy, live_from: date) -> None:
    """Refuse products that another profile names on a day on which this one would."""
    refuse_products_of_others(policy, live_from, ProductOfOtherProfile)


#: All contacts of one day are judged by one version, so it holds from tomorrow at the earliest. A product follows one profile, so
#: a copy under another name begins with none.
POLICIES: Final = Kind(
    model=ContactPolicy,
    subject="contact policy",
    draft=DRAFT_CONTACT_POLICY,
    approve=APPROVE_CONTACT_POLICY,
    check=_check_figures,
    check_from=_refuse_products_of_others,
    reset={"products": list},
)
