"""What the shell's own pages can do, and who may."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from riskops.shared.roles import READERS, operation

USE_API = operation("api.use", _("use the API"), *READERS)
