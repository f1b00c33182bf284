"""The tables of recovery, a file per topic."""

from recovery.models.agencies import Agency, AgencyEvaluation, AgencyPerson, CommissionTerms
from recovery.models.agency_files import AgencyAccess, AgencyFile
from recovery.models.commission import AgencyStatement, CommissionLine
from recovery.models.placements import BatchAccount, Placement, PlacementBatch

__all__ = [
    "Agency",
    "AgencyAccess",
    "AgencyEvaluation",
    "AgencyFile",
    "AgencyPerson",
    "AgencyStatement",
    "BatchAccount",
    "CommissionLine",
    "CommissionTerms",
    "Placement",
    "PlacementBatch",
]
