"""The tables of recovery, a file per topic: letters and legal cases, agencies and placements, write-offs."""

from recovery.models.agencies import Agency, AgencyEvaluation, AgencyPerson, AgencyTraining, CommissionTerms
from recovery.models.agency_files import AgencyAccess, AgencyFile
from recovery.models.commission import AgencyStatement, CommissionLine
from recovery.models.legal import LegalCase, LegalStage, LimitationFact
from recovery.models.letter_files import RecoveryFile
from recovery.models.letter_versions import LetterPolicy, LetterTemplate
from recovery.models.letters import Letter, LetterDocument
from recovery.models.placements import BatchAccount, Placement, PlacementBatch
from recovery.models.write_offs import DebtSale, ResaleChange, WriteOffProposal, WriteOffRule

__all__ = [
    "Agency",
    "AgencyAccess",
    "AgencyEvaluation",
    "AgencyFile",
    "AgencyPerson",
    "AgencyStatement",
    "AgencyTraining",
    "BatchAccount",
    "CommissionLine",
    "CommissionTerms",
    "DebtSale",
    "LegalCase",
    "LegalStage",
    "Letter",
    "LetterDocument",
    "LetterPolicy",
    "LetterTemplate",
    "LimitationFact",
    "Placement",
    "PlacementBatch",
    "RecoveryFile",
    "ResaleChange",
    "WriteOffProposal",
    "WriteOffRule",
]
