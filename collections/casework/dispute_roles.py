"""What can be done about disputes and complaints, and who may. docs/roles.md is made from these tables."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

_WORKERS = (Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL)

VIEW_DISPUTES = operation("dispute.view", _("see disputes and complaints"), *READERS)
OPEN_DISPUTE = operation("dispute.open", _("take in a dispute or complaint"), *_WORKERS, Role.SERVICE)
WORK_DISPUTE = operation("dispute.work", _("work on disputes: evidence, corrections, outcome"), *_WORKERS)
ASSIGN_DISPUTE = operation("dispute.assign", _("assign disputes to people and teams"), Role.TEAM_LEAD, Role.MANAGER)
APPROVE_DISPUTE = operation(
    "dispute.approve", _("approve an outcome that moves money, or send it back"), Role.TEAM_LEAD, Role.APPROVER
)
EDIT_DISPUTE_SETTINGS = operation(
    "dispute_setting.edit", _("edit kinds of disputes and reply letters"), Role.MANAGER, Role.COMPLIANCE
)

# What becomes of a dispute, as its lines in the audit trail say.
CLOSED_DISPUTE = event("dispute.close", _("dispute closed with its outcome"))
SENT_BACK = event("dispute.send_back", _("outcome of a dispute sent back"))
