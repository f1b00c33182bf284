"""The tables of the casework, a file per topic."""

from casework.models.calendars import BusinessCalendar
from casework.models.case_work import CaseContact, CaseCost, CasePrompt, LatenessReason, NextAction, OutcomeCode
from casework.models.cases import Case, CaseEvent, CaseFigures
from casework.models.disputes import Dispute, DisputeCorrection, DisputeFile, DisputeKind, DisputeLetter, ReplyTemplate
from casework.models.plans import AffordabilityForm, Plan, PlanAgreement, PlanEvent, PlanFile, ReliefTerms
from casework.models.promises import Promise, PromisePart, PromiseTerms
from casework.models.tiers import Tier, TierChange, TierPolicy
from casework.models.vulnerability import Vulnerability
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
    "CaseContact",
    "CaseCost",
    "CaseEvent",
    "CaseFigures",
    "CasePrompt",
    "Claim",
    "Dispute",
    "DisputeCorrection",
    "DisputeFile",
    "DisputeKind",
    "DisputeLetter",
    "LatenessReason",
    "NextAction",
    "OutcomeCode",
    "Plan",
    "PlanAgreement",
    "PlanEvent",
    "PlanFile",
    "Presence",
    "PriorityWeights",
    "Promise",
    "PromisePart",
    "PromiseTerms",
    "Queue",
    "QueueEffect",
    "ReliefTerms",
    "ReplyTemplate",
    "SavedView",
    "Tier",
    "TierChange",
    "TierPolicy",
    "Vulnerability",
    "WorkItem",
    "WorkRecord",
]
