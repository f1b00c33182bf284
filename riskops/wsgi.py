"""The WSGI door."""

import os

from django.core.wsgi import get_wsgi_application

import riskops  # noqa: F401  (puts collections/ on the path)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "riskops.settings")
application = get_wsgi_application()
