"""Who gets which items: the most valuable first, each to whoever is least loaded for what they can work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hand:
    """A person: how many items they can work today, how many they have, and whom they must not work on.

    :param products: the ids of the products that they may see; None: all
    """

    user_id: int
    capacity: int
    load: int
    conflicted: frozenset[int] = field(default_factory=frozenset)
    products: frozenset[int] | None = None

    def sees(self, product_id: int) -> bool:
        """Return whether accounts of a product are in the person's sight."""
        return self.products is None or product_id in self.products


def share_out(items: Sequence[tuple[int, int, int]], hands: Sequence[Hand]) -> dict[int, int]:
    """Return the person by item. Items come as (item, customer, product), the first to be worked first.

    All of a customer go together, to somebody who may see all of them. The least loaded person is the one with the smallest
    share of their capacity taken; of equals, the first.
    """
    given: dict[int, int] = {}
    products: dict[int, set[int]] = {}
    for _item_id, customer_id, product_id in items:
        products.setdefault(customer_id, set()).add(product_id)
    of_customer: dict[int, Hand | None] = {}
    for item_id, customer_id, _product_id in items:
        if customer_id not in of_customer:
            able = [
                hand
                for hand in hands
                if hand.load < hand.capacity and customer_id not in hand.conflicted and all(map(hand.sees, products[customer_id]))
            ]
            of_customer[customer_id] = min(able, key=lambda hand: (hand.load / hand.capacity, hand.user_id), default=None)
        hand = of_customer[customer_id]
        if hand is not None:
            given[item_id] = hand.user_id
            hand.load += 1
    return given
