"""Arithmetic and decisions of legal recovery on plain values."""
