"""Asking the book: one function per screen or report, returning frozen rows; nothing here writes."""
