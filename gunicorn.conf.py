"""How the web processes run. PORT and WEB_CONCURRENCY change it, as hosts set them; `make run` gives an address of its own."""

import os

from django.conf import settings

import riskops  # noqa: F401  (names the settings, puts collections/ on the path)

bind = f"0.0.0.0:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
# Threads keep a long upload or export from holding up the pages behind it.
worker_class = "gthread"
threads = 4
timeout = 120
graceful_timeout = 10
keepalive = 5
# Loaded once, before the workers are forked: they share the memory.
preload_app = True
# The control socket would be one for all sites of a user.
control_socket_disable = True
logconfig_dict = settings.LOGGING
