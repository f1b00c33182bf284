"""The addresses of recovery's pages."""

from django.urls import URLPattern

from recovery import letter_urls, write_off_urls

app_name = "recovery"
urlpatterns: list[URLPattern] = [
    *letter_urls.urlpatterns,
    *write_off_urls.urlpatterns,
]
