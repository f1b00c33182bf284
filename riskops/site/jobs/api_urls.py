"""The addresses of the jobs' API, under /api/v1/."""

from django.urls import URLPattern, path

from riskops.shared import converters  # noqa: F401  (registers <day:…>)
from riskops.site.jobs import api, api_feeds, api_schedules

urlpatterns: list[URLPattern] = [
    path("closes/", api.CloseList.as_view(), name="api-closes"),
    path("closes/nightly/", api.Nightly.as_view(), name="api-nightly"),
    path("closes/<day:business_date>/", api.CloseDetail.as_view(), name="api-close"),
    path("closes/<day:business_date>/restart/", api.CloseRestart.as_view(), name="api-close-restart"),
    path("closes/<day:business_date>/override/", api.CloseOverride.as_view(), name="api-close-override"),
    path("feeds/", api_feeds.FeedList.as_view(), name="api-feeds"),
    path("feeds/arrivals/", api_feeds.ArrivalList.as_view(), name="api-feed-arrivals"),
    path("schedules/", api_schedules.ScheduleList.as_view(), name="api-schedules"),
    path("schedules/<int:schedule_id>/", api_schedules.ScheduleDetail.as_view(), name="api-schedule"),
    path("feeds/<int:feed_id>/", api_feeds.FeedDetail.as_view(), name="api-feed"),
]
