"""Letters on paper: what a letter says as a document, and the document as PDF and as pictures."""
