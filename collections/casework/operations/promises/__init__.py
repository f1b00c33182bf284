"""Promises to pay: taken, cancelled, and decided by what is paid."""

from casework.operations.promises.observing import observe_account
from casework.operations.promises.taking import cancel_promise, take_promise

__all__ = ["cancel_promise", "observe_account", "take_promise"]
