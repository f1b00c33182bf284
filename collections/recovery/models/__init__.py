"""Legal recovery in the database: letters and what they are made from, legal cases, the limitation clock's facts."""

from recovery.models.legal import LegalCase, LegalStage, LimitationFact
from recovery.models.letter_files import RecoveryFile
from recovery.models.letter_versions import LetterPolicy, LetterTemplate
from recovery.models.letters import Letter, LetterDocument

__all__ = [
    "LegalCase",
    "LegalStage",
    "Letter",
    "LetterDocument",
    "LetterPolicy",
    "LetterTemplate",
    "LimitationFact",
    "RecoveryFile",
]
