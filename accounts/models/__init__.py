"""The tables of the book, a file per topic."""

from accounts.models.account import AccountState, CreditAccount, ReportedState
from accounts.models.agreements import Acceptance, AgreementVersion
from accounts.models.application_appeals import ApplicationAppeal
from accounts.models.application_undoings import ApplicationUndo
from accounts.models.applications import Application, ApplicationConsent, BureauRecord, LendingCap, ProposalRule
from accounts.models.authority_changes import AuthorityChange
from accounts.models.conduct_figures import ConductFigure
from accounts.models.customer import Customer, CustomerNameToken
from accounts.models.debits import (
    DebitFile,
    DebitInstruction,
    DebitMandate,
    DebitNotice,
    DebitResult,
    DebitResultFile,
    DebitTry,
)
from accounts.models.decision_rules import DecisionRuleVersion, DecisionUndo
from accounts.models.decision_settings import AuthorityRow, DecisionControl, DecisionTerms, ReasonCode, ScopeValue
from accounts.models.decisions import AgreedBlock, Appeal, Decision, DecisionNotice, Restriction, RestrictionChange
from accounts.models.imports import ImportIssue, PortfolioImport
from accounts.models.installment import Installment
from accounts.models.payment import Allocation, Payment, Waiver, WriteOff
from accounts.models.product import Product
from accounts.models.readings import BookDifference, BookReading
from accounts.models.reviews import (
    Note,
    QualityGrade,
    QualitySample,
    Review,
    ReviewFile,
    ReviewReason,
    ReviewSweep,
    SweepCandidate,
)
from accounts.models.schedule import InstallmentCancellation, Refund, ScheduleChange, ScheduleChangePart
from accounts.models.signals import AccountSignals
from accounts.models.snapshot import AccountSnapshot

__all__ = [
    "Acceptance",
    "AccountSignals",
    "AccountSnapshot",
    "AccountState",
    "AgreedBlock",
    "AgreementVersion",
    "Allocation",
    "Appeal",
    "Application",
    "ApplicationAppeal",
    "ApplicationConsent",
    "ApplicationUndo",
    "AuthorityChange",
    "AuthorityRow",
    "BookDifference",
    "BookReading",
    "BureauRecord",
    "ConductFigure",
    "CreditAccount",
    "Customer",
    "CustomerNameToken",
    "DebitFile",
    "DebitInstruction",
    "DebitMandate",
    "DebitNotice",
    "DebitResult",
    "DebitResultFile",
    "DebitTry",
    "Decision",
    "DecisionControl",
    "DecisionNotice",
    "DecisionRuleVersion",
    "DecisionTerms",
    "DecisionUndo",
    "ImportIssue",
    "Installment",
    "InstallmentCancellation",
    "LendingCap",
    "Note",
    "Payment",
    "PortfolioImport",
    "Product",
    "ProposalRule",
    "QualityGrade",
    "QualitySample",
    "ReasonCode",
    "Refund",
    "ReportedState",
    "Restriction",
    "RestrictionChange",
    "Review",
    "ReviewFile",
    "ReviewReason",
    "ReviewSweep",
    "ScheduleChange",
    "ScheduleChangePart",
    "ScopeValue",
    "SweepCandidate",
    "Waiver",
    "WriteOff",
]
