"""The set-based statements of outreach: what the close plans, for a range of accounts."""
