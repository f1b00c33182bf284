"""The tables of outreach, a file per topic."""

from outreach.models.contacts import Contact, Denial
from outreach.models.education import EducationArticle
from outreach.models.experiments import ArmAssignment, Experiment
from outreach.models.outbox import ChannelRate, Message, MessageAttempt, MessageReceipt
from outreach.models.policies import ContactPolicy
from outreach.models.providers import CustomerReply, LocalMessage, ProviderEvent, ProviderHealth
from outreach.models.strategies import Strategy
from outreach.models.templates import MessageTemplate
from outreach.models.wishes import AgreedHours, ContactHold, DetailState, OptOut, WrongPerson

__all__ = [
    "AgreedHours",
    "ArmAssignment",
    "ChannelRate",
    "Contact",
    "ContactHold",
    "ContactPolicy",
    "CustomerReply",
    "Denial",
    "DetailState",
    "EducationArticle",
    "Experiment",
    "LocalMessage",
    "Message",
    "MessageAttempt",
    "MessageReceipt",
    "MessageTemplate",
    "OptOut",
    "ProviderEvent",
    "ProviderHealth",
    "Strategy",
    "WrongPerson",
]
