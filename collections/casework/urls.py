"""The addresses of the casework's pages."""

from django.urls import URLPattern, path

from casework.views import tiers

app_name = "casework"
urlpatterns: list[URLPattern] = [
    path("tiers/", tiers.policies, name="policies"),
    path("tiers/draft/", tiers.draft, name="draft"),
    path("tiers/<int:version>/", tiers.policy, name="policy"),
    path("tiers/<int:version>/edit/", tiers.edit, name="edit"),
    path("tiers/<int:version>/dry-run/", tiers.dry_run, name="dry_run"),
    path("tiers/<int:version>/movers/", tiers.movers_of, name="movers"),
    path("tiers/<int:version>/propose/", tiers.propose, name="propose"),
    path("tiers/<int:version>/approve/", tiers.approve, name="approve"),
    path("tiers/<int:version>/send-back/", tiers.send_back, name="send_back"),
    path("tiers/<int:version>/withdraw/", tiers.withdraw, name="withdraw"),
    path("tiers/<int:version>/drop/", tiers.drop, name="drop"),
]
