"""Consumer education: what a customer reads on their own page, for each stage of lateness."""

from __future__ import annotations

from django.db import models
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from outreach.models.versions import Version, version_constraints
from riskops.shared.fields import KeyField


class EducationArticle(Version):
    """One version of one article. Its name is its title."""

    class Stage(models.TextChoices):
        """How late the account is; an article of every stage stands first."""

        ANY = "any", pgettext_lazy("stage", "every stage")
        ON_TIME = "on_time", pgettext_lazy("stage", "not late")
        SHORT = "short", pgettext_lazy("stage", "1 to 30 days late")
        MEDIUM = "medium", pgettext_lazy("stage", "31 to 90 days late")
        LONG = "long", pgettext_lazy("stage", "more than 90 days late")

    code = KeyField(_("code"), max_length=48)
    stage = models.CharField(_("stage"), max_length=8, choices=Stage, default=Stage.ANY)
    body_en = models.TextField(_("text in English"), max_length=8000)
    body_zh = models.TextField(_("text in Chinese"), max_length=8000)

    KEY = "code"
    SAID = ("name_en", "name_zh", "stage", "body_en", "body_zh", "note")

    class Meta:
        verbose_name = _("education article")
        verbose_name_plural = _("education articles")
        ordering = ["code", "-version"]
        constraints = version_constraints("code", "education_article")

    @property
    def title(self) -> str:
        """Its title in the reader's language."""
        return self.name

    @property
    def body(self) -> str:
        """Its text in the reader's language, plain, with empty lines between paragraphs."""
        return self.body_zh if (get_language() or "").startswith("zh") else self.body_en


#: The least days past due of each stage, the latest stage first.
STAGES = (
    (91, EducationArticle.Stage.LONG),
    (31, EducationArticle.Stage.MEDIUM),
    (1, EducationArticle.Stage.SHORT),
    (0, EducationArticle.Stage.ON_TIME),
)


def stage_of(days_past_due: int) -> str:
    """Return the stage of an account so many days late (classes short, medium, long)."""
    return next(stage for least, stage in STAGES if days_past_due >= least)
