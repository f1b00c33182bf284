"""Contact policies over the API: the same operations as the pages, the same refusals."""

from __future__ import annotations

from outreach.api import shapes
from outreach.api.versions import version_endpoints
from outreach.operations.policies import POLICIES
from outreach.operations.versions import draft_next
from outreach.roles import VIEW_CONTACT_POLICY

ENDPOINTS = version_endpoints(
    POLICIES,
    name="contact policy",
    shape=shapes.ContactPolicyShape,
    view_operation=VIEW_CONTACT_POLICY,
    draft_request=shapes.DraftPolicyRequest,
    draft=lambda actor, values: draft_next(
        POLICIES, actor=actor, copy_of=values["copy_of"], key=values["profile"], note=values["note"]
    ),
)
