"""Make demo people, one per role and two of compliance, in teams. For trying the site out; refused in production."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from riskops.site.people.demo import make_demo_people


class Command(BaseCommand):
    """`manage.py make_demo_users`: safe to repeat."""

    help = "Create demo people, one per role and two of compliance, put them into teams and print the log-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT_NAME == "production":
            raise CommandError(
                "demo people have known passwords and RISKOPS_ENVIRONMENT is production; "
                "create people on the page People and roles, or with createsuperuser"
            )
        for login in make_demo_people(today=timezone.localdate()):
            state = "" if login.is_new else "  (was there; password unchanged)"
            self.stdout.write(f"{login.user_name:<12}{login.password:<20}{login.role.value}{state}")
