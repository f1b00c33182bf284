"""What the book answers to the room of people below it (riskops/shared/people/book.py)."""

from __future__ import annotations

from collections.abc import Mapping


class BookOfCustomers:
    """The products and customers that scope and conflicts speak of."""

    def product_names(self) -> Mapping[str, str]:
        """Return the products' names by code, in order."""
        from accounts.models import Product

        return {product.product_code: str(product) for product in Product.objects.order_by("product_code")}

    def product_code_of(self, account_id: int) -> str | None:
        """Return the code of an account's product, None if there is no such account."""
        from accounts.models import CreditAccount

        return CreditAccount.objects.filter(pk=account_id).values_list("product__product_code", flat=True).first()

    def customer_id_of(self, customer_no: str) -> int | None:
        """Return the id of a customer, None if there is none of that number."""
        from accounts.models import Customer

        return Customer.objects.filter(customer_no=customer_no).values_list("pk", flat=True).first()
