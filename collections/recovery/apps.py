from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class RecoveryConfig(AppConfig):
    """What is done about debts that calls and messages did not bring in: letters, legal cases, agencies, write-offs."""

    name = "recovery"
    verbose_name = _("Recovery")

    def ready(self) -> None:
        """Show letters and write-offs on the pages of accounts, end what a change has ended; have migrate seed what it ships."""
        from accounts.events import facts_changed
        from accounts.operations.sealed_files import register_sealed_files
        from recovery.letter_panels import register_letter_panels
        from recovery.models import (
            Agency,
            AgencyEvaluation,
            AgencyFile,
            AgencyStatement,
            CommissionTerms,
            LegalCase,
            LegalStage,
            Letter,
            Placement,
            PlacementBatch,
            ResaleChange,
        )  # fmt: skip
        from recovery.operations.agencies.recalling import recall_changed
        from recovery.operations.letters.keeping import reseal_recovery_files
        from recovery.operations.write_offs.lapsing import follow_changed
        from recovery.write_off_panels import register_write_off_panels
        from riskops.shared.audit_words import month_word, register_subject, words_of

        register_subject(
            "agency",
            Agency,
            AgencyEvaluation,
            AgencyStatement,
            CommissionTerms,
            AgencyFile,
            month=month_word,
            # Not by the column: what is "refused" of terms is sent back.
            file_state=words_of(AgencyFile.Status),
        )
        # What is placed and recalled is written about the account.
        register_subject("account", recall_reason=words_of(Placement.Reason))
        register_subject("placement_batch", PlacementBatch)
        register_subject("letter", Letter)
        register_subject("legal case", LegalStage, LegalCase)
        register_subject("resale", ResaleChange)
        register_letter_panels()
        register_write_off_panels()
        register_sealed_files("recovery files", reseal_recovery_files)
        facts_changed.connect(recall_changed, dispatch_uid="recovery.recall_changed")
        facts_changed.connect(follow_changed, dispatch_uid="recovery.follow_write_offs")
        post_migrate.connect(_seed_letters, sender=self, dispatch_uid="recovery.seed_letters")


def _seed_letters(using: str, **_kwargs: Any) -> None:
    from recovery.models import LetterPolicy, WriteOffRule
    from recovery.shipped_letters import seed_letters
    from recovery.shipped_write_offs import seed_write_off_rules

    # A migrate of other apps alone, or back to before the tables, finds none.
    tables = connections[using].introspection.table_names()
    if LetterPolicy._meta.db_table in tables:
        seed_letters(using=using)
    if WriteOffRule._meta.db_table in tables:
        seed_write_off_rules(using=using)
