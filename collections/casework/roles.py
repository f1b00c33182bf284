"""What the casework's pages and API can do, and who may. docs/roles.md is made from these tables."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, Role, operation

VIEW_TIERS = operation("tier_policy.view", _("see warning tiers and their policies"), *READERS)
DRAFT_TIERS = operation("tier_policy.draft", _("draft a tier policy"), Role.TEAM_LEAD)
DRY_RUN_TIERS = operation("tier_policy.dry_run", _("dry-run a tier policy"), Role.TEAM_LEAD, Role.APPROVER, Role.MANAGER)
APPROVE_TIERS = operation("tier_policy.approve", _("approve or withdraw a tier policy"), Role.APPROVER, Role.MANAGER)
EDIT_CALENDARS = operation("business_calendar.edit", _("edit business calendars"), Role.ADMINISTRATOR)
