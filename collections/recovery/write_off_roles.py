"""What can be done about write-offs and what comes in after them, and who may. docs/roles.md is made from this table."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

VIEW_WRITE_OFF = operation("write_off.view", _("see what is proposed for write-off"), *READERS)
PROPOSE_WRITE_OFF = operation(
    "write_off.propose", _("propose an account for write-off"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER, Role.LEGAL
)
SEND_WRITE_OFF = operation(
    "write_off.send", _("send proposed write-offs to approval"), Role.ANALYST, Role.TEAM_LEAD, Role.APPROVER
)
APPROVE_WRITE_OFF = operation(
    "write_off.approve", _("approve write-offs that others sent"), Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER
)
REJECT_WRITE_OFF = operation("write_off.reject", _("reject proposed write-offs"), Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER)
VIEW_WRITE_OFF_RULE = operation("write_off_rule.view", _("see write-off rules"), *READERS)
DRAFT_WRITE_OFF_RULE = operation(
    "write_off_rule.draft", _("draft and dry run a write-off rule"), Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER
)
APPROVE_WRITE_OFF_RULE = operation(
    "write_off_rule.approve", _("take a write-off rule live or end it"), Role.APPROVER, Role.MANAGER
)
VIEW_RECOVERY = operation("recovery.view", _("see what was recovered after write-offs"), *READERS)
ASK_RESALE = operation("resale.ask", _("ask to switch resale on, or switch it off"), Role.MANAGER)
JUDGE_RESALE = operation("resale.judge", _("approve or refuse that resale is switched on"), Role.MANAGER, Role.COMPLIANCE)
SELL_DEBT = operation("resale.sell", _("record that a written-off account was sold"), Role.MANAGER)

# What happens without anybody asking for it.
PROPOSE_BY_RULE = event("write_off.propose_by_rule", _("proposed for write-off by rule"))
LAPSE_WRITE_OFF = event("write_off.lapse", _("proposed write-off lapsed"))
FOLLOW_WRITE_OFF = event("write_off.follow", _("proposed write-off ended with its decision"))
