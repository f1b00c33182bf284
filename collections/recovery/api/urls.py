"""The addresses of recovery's API, under /api/v1/."""

from django.urls import URLPattern

from recovery.api import letter_urls, write_off_urls

urlpatterns: list[URLPattern] = [
    *letter_urls.urlpatterns,
    *write_off_urls.urlpatterns,
]
