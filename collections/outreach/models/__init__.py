"""The tables of outreach, a file per topic."""

from outreach.models.contacts import Contact, Denial
from outreach.models.policies import ContactPolicy
from outreach.models.wishes import AgreedHours, ContactHold, DetailState, OptOut

__all__ = [
    "AgreedHours",
    "Contact",
    "ContactHold",
    "ContactPolicy",
    "Denial",
    "DetailState",
    "OptOut",
]
