"""What this room must know of the book that stands above it. The book's app fills it in when it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class BookOfCustomers(Protocol):
    """The few questions that scope and conflicts put to the book."""

    def product_names(self) -> Mapping[str, str]:
        """Return the products' names by code, in order."""
        ...

    def product_code_of(self, account_id: int) -> str | None:
        """Return the code of an account's product, None if there is no such account."""
        ...

    def customer_id_of(self, customer_no: str) -> int | None:
        """Return the id of a customer, None if there is none of that number."""
        ...


_books: list[BookOfCustomers] = []


def register_book(book: BookOfCustomers) -> None:
    """Name the book that is asked. Called once, by the book's app."""
    _books[:] = [book]


def book() -> BookOfCustomers:
    """Return the book."""
    return _books[0]
