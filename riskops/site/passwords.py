"""What a new password ends: whatever else opens the site in the person's name."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.authtoken.models import Token


class ANewPasswordEndsTheToken:
    """Django tells this of every new password, whichever door it came through: an administrator, a command, the person."""

    def validate(self, password: str, user: Any = None) -> None:
        """Accept any; the other validators look at the password itself."""

    def get_help_text(self) -> str:
        """Say it where passwords are typed."""
        return _("A new password ends the API token; make a new one on the API page.")

    def password_changed(self, password: str, user: Any = None) -> None:
        """Take the token away: who changes a password because somebody knew it means to keep them out."""
        Token.objects.filter(user=user).delete()
