from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecoveryConfig(AppConfig):
    """What is done about debts that calls and messages did not bring in."""

    name = "recovery"
    verbose_name = _("Recovery")

    def ready(self) -> None:
        """Recall from agencies what a change has ended."""
        from accounts.events import facts_changed
        from recovery.operations.agencies.recalling import recall_changed

        facts_changed.connect(recall_changed, dispatch_uid="recovery.recall_changed")
