"""Lawyer letters, from their proposal to the evidence of how they arrived."""
