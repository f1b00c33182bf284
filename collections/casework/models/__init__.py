"""The tables of the casework, a file per topic."""

from casework.models.calendars import BusinessCalendar
from casework.models.cases import Case, CaseEvent, CaseFigures
from casework.models.disputes import Dispute, DisputeCorrection, DisputeFile, DisputeKind, DisputeLetter, ReplyTemplate
from casework.models.plans import AffordabilityForm, Plan, PlanEvent, PlanFile, ReliefTerms
from casework.models.tiers import Tier, TierChange, TierPolicy
from casework.models.worklist import (
    AccountNote,
    BulkAction,
    Claim,
    Presence,
    PriorityWeights,
    Queue,
    QueueEffect,
    SavedView,
    WorkItem,
    WorkRecord,
)

__all__ = [
    "AccountNote",
    "AffordabilityForm",
    "BulkAction",
    "BusinessCalendar",
    "Case",
    "CaseEvent",
    "CaseFigures",
    "Claim",
    "Dispute",
    "DisputeCorrection",
    "DisputeFile",
    "DisputeKind",
    "DisputeLetter",
    "Plan",
    "PlanEvent",
    "PlanFile",
    "Presence",
    "PriorityWeights",
    "Queue",
    "QueueEffect",
    "ReliefTerms",
    "ReplyTemplate",
    "SavedView",
    "Tier",
    "TierChange",
    "TierPolicy",
    "WorkItem",
    "WorkRecord",
]
