"""The log-in form: passwords are not for trying out."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Final

from django.contrib.auth.forms import AuthenticationForm
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

#: Wrong passwords in a row, for one user name, after which no further one is looked at for a while.
MOST_FAILURES: Final = 10
WAIT_MINUTES: Final = 15


class LogInForm(AuthenticationForm):
    """Django's own, with an end to guessing. Counted by user name: behind a proxy all requests come from one address."""

    def clean(self) -> dict[str, Any]:
        """Refuse a wrong password, and after too many of them any."""
        # Hashed: a password typed into the wrong field must not lie in the cache.
        typed = str(self.cleaned_data.get("username", "")).casefold()
        key = f"log-in:{sha256(typed.encode()).hexdigest()}"
        if cache.get(key, 0) >= MOST_FAILURES:
            raise ValidationError(
                _("Too many wrong passwords for this user name: wait %(minutes)s minutes, then try again."),
                params={"minutes": WAIT_MINUTES},
            )
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            cache.set(key, cache.get(key, 0) + 1, timeout=WAIT_MINUTES * 60)
            raise
        cache.delete(key)
        return cleaned
