"""What an account's customer agreed to, and what they want no machine to decide."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Acceptance, AgreementVersion, CreditAccount


@dataclass(frozen=True, slots=True)
class CustomerWishes:
    """Acceptances of an account, latest first; `agreement` is the credit agreement that holds."""

    acceptances: tuple[Acceptance, ...]
    refuses_automation: bool

    @property
    def agreement(self) -> Acceptance | None:
        """The acceptance that holds, None where none is on record."""
        return next((one for one in self.acceptances if one.version.kind == AgreementVersion.Kind.AGREEMENT), None)


def customer_wishes(account: CreditAccount) -> CustomerWishes:
    """Return what is on record for an account that was read with its signals, in one query."""
    accepted = Acceptance.objects.filter(account=account).select_related("version").order_by("-accepted_on", "-id")
    # An account about which nothing was ever noted has no row of signals.
    signals = getattr(account, "signals", None)
    return CustomerWishes(tuple(accepted), signals is not None and signals.refuses_automated_decisions)
