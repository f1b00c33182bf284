"""Cases: opened, moved and closed, and what people do in them."""

from casework.operations.cases.following import follow_account, open_case
from casework.operations.cases.moving import move_case

__all__ = ["follow_account", "move_case", "open_case"]
