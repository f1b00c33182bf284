"""The site's settings with a folder of its own: a test never touches the books, secrets and messages in var/."""

import atexit
import os
import shutil
import tempfile

# Child processes of a test (workers, killed commands) find the mark and keep the folder they are given.
if "RISKOPS_TEST_VAR" not in os.environ:
    os.environ["RISKOPS_TEST_VAR"] = os.environ["RISKOPS_VAR"] = tempfile.mkdtemp(prefix="riskops-tests-")
    atexit.register(shutil.rmtree, os.environ["RISKOPS_TEST_VAR"], ignore_errors=True)

from riskops.settings import *  # noqa: F403  (the folder must be known first)

# One round: tests log in hundreds of times, and no test is about how slow a password is.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
