"""The simulated products: a monthly bill, instalments, a cash loan. Terms are invented."""

from __future__ import annotations

from typing import Final, NamedTuple

from accounts.rules.terms import Component, Terms

CURRENCY: Final = "CNY"
MINOR: Final = 100


class SimulatedProduct(NamedTuple):
    """A product and how it is used. Amounts in minor units.

    :param share: of new accounts
    :param parts: the numbers of monthly parts to choose from, and their weights
    :param first_order: the chance of a purchase on the opening day
    :param next_orders: the chance a month of a further one, by the number of orders not paid off yet (the last one: or more)
    """

    code: str
    name: str
    terms: Terms
    share: float
    median_order_minor: int
    monthly_interest_ppm: int
    fee_ppm: int
    parts: tuple[tuple[int, ...], tuple[int, ...]]
    first_order: float
    next_orders: tuple[float, ...]


BILL: Final = SimulatedProduct(
    "SIM-BILL",
    "Monthly bill (simulated)",
    Terms(grace_days=3, penalty_rate_ppm=500, penalty_cap_bp=2000),
    0.50,
    900 * MINOR,
    0,
    0,
    ((1,), (1,)),
    0.0,
    (0.85, 0.92),
)
INSTALLMENTS: Final = SimulatedProduct(
    "SIM-INST",
    "Instalments (simulated)",
    Terms(grace_days=5, penalty_rate_ppm=438, penalty_on_interest=True, penalty_from_grace_end=True, penalty_cap_bp=2400),
    0.35,
    2_400 * MINOR,
    6_000,
    10_000,
    ((3, 6, 12), (45, 35, 20)),
    0.95,
    (0.5, 0.18, 0.06),
)
CASH: Final = SimulatedProduct(
    "SIM-CASH",
    "Cash loan (simulated)",
    Terms(
        penalty_rate_ppm=600,
        penalty_on_interest=True,
        penalty_cap_bp=3000,
        allocation_order=(Component.FEE, Component.INTEREST, Component.PENALTY, Component.PRINCIPAL),
        holds_prepayment=True,
    ),
    0.15,
    6_000 * MINOR,
    12_000,
    0,
    ((6, 12), (60, 40)),
    1.0,
    (0.35, 0.0),
)
PRODUCTS: Final = (BILL, INSTALLMENTS, CASH)


def product_row(product: SimulatedProduct) -> dict[str, str]:
    """Return the product as a row of products.csv."""
    terms = product.terms
    return {
        "product_code": product.code,
        "name": product.name,
        "currency": CURRENCY,
        "grace_days": str(terms.grace_days),
        "penalty_rate_ppm": str(terms.penalty_rate_ppm),
        "penalty_base": "principal_interest" if terms.penalty_on_interest else "principal",
        "penalty_from": "grace_end" if terms.penalty_from_grace_end else "due_date",
        "penalty_cap_percent": "" if terms.penalty_cap_bp is None else f"{terms.penalty_cap_bp / 100:g}",
        "allocation_order": ",".join(component.name.lower() for component in terms.allocation_order),
        "prepayment": "hold" if terms.holds_prepayment else "next_installments",
        "bucket_map": terms.bucket_map,
    }
