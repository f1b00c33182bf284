"""Settings of the site: one file for every environment, changed only by environment variables.

docs/settings.md lists the variables; a test holds the list true.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import secrets
import sqlite3
from decimal import Decimal, InvalidOperation
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from riskops.log import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    environ.Env.read_env(BASE_DIR / ".env")

VAR_DIR = Path(env.str("RISKOPS_VAR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)


ENVIRONMENT_NAME = env.str("RISKOPS_ENVIRONMENT", default="local")


def _local_secret(name: str, *, variable: str) -> str:
    """Return the secret kept in var/, made on first use. Production must set the variable instead.

    :raises ImproperlyConfigured: this is production; a key that nobody keeps would take the personal data with it
    """
    if ENVIRONMENT_NAME == "production":
        raise ImproperlyConfigured(f"{variable} is not set. In production the keys are yours to keep: docs/production.md")
    path = VAR_DIR / name
    if not path.exists():
        # Linked into place whole: of several processes that start at once, one's secret wins and all read that one.
        own = VAR_DIR / f"{name}.{os.getpid()}"
        descriptor = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(32))
        with contextlib.suppress(FileExistsError):
            os.link(own, path)
        own.unlink()
    return path.read_text().strip()


DEBUG = env.bool("DEBUG", default=False)
if DEBUG and ENVIRONMENT_NAME == "production":
    raise ImproperlyConfigured("DEBUG is on and RISKOPS_ENVIRONMENT is production: error pages would show customers' data.")
SECRET_KEY = env.str("SECRET_KEY", default="") or _local_secret("secret_key", variable="SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    # Whoever asks for health stands inside, before the proxy.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31_536_000

# Keys of personal data: "id:hex" pairs, newest first; the first one encrypts, all of them decrypt.
PERSONAL_DATA_KEYS = env.list("PERSONAL_DATA_KEYS", default=[]) or [
    f"1:{_local_secret('personal_data_key', variable='PERSONAL_DATA_KEYS')}"
]
for _number, _pair in enumerate(PERSONAL_DATA_KEYS, start=1):
    if not re.fullmatch(r"\d{1,5}:[0-9a-fA-F]{64}", _pair):
        # The value itself stays out of the message: it may be most of a key.
        raise ImproperlyConfigured(f"entry {_number} of PERSONAL_DATA_KEYS is not a number, a colon and 64 hex digits")
    if int(_pair.split(":")[0]) > 65_535:
        raise ImproperlyConfigured(f"entry {_number} of PERSONAL_DATA_KEYS: its number is above 65535; take one never used")
if len({int(_pair.split(":")[0]) for _pair in PERSONAL_DATA_KEYS}) < len(PERSONAL_DATA_KEYS):
    raise ImproperlyConfigured("two entries of PERSONAL_DATA_KEYS have one number: give the new key a number never used")
BLIND_INDEX_KEY = env.str("BLIND_INDEX_KEY", default="") or _local_secret("blind_index_key", variable="BLIND_INDEX_KEY")

INSTALLED_APPS = [
    "riskops.shared",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "riskops.site.admin_config.RiskopsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "import_export",
    "django_celery_beat",
    "accounts",
    "casework",
    "outreach",
    "recovery",
    "dashboards",
    "riskops.site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "riskops.site.security.ContentSecurityPolicyMiddleware",
    "riskops.site.security.NoNulMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "riskops.site.security.LogInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "riskops.shared.request_context.RequestContextMiddleware",
]

ROOT_URLCONF = "riskops.urls"
WSGI_APPLICATION = "riskops.wsgi.application"
CSRF_FAILURE_VIEW = "riskops.site.views.errors.stale_form"
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = "/"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "riskops.site.shell.shell",
            ],
        },
    }
]

DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / 'riskops.sqlite3'}"
DATABASES = {"default": environ.Env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    if sqlite3.sqlite_version_info < (3, 39):
        raise ImproperlyConfigured(
            f"This Python brings SQLite {sqlite3.sqlite_version}; riskops needs 3.39 or newer. "
            "Use a newer Python build (python.org's bring their own SQLite), or PostgreSQL: set DATABASE_URL."
        )
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 60,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            "PRAGMA cache_size=-65536; PRAGMA mmap_size=134217728; PRAGMA temp_store=MEMORY"
        ),
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
    CELERY_BROKER_URL = REDIS_URL
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    _broker = VAR_DIR / "broker"
    for _folder in ("messages", "control", "processed"):
        (_broker / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_URL = "filesystem://localhost//"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_broker / "messages"),
        "data_folder_out": str(_broker / "messages"),
        "control_folder": str(_broker / "control"),
        "processed_folder": str(_broker / "processed"),
        "store_processed": False,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_SOFT_TIME_LIMIT = 840
CELERY_TASK_TIME_LIMIT = 900
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# What sends goes to a queue for each channel (collections/outreach/queues.py). A worker takes from all of these unless it is
# told otherwise (`-Q`), so that none is ever forgotten.
CELERY_TASK_QUEUES = {
    _name: {"exchange": _name, "routing_key": _name} for _name in ("celery", "outreach-sms", "outreach-email", "outreach-push")
}
CELERY_TASK_ROUTES = ("outreach.queues.route",)
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
] + [{"NAME": "riskops.site.passwords.ANewPasswordEndsTheToken"}]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
USE_I18N = True
# Before the catalogues of the packages that stand above our apps: "Day" is theirs as a unit ("天"), ours as a date ("日期").
_HOMES = "riskops/shared riskops/site accounts collections/casework collections/outreach collections/recovery dashboards"
LOCALE_PATHS = [BASE_DIR / home / "locale" for home in _HOMES.split()]
USE_THOUSAND_SEPARATOR = True
FORMAT_MODULE_PATH = "riskops.formats"
USE_TZ = True
# The business time zone: business dates, the nightly schedule and cut-offs are read in it.
TIME_ZONE = env.str("RISKOPS_TIME_ZONE", default="Asia/Shanghai")
CELERY_TIMEZONE = TIME_ZONE

STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "staticfiles")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# plotly.js is the file that the Python package ships: served from our own origin, never from a CDN.
_PLOTLY_JS = Path(str(importlib.util.find_spec("plotly").submodule_search_locations[0])) / "package_data"  # type: ignore[union-attr,index]
# So is the completion of rules, which DjangoQL ships.
_DJANGOQL = Path(str(importlib.util.find_spec("djangoql").submodule_search_locations[0])) / "static" / "djangoql" / "js"  # type: ignore[union-attr,index]
STATICFILES_DIRS = [BASE_DIR / "static", ("plotly", _PLOTLY_JS), ("djangoql", _DJANGOQL)]
# Production gathers the static files once (collectstatic) and serves them compressed, under names that change with their
# content; without that step they are served from where they lie, so a first run has nothing to gather.
STATICFILES_COLLECTED = env.bool("STATICFILES_COLLECTED", default=False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if STATICFILES_COLLECTED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not STATICFILES_COLLECTED
MEDIA_ROOT = VAR_DIR / "media"
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
# A bulk action names up to 1,000 items, a field each, beside its own few.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        # The first one decides how somebody unknown is refused: 401, so that a program knows its token is no good.
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "COERCE_DECIMAL_TO_STRING": True,
    "EXCEPTION_HANDLER": "riskops.shared.people.answering.answer_api_error",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "riskops",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Fields of one name with different values get a name of their own.
    "ENUM_NAME_OVERRIDES": {"DecisionActionEnum": "accounts.models.decision_settings.ACTION_CHOICES"},
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.str("LOG_FORMAT", default="console" if ENVIRONMENT_NAME == "local" else "json")
LOGGING = logging_config(log_format=LOG_FORMAT, level=LOG_LEVEL)

IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=4 * 1024**3)
CLOSE_SHARD_ACCOUNTS = env.int("CLOSE_SHARD_ACCOUNTS", default=30_000)
CLOSE_LEASE_SECONDS = env.int("CLOSE_LEASE_SECONDS", default=120)
# How long a collector's examination holds: at least once a year, says GB/T 45251-2025.
EXAMINATION_VALID_MONTHS = env.int("EXAMINATION_VALID_MONTHS", default=12)
if not 1 <= EXAMINATION_VALID_MONTHS <= 60:
    raise ImproperlyConfigured(f"EXAMINATION_VALID_MONTHS is {EXAMINATION_VALID_MONTHS}; give 1 to 60 months")
# Agencies are evaluated at least once a year and before the contract ends (GB/T 45251-2025).
AGENCY_EVALUATION_MONTHS = env.int("AGENCY_EVALUATION_MONTHS", default=12)
AGENCY_EVALUATION_BEFORE_END_DAYS = env.int("AGENCY_EVALUATION_BEFORE_END_DAYS", default=90)
AGENCY_WARN_DAYS = env.int("AGENCY_WARN_DAYS", default=30)
if not 1 <= AGENCY_EVALUATION_MONTHS <= 60:
    raise ImproperlyConfigured(f"AGENCY_EVALUATION_MONTHS is {AGENCY_EVALUATION_MONTHS}; give 1 to 60 months")
if AGENCY_EVALUATION_BEFORE_END_DAYS < 1 or AGENCY_WARN_DAYS < 0:
    raise ImproperlyConfigured("AGENCY_EVALUATION_BEFORE_END_DAYS must be 1 or more and AGENCY_WARN_DAYS 0 or more")
AGENCY_FILE_MAX_ROWS = env.int("AGENCY_FILE_MAX_ROWS", default=50_000)
RULE_MAX_SECONDS = env.float("RULE_MAX_SECONDS", default=5.0)
# The contact policy of products that no profile names.
CONTACT_PROFILE = env.str("CONTACT_PROFILE", default="cn-2026")
# Who messages to customers come from, and where they may call. In production nothing is made up: unset, no message goes out.
_IS_TRIED_OUT = ENVIRONMENT_NAME != "production"
INSTITUTION_NAME = env.str("INSTITUTION_NAME", default="Riskops Finance" if _IS_TRIED_OUT else "")
INSTITUTION_NAME_ZH = env.str("INSTITUTION_NAME_ZH", default="瑞科消费金融" if _IS_TRIED_OUT else "")
CUSTOMER_HOTLINE = env.str("CUSTOMER_HOTLINE", default="400-000-0000" if _IS_TRIED_OUT else "")
# For how many days a link to a customer's own page is good.
CUSTOMER_LINK_DAYS = env.int("CUSTOMER_LINK_DAYS", default=45)
if not 1 <= CUSTOMER_LINK_DAYS <= 366:
    raise ImproperlyConfigured(f"CUSTOMER_LINK_DAYS is {CUSTOMER_LINK_DAYS}; give 1 to 366 days")
SMS_MAX_SEGMENTS = env.int("SMS_MAX_SEGMENTS", default=3)
if not 1 <= SMS_MAX_SEGMENTS <= 10:
    raise ImproperlyConfigured(f"SMS_MAX_SEGMENTS is {SMS_MAX_SEGMENTS}; give 1 to 10 segments")
# The collection strategy of products that no strategy names.
COLLECTION_STRATEGY = env.str("COLLECTION_STRATEGY", default="standard")
# What a message costs by channel, in major units of one currency: for dry runs of strategies.
MESSAGE_COST = {}
for _channel, _cost in env.dict("MESSAGE_COST", default={"sms": "0.045", "email": "0.001", "push": "0"}).items():
    try:
        MESSAGE_COST[_channel] = Decimal(_cost)
    except InvalidOperation as malformed:
        raise ImproperlyConfigured(f"MESSAGE_COST: {_cost!r} of {_channel} is no amount; write sms=0.045,email=0") from malformed
MESSAGE_COST_CURRENCY = env.str("MESSAGE_COST_CURRENCY", default="CNY")
# Where the world reaches this site: providers sign the address they call, and messages hold links.
PUBLIC_URL = env.str("PUBLIC_URL", default="")
# Where a site that is only tried out is reached: `make run` says on which port it listens.
RUN_URL = env.str("RUN_URL", default="http://127.0.0.1:8000")

# Who carries messages, by channel, the preferred one first. docs/providers.md; outreach/providers/checks.py says what is missing.
SMS_PROVIDERS = env.list("SMS_PROVIDERS", default=["local"])
EMAIL_PROVIDERS = env.list("EMAIL_PROVIDERS", default=["local"])
PUSH_PROVIDERS = env.list("PUSH_PROVIDERS", default=["local"])
PROVIDER_CONNECT_SECONDS = env.float("PROVIDER_CONNECT_SECONDS", default=5.0)
PROVIDER_TIMEOUT_SECONDS = env.float("PROVIDER_TIMEOUT_SECONDS", default=10.0)
PROVIDER_FAILURES_TO_OPEN = env.int("PROVIDER_FAILURES_TO_OPEN", default=5)
PROVIDER_REST_SECONDS = env.int("PROVIDER_REST_SECONDS", default=60)
WEBHOOK_WINDOW_SECONDS = env.int("WEBHOOK_WINDOW_SECONDS", default=300)
WEBHOOK_MOST_BYTES = env.int("WEBHOOK_MOST_BYTES", default=262_144)
WEBHOOK_MOST_A_MINUTE = env.int("WEBHOOK_MOST_A_MINUTE", default=30_000)
PHONE_COUNTRY_CODE = env.str("PHONE_COUNTRY_CODE", default="86")
if not re.fullmatch(r"[1-9]\d{0,2}", PHONE_COUNTRY_CODE):
    raise ImproperlyConfigured("PHONE_COUNTRY_CODE is one to three digits, without + and 0: 86")
EMAIL_FROM = env.str("EMAIL_FROM", default="")
EMAIL_URL = env.str("EMAIL_URL", default="")
ANYMAIL_ESP = env.str("ANYMAIL_ESP", default="")
try:
    ANYMAIL = {
        "IGNORE_UNSUPPORTED_FEATURES": True,
        "REQUESTS_TIMEOUT": (PROVIDER_CONNECT_SECONDS, PROVIDER_TIMEOUT_SECONDS),
        **json.loads(env.str("ANYMAIL_SETTINGS", default="") or "{}"),
    }
except (ValueError, TypeError):
    # The value itself stays out of the message: it holds tokens.
    raise ImproperlyConfigured("ANYMAIL_SETTINGS is no JSON object") from None
ALIYUN_SMS_ACCESS_KEY_ID = env.str("ALIYUN_SMS_ACCESS_KEY_ID", default="")
ALIYUN_SMS_ACCESS_KEY_SECRET = env.str("ALIYUN_SMS_ACCESS_KEY_SECRET", default="")
ALIYUN_SMS_SIGN_NAME = env.str("ALIYUN_SMS_SIGN_NAME", default="")
ALIYUN_SMS_TEMPLATES = env.list("ALIYUN_SMS_TEMPLATES", default=[])
ALIYUN_SMS_ENDPOINT = env.str("ALIYUN_SMS_ENDPOINT", default="https://dysmsapi.aliyuncs.com")
ALIYUN_SMS_WEBHOOK_SECRET = env.str("ALIYUN_SMS_WEBHOOK_SECRET", default="")
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_FROM = env.str("TWILIO_FROM", default="")
TWILIO_API_URL = env.str("TWILIO_API_URL", default="https://api.twilio.com")
HTTP_SMS_URL = env.str("HTTP_SMS_URL", default="")
HTTP_SMS_SECRET = env.str("HTTP_SMS_SECRET", default="")
HTTP_PUSH_URL = env.str("HTTP_PUSH_URL", default="")
HTTP_PUSH_SECRET = env.str("HTTP_PUSH_SECRET", default="")
# Messages a second by channel, all workers together: what the providers' contracts allow.
MESSAGES_A_SECOND = {
    "sms": env.float("SMS_A_SECOND", default=200.0),
    "email": env.float("EMAIL_A_SECOND", default=200.0),
    "push": env.float("PUSH_A_SECOND", default=200.0),
}
for _channel, _rate in MESSAGES_A_SECOND.items():
    if not 1 <= _rate <= 100_000:
        raise ImproperlyConfigured(f"{_channel.upper()}_A_SECOND is {_rate:g}; give 1 to 100000 messages a second")
# The most customers of an experiment that may be left without contact.
EXPERIMENT_CONTROL_MAX_PERCENT = env.int("EXPERIMENT_CONTROL_MAX_PERCENT", default=10)
if not 0 <= EXPERIMENT_CONTROL_MAX_PERCENT <= 50:
    raise ImproperlyConfigured(f"EXPERIMENT_CONTROL_MAX_PERCENT is {EXPERIMENT_CONTROL_MAX_PERCENT}; give 0 to 50")

UNFOLD = {
    "SITE_TITLE": "riskops",
    "SITE_HEADER": "riskops",
    "SITE_SUBHEADER": _("Credit risk operations"),
    "SITE_URL": "/",
    # The shell's greys and its one accent (static/css/riskops.css), so that the admin's pages match.
    "COLORS": {
        "base": {
            "50": "#fbfbfc",
            "100": "#f4f5f7",
            "200": "#e3e5e9",
            "300": "#c9cdd4",
            "400": "#a3aab6",
            "500": "#757c89",
            "600": "#565c68",
            "700": "#3d444f",
            "800": "#282d36",
            "900": "#15181d",
            "950": "#0f1115",
        },
        "primary": {
            "50": "#eff5fb",
            "100": "#dbe8f5",
            "200": "#b9d2ec",
            "300": "#8db6df",
            "400": "#7db0ee",
            "500": "#3d7fc4",
            "600": "#1d5fa8",
            "700": "#184f8c",
            "800": "#144173",
            "900": "#10345c",
            "950": "#0a2340",
        },
    },
}
