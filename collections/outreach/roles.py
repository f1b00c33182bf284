"""What outreach's pages and API can do, and who may. docs/roles.md is made from these tables."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

_WORKERS = (Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL)

# The contact policy: compliance drafts it, a second person of compliance approves it.
VIEW_CONTACT_POLICY = operation("contact_policy.view", _("see contact policies"), *READERS)
DRAFT_CONTACT_POLICY = operation("contact_policy.draft", _("draft a contact policy"), Role.COMPLIANCE)
APPROVE_CONTACT_POLICY = operation("contact_policy.approve", _("approve or withdraw a contact policy"), Role.COMPLIANCE)

# Contacts with one customer.
VIEW_CONTACTS = operation("contact.view", _("see contacts and when the next is allowed"), *READERS)
MAKE_CONTACT = operation("contact.make", _("ask for a call or visit, record how it ended"), *_WORKERS)
DIAL = operation("contact.dial", _("see and dial the number of a call that is allowed"), *_WORKERS)
PLACE_HOLD = operation("contact_hold.place", _("hold contact with a customer back"), *_WORKERS, Role.COMPLIANCE, Role.SERVICE)
END_HOLD = operation("contact_hold.end", _("end a hold on contact"), Role.TEAM_LEAD, Role.LEGAL, Role.COMPLIANCE)
NOTE_WISH = operation("contact_wish.note", _("note opt-outs and agreed hours of a customer"), *_WORKERS, Role.SERVICE)
NOTE_DETAIL = operation("contact_detail.note", _("note that a number or address leads nowhere"), *_WORKERS, Role.SERVICE)

# What customers read on their own page.
VIEW_EDUCATION = operation("education.view", _("see education articles"), *READERS)
DRAFT_EDUCATION = operation("education.draft", _("draft an education article"), Role.TEAM_LEAD, Role.COMPLIANCE)
APPROVE_EDUCATION = operation("education.approve", _("approve an education article"), Role.MANAGER, Role.COMPLIANCE)

# The log as a whole.
VIEW_CONTACT_LOG = operation(
    "contact_log.view", _("see the log of contacts and what was refused"), Role.TEAM_LEAD, Role.MANAGER, Role.COMPLIANCE
)
AUDIT_CONTACTS = operation("contact_log.audit", _("judge the log of contacts again"), Role.MANAGER, Role.COMPLIANCE)

# Message templates: drafted by compliance or a team lead, approved by compliance or a manager who did not write them.
VIEW_MESSAGE_TEMPLATE = operation("message_template.view", _("see message templates"), *READERS)
DRAFT_MESSAGE_TEMPLATE = operation("message_template.draft", _("draft a message template"), Role.COMPLIANCE, Role.TEAM_LEAD)
APPROVE_MESSAGE_TEMPLATE = operation(
    "message_template.approve", _("approve or withdraw a message template"), Role.COMPLIANCE, Role.MANAGER
)

# Collection strategies: who leads the work drafts them, compliance or a manager who wrote none of it approves.
VIEW_STRATEGY = operation("strategy.view", _("see collection strategies"), *READERS)
DRAFT_STRATEGY = operation("strategy.draft", _("draft a collection strategy, run it dry"), Role.TEAM_LEAD, Role.MANAGER)
APPROVE_STRATEGY = operation("strategy.approve", _("approve or withdraw a collection strategy"), Role.COMPLIANCE, Role.MANAGER)
PLAN_MESSAGES = operation("message.plan", _("queue the messages due for one account at once"), Role.TEAM_LEAD, Role.MANAGER)
# Providers and what comes back from them.
VIEW_PROVIDERS = operation("provider.view", _("see how delivery providers stand"), *READERS)
RETRY_PROVIDER = operation(
    "provider.try_again", _("let messages go by a provider again"), Role.TEAM_LEAD, Role.MANAGER, Role.ADMINISTRATOR
)
VIEW_REPLIES = operation("reply.view", _("see what customers write back"), *READERS)
READ_REPLY = operation("reply.mark_read", _("note that a reply was read"), *_WORKERS, Role.SERVICE)
# The outbox.
VIEW_OUTBOX = operation("outbox.view", _("see messages in the outbox and what became of them"), *READERS)
ACT_ON_OUTBOX = operation("outbox.act", _("stop messages, send them again, drop them"), Role.TEAM_LEAD, Role.COMPLIANCE)
CORRECT_MESSAGES = operation("outbox.correct", _("correct messages that were sent wrongly"), Role.MANAGER, Role.COMPLIANCE)

#: Lines of the trail without an operation.
MADE_CONTACT = event("contact.ended", _("how a call or visit ended"))
CANCEL_MESSAGE = event("message.cancel", _("a message is stopped"))
RESEND_MESSAGE = event("message.resend", _("a message is sent again"))
DROP_MESSAGE = event("message.drop", _("a message is dropped"))
# Experiments between strategies: who leads the work drafts them, compliance or a manager who wrote none of it approves.
VIEW_EXPERIMENT = operation("experiment.view", _("see experiments and their results"), *READERS)
DRAFT_EXPERIMENT = operation("experiment.draft", _("draft an experiment, run it dry"), Role.TEAM_LEAD, Role.MANAGER)
APPROVE_EXPERIMENT = operation("experiment.approve", _("approve or withdraw an experiment"), Role.COMPLIANCE, Role.MANAGER)
CONCLUDE_EXPERIMENT = operation("experiment.conclude", _("promote a challenger, or stop an experiment"), Role.MANAGER)
# How channels perform.
VIEW_CHANNELS = operation("channel.view", _("see how channels perform, and when customers are contacted"), *READERS)
