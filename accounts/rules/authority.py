"""Who may decide what: the authority matrix read for one person, one action and one amount. Plain values only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

#: An amount with no upper end.
NO_END: Final = None


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """One row of the matrix: a role, an action, amounts from (included) to (excluded), in whole units of the currency.

    :param currency: "" speaks of every currency that has no line of its own for the action
    :param approver_role: the role that must agree; "" when the role may act alone
    """

    action: str
    role: str
    currency: str
    amount_from: int
    amount_to: int | None
    approver_role: str = ""

    def covers(self, amount_minor: int, *, minor_digits: int) -> bool:
        """Return whether an amount in minor units falls within the line."""
        unit = 10**minor_digits
        return self.amount_from * unit <= amount_minor and (self.amount_to is NO_END or amount_minor < self.amount_to * unit)


@dataclass(frozen=True, slots=True)
class Authority:
    """What the matrix says: no line at all, alone, or only with the approval of one of the roles."""

    is_known: bool
    approver_roles: tuple[str, ...] = ()

    @property
    def acts_alone(self) -> bool:
        """Whether no second person is needed."""
        return self.is_known and not self.approver_roles


def authority(
    lines: Iterable[AuthorityLine], *, action: str, currency: str, minor_digits: int, amount_minor: int, roles: Collection[str]
) -> Authority:
    """Return what a person of the roles may do.

    Of two lines for one role the stricter holds; of two roles the one that may do more.
    """
    of_action = [line for line in lines if line.action == action]
    spoken_for = {line.currency for line in of_action if line.currency}
    wanted = currency if currency in spoken_for else ""
    fitting = [
        line
        for line in of_action
        if line.currency == wanted and line.role in roles and line.covers(amount_minor, minor_digits=minor_digits)
    ]
    if not fitting:
        return Authority(False)
    approvers: set[str] = set()
    for role in {line.role for line in fitting}:
        needed = {line.approver_role for line in fitting if line.role == role and line.approver_role}
        if not needed:
            return Authority(True)
        approvers |= needed
    return Authority(True, tuple(sorted(approvers)))


def may_approve(*, roles: Collection[str], approver_roles: Collection[str], is_proposer: bool) -> bool:
    """Return whether somebody may give the approval: a role that is asked for, and never the one who proposed."""
    return not is_proposer and bool(set(roles) & set(approver_roles))


def roles_alone(lines: Iterable[AuthorityLine], *, currency: str, minor_digits: int, amount_minor: int) -> list[str]:
    """Return the roles that need nobody else for an amount, of lines about one action, in order of their names."""
    known = list(lines)
    found = {
        line.role: authority(
            known,
            action=line.action,
            currency=currency,
            minor_digits=minor_digits,
            amount_minor=amount_minor,
            roles=[line.role],
        )
        for line in known
    }
    return sorted(role for role, may in found.items() if may.acts_alone)
