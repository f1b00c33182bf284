"""The way of a message out of the outbox, each step a commit: claimed, prepared, handed over, settled. See docs/outreach.md."""
