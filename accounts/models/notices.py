"""What notices of all kinds keep of tries to hand them over that failed."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Retried(models.Model):
    """A notice that may not be taken at the first try. Written by accounts/operations/deciding/notices.py, nobody else.

    `failure` is the kind of the error alone: what an error says may name a person, and stands in the log.
    """

    failures = models.PositiveSmallIntegerField(_("tries that failed"), default=0)
    failure = models.CharField(_("last failure"), max_length=100, blank=True)
    retry_at = models.DateTimeField(_("tried again at"), null=True)

    class Meta:
        abstract = True
