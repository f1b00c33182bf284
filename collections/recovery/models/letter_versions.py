"""What letters are made from, in versions that two people take live: their texts, and the policy that proposes them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from outreach.models.versions import Version, version_constraints
from recovery.rules.benefit import Band, Stage, StageTerms
from riskops.shared.fields import KeyField


class LetterTemplate(Version):
    """One version of the text of a letter, in both languages. A letter keeps the version it was printed from.

    Texts name variables of recovery/rules/letter_text.py in braces and nothing else; an empty line begins a paragraph.
    """

    code = KeyField(_("code"), max_length=48)
    title_en = models.CharField(_("heading in English"), max_length=100)
    title_zh = models.CharField(_("heading in Chinese"), max_length=100)
    body_en = models.TextField(_("text in English"), max_length=8000)
    body_zh = models.TextField(_("text in Chinese"), max_length=8000)
    signature_en = models.CharField(_("signature in English"), max_length=200, help_text=_("lines parted by a vertical bar"))
    signature_zh = models.CharField(_("signature in Chinese"), max_length=200)

    KEY = "code"
    SAID = (
        "name_en", "name_zh", "title_en", "title_zh", "body_en", "body_zh", "signature_en", "signature_zh", "note",
    )  # fmt: skip

    class Meta:
        verbose_name = _("letter template")
        verbose_name_plural = _("letter templates")
        ordering = ["code", "-version"]
        constraints = version_constraints("code", "letter_template")


class LetterPolicy(Version):
    """One version of the figures of legal recovery in one currency: whom a letter is proposed for, what it is expected to bring
    and what it costs, what legal stages cost, how long a claim can be sued for. Amounts in minor units.

    `bands`: [bucket from, amount from, rate]; `stages`: [stage, cost, rate]. Rates in hundredths of a percent of the balance.
    """

    code = KeyField(_("code"), max_length=48)
    currency = KeyField(_("currency"), max_length=3)
    rule = models.TextField(_("rule"), max_length=2000, help_text=_("conditions over the facts of accounts, e.g. dpd >= 60"))
    template_code = KeyField(_("letter template"), max_length=48)
    bands = models.JSONField(_("recovery rates"))
    letter_cost_minor = models.BigIntegerField(_("cost of a letter"))
    least_net_minor = models.BigIntegerField(_("least expected net recovery"))
    cool_off_days = models.PositiveIntegerField(_("days between two letters"))
    pay_within_days = models.PositiveIntegerField(_("days to pay"))
    most_a_run = models.PositiveIntegerField(_("most proposals a run"))
    stages = models.JSONField(_("legal stages"))
    limitation_years = models.PositiveSmallIntegerField(_("limitation in years"))
    warn_days = models.PositiveIntegerField(_("days before the limitation at which it is listed"))

    KEY = "code"
    SAID = (
        "name_en", "name_zh", "currency", "rule", "template_code", "bands", "letter_cost_minor", "least_net_minor",
        "cool_off_days", "pay_within_days", "most_a_run", "stages", "limitation_years", "warn_days", "note",
    )  # fmt: skip

    class Meta:
        verbose_name = _("letter policy")
        verbose_name_plural = _("letter policies")
        ordering = ["code", "-version"]
        constraints = version_constraints("code", "letter_policy")

    def rate_bands(self) -> tuple[Band, ...]:
        """Return the recovery rates of letters, the lowest band first."""
        return tuple(sorted(Band(*row) for row in self.bands))

    def stage_terms(self) -> tuple[StageTerms, ...]:
        """Return what each legal stage costs and is expected to bring, in their order."""
        by_stage = {Stage(stage): StageTerms(Stage(stage), cost, rate) for stage, cost, rate in self.stages}
        return tuple(by_stage[stage] for stage in Stage if stage in by_stage)
