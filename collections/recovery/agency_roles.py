"""What can be done with agencies and placements, and who may. docs/roles.md is made from these tables."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

_LEADS = (Role.TEAM_LEAD, Role.MANAGER)
_MONEY = (Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER, Role.COMPLIANCE, Role.ADMINISTRATOR)

# Agencies.
VIEW_AGENCIES = operation("agency.view", _("see collection agencies and how they do"), *READERS)
PREPARE_AGENCY = operation("agency.prepare", _("enter an agency, change what is said of it"), Role.MANAGER)
APPROVE_AGENCY = operation(
    "agency.approve", _("put an agency that somebody else entered into use"), Role.MANAGER, Role.COMPLIANCE
)
STOP_AGENCY = operation("agency.stop", _("suspend or end an agency"), Role.MANAGER, Role.COMPLIANCE)
EVALUATE_AGENCY = operation("agency.evaluate", _("record the evaluation of an agency"), Role.MANAGER, Role.COMPLIANCE)
STAFF_AGENCY = operation("agency.staff", _("register people of an agency, end their work"), Role.MANAGER)
PROPOSE_TERMS = operation("agency_terms.propose", _("propose what an agency is paid"), Role.MANAGER)
APPROVE_TERMS = operation("agency_terms.approve", _("approve or send back what an agency is paid"), Role.APPROVER, Role.MANAGER)
VIEW_ACCESS = operation(
    "agency_access.view", _("see who of an agency saw which account"), Role.TEAM_LEAD, Role.MANAGER, Role.COMPLIANCE
)

# Placement.
VIEW_PLACEMENTS = operation("placement.view", _("see what is placed with agencies"), *READERS)
SPLIT_BATCH = operation("placement.split", _("split accounts among agencies, propose the batch"), *_LEADS)
APPROVE_BATCH = operation("placement.approve", _("approve or send back a placement batch"), Role.APPROVER, Role.MANAGER)
RECALL = operation("placement.recall", _("recall an account from an agency"), *_LEADS, Role.LEGAL)

# Commission.
VIEW_STATEMENTS = operation("agency_statement.view", _("see commission statements"), *_MONEY)
PREPARE_STATEMENT = operation("agency_statement.prepare", _("draw up the commission of a month"), *_LEADS)
ISSUE_STATEMENT = operation("agency_statement.issue", _("issue or drop a commission statement"), Role.APPROVER, Role.MANAGER)

# Files.
VIEW_FILES = operation("agency_file.view", _("see files exchanged with agencies"), *_LEADS, Role.COMPLIANCE)
SEND_FILE = operation("agency_file.send", _("make the placement file of an agency"), *_LEADS)
DELIVER_FILE = operation("agency_file.deliver", _("hand in a file of an agency"), *_LEADS, Role.SERVICE)
TAKE_FILE = operation("agency_file.take", _("post the payments of an agency's file"), Role.APPROVER, Role.MANAGER)

# People of agencies: what is placed with their own agency, and nothing else.
SEE_OWN = operation("own_placement.see", _("see the accounts placed with one's own agency"), Role.AGENCY)
CONTACT_OWN = operation("own_placement.contact", _("ask for calls about accounts placed with one's own agency"), Role.AGENCY)
DELIVER_OWN = operation("own_placement.deliver", _("hand in files of one's own agency"), Role.AGENCY)

# What happens without anybody asking for it.
PLACE = event("placement.place", _("placed with an agency"))
RECALL_BY_RULE = event("placement.recall_by_rule", _("recalled from an agency by rule"))
END_PERSON = event("agency.end_person", _("no longer works for the agency"))
