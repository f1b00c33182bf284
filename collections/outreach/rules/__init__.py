"""Outreach as arithmetic on plain values: what the contact policy says of a contact. No Django, no clock, no database."""
