"""Products and their terms."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.shapes import ProductShape
from accounts.models import Product
from accounts.roles import VIEW_PRODUCTS
from riskops.shared.roles import MayOperate


class ProductList(APIView):
    """Every product of the book."""

    permission_classes = [MayOperate]
    operation = VIEW_PRODUCTS

    @extend_schema(summary="List products", responses=ProductShape(many=True), tags=["products"])
    def get(self, request: Request) -> Response:
        """Return the products by code."""
        return Response(ProductShape(Product.objects.order_by("product_code"), many=True).data)


class ProductDetail(APIView):
    """One product."""

    permission_classes = [MayOperate]
    operation = VIEW_PRODUCTS

    @extend_schema(summary="Get a product", responses=ProductShape, tags=["products"])
    def get(self, request: Request, product_code: str) -> Response:
        """Return a product's terms."""
        product = Product.objects.filter(product_code=product_code).first()
        if product is None:
            raise NotFound(f"there is no product {product_code} in this book")
        return Response(ProductShape(product).data)
