"""Agreements on paper: what a plan's agreement says, and how it looks (riskops/shared/printing makes PDF and pictures)."""
