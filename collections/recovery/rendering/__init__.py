"""Letters on paper: what a letter says, and how it looks (riskops/shared/printing makes the PDF and the pictures)."""
