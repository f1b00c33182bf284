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
PLACE_HOLD = operation("contact_hold.place", _("hold contact with a customer back"), *_WORKERS, Role.COMPLIANCE, Role.SERVICE)
END_HOLD = operation("contact_hold.end", _("end a hold on contact"), Role.TEAM_LEAD, Role.LEGAL, Role.COMPLIANCE)
NOTE_WISH = operation("contact_wish.note", _("note opt-outs and agreed hours of a customer"), *_WORKERS, Role.SERVICE)
NOTE_DETAIL = operation("contact_detail.note", _("note that a number or address leads nowhere"), *_WORKERS, Role.SERVICE)

# The log as a whole.
VIEW_CONTACT_LOG = operation(
    "contact_log.view", _("see the log of contacts and what was refused"), Role.TEAM_LEAD, Role.MANAGER, Role.COMPLIANCE
)
AUDIT_CONTACTS = operation("contact_log.audit", _("judge the log of contacts again"), Role.MANAGER, Role.COMPLIANCE)

#: Lines of the trail without an operation.
MADE_CONTACT = event("contact.ended", _("how a call or visit ended"))
