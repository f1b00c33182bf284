"""The site's settings with a folder of its own: a test never touches the books, secrets and messages in var/."""

import atexit
import os
import shutil
import tempfile

# Child processes of a test (workers, killed commands) find the mark and keep the folder they are given.
if "RISKOPS_TEST_VAR" not in os.environ:
    os.environ["RISKOPS_TEST_VAR"] = os.environ["RISKOPS_VAR"] = tempfile.mkdtemp(prefix="riskops-tests-")
    atexit.register(shutil.rmtree, os.environ["RISKOPS_TEST_VAR"], ignore_errors=True)

# Each process that tests at the same time has a database of Redis of its own: the cache is emptied between tests, and what counts
# requests counts those of one test.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "")
if _worker and os.environ.get("REDIS_URL") and "RISKOPS_TEST_REDIS" not in os.environ:
    _server, _, _number = os.environ["REDIS_URL"].rpartition("/")
    os.environ["RISKOPS_TEST_REDIS"] = os.environ["REDIS_URL"] = f"{_server}/{(int(_number or 0) + int(_worker[2:]) + 1) % 16}"

from riskops.settings import *  # noqa: E402, F403  (the folder must be known first)

# One round: tests log in hundreds of times, and no test is about how slow a password is.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
