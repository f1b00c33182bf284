"""Drafts of tier policies, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from factories import make_user

from casework.models import TierPolicy
from casework.operations.tier_drafts import TierDraft, change_draft, draft_policy
from riskops.shared.audit import Actor
from riskops.shared.roles import Role


def tier(code: str, rule: str, **fields: Any) -> TierDraft:
    """Return a tier as it is typed."""
    return TierDraft(**{"code": code, "name_en": code.title(), "name_zh": "级", "rule": rule, **fields})


#: Who writes and who approves.
def people() -> tuple[Actor, Actor]:
    """Return an author and an approver."""
    return Actor.of(make_user(Role.TEAM_LEAD)), Actor.of(make_user(Role.MANAGER))


def make_draft(author: Actor, tiers: Sequence[TierDraft]) -> TierPolicy:
    """Return a draft of these tiers."""
    draft = draft_policy(actor=author, copy_of=1)
    return change_draft(actor=author, version=draft.version, revision=1, note="try", calendar_id=draft.calendar_id, tiers=tiers)
