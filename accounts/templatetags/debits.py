"""Debits in words, for templates: `{% load debits %}{{ debit.said|waits_for }}`."""

from __future__ import annotations

from django import template
from django.utils.functional import Promise

from accounts.debit_wording import WAITS
from accounts.operations.debiting.refusals import HELD_BY

register = template.Library()


@register.filter
def waits_for(code: str) -> Promise | str:
    """What a debit waits for."""
    return WAITS.get(code, code)


@register.filter
def held_why(signal: str) -> Promise | str:
    """Why an account is held."""
    return HELD_BY.get(signal, signal)
