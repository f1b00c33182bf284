"""What can be done about relief and plans, and who may."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, event, operation

_WORKERS = (Role.ANALYST, Role.TEAM_LEAD, Role.LEGAL)

VIEW_PLANS = operation("plan.view", _("see plans and the terms of relief"), *READERS)
READ_AGREEMENT = operation(
    "plan_agreement.reveal",
    _("read the agreement of a plan, which names the customer"),
    *_WORKERS,
    Role.APPROVER,
    Role.MANAGER,
    Role.COMPLIANCE,
    Role.SERVICE,
)
FILL_AFFORDABILITY = operation("affordability.fill", _("fill in what a household can pay"), *_WORKERS, Role.SERVICE)
PROPOSE_PLAN = operation("plan.propose", _("propose a plan"), *_WORKERS)
DECIDE_PLAN = operation("plan.decide", _("approve or reject a plan"), Role.TEAM_LEAD, Role.APPROVER)
WITHDRAW_PLAN = operation("plan.withdraw", _("withdraw a plan that is not signed"), *_WORKERS, Role.APPROVER)
SIGN_PLAN = operation("plan.sign", _("take the signature of a plan"), *_WORKERS, Role.SERVICE)
CONFIRM_PLAN = operation("plan.confirm", _("confirm a signed agreement that somebody handed in"), Role.TEAM_LEAD, Role.APPROVER)
SEND_BACK_PAPER = operation(
    "plan.send_back", _("send back a signed agreement that somebody handed in"), Role.TEAM_LEAD, Role.APPROVER
)
BREAK_PLAN = operation("plan.break", _("end a plan before its time"), Role.TEAM_LEAD, Role.APPROVER)
SET_RELIEF_TERMS = operation("relief_terms.set", _("set the terms of relief"), Role.MANAGER)

# What becomes of a plan without anybody doing it, as its lines in the audit trail say.
HOLD_USE = event("plan.hold_use", _("new use blocked or freed by a plan"))
FOLLOW_PLAN = event("plan.follow", _("plan followed"))
