"""What the operations pages can do, and who may."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, operation

VIEW_JOBS = operation("close.view", _("see the closes of business"), *READERS)
RUN_CLOSE = operation("close.run", _("close a day, restart a close"), Role.TEAM_LEAD, Role.ADMINISTRATOR)
OVERRIDE_FEED = operation("close.override_feed", _("close without a feed"), Role.MANAGER, Role.ADMINISTRATOR)
PAUSE_CLOSE = operation("close.pause", _("pause and resume the nightly close"), Role.ADMINISTRATOR)
EDIT_SCHEDULES = operation("schedule.edit", _("edit schedules and feeds"), Role.ADMINISTRATOR)
VIEW_AUDIT = operation("audit.view", _("see the audit trail"), Role.TEAM_LEAD, Role.MANAGER, Role.COMPLIANCE, Role.ADMINISTRATOR)
MANAGE_PEOPLE = operation("people.manage", _("manage people and roles"), Role.ADMINISTRATOR)

# People. Leads act for the people and teams they lead, managers and administrators for all; the operations see to that.
_EVERYBODY = tuple(Role)
_PERSONS = tuple(role for role in Role if role is not Role.SERVICE)
VIEW_OWN_RECORD = operation("person.view_own", _("see one's own teams, portfolio, conflicts and examinations"), *_EVERYBODY)
VIEW_PEOPLE = operation(
    "people.view",
    _("see people, their roles and examinations"),
    Role.TEAM_LEAD,
    Role.MANAGER,
    Role.COMPLIANCE,
    Role.ADMINISTRATOR,
)
VIEW_TEAMS = operation("team.view", _("see teams"), *READERS)
MANAGE_TEAMS = operation("team.manage", _("set up teams"), Role.MANAGER, Role.ADMINISTRATOR)
STAFF_TEAM = operation(
    "team.staff", _("put people into teams, set their capacity"), Role.TEAM_LEAD, Role.MANAGER, Role.ADMINISTRATOR
)
# Compliance writes nothing but what is its own to write; its absences are entered by a manager.
ENTER_ABSENCE = operation("absence.enter", _("enter absences"), *(role for role in _PERSONS if role is not Role.COMPLIANCE))
SET_PORTFOLIO = operation("portfolio.set_scope", _("say which products a team or a person may see"), Role.ADMINISTRATOR)
DECLARE_CONFLICT = operation("conflict.declare", _("declare a conflict of interest of one's own"), *_PERSONS)
DECLARE_FOR_OTHERS = operation(
    "conflict.declare_for_others",
    _("declare a conflict of interest of somebody else"),
    Role.TEAM_LEAD,
    Role.MANAGER,
    Role.COMPLIANCE,
)
VIEW_CONFLICTS = operation(
    "conflict.view", _("see conflicts of interest of others"), Role.TEAM_LEAD, Role.MANAGER, Role.COMPLIANCE
)
END_CONFLICT = operation("conflict.end", _("end a conflict of interest of somebody else"), Role.MANAGER, Role.COMPLIANCE)
RECORD_EXAMINATION = operation("examination.record", _("record a passed examination"), Role.TEAM_LEAD, Role.MANAGER)
