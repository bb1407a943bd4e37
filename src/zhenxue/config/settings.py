"""Settings, all from the environment; ``.env.example`` explains each."""

from pathlib import Path

from django.utils.csp import CSP

from zhenxue.config import env
from zhenxue.kernel.outside import Service

PRODUCTION = env.flag("PRODUCTION")
DEBUG = env.flag("DEBUG") and not PRODUCTION
DATA_FOLDER = Path(env.text("DATA_FOLDER", "data")).resolve()
DATA_FOLDER.mkdir(parents=True, exist_ok=True)

# Keys may be given themselves, as file:/path or as wrapped:… (kernel.keys, docs/how-to/keys.md).
KEY_SERVICE_TOKEN = env.secret("KEY_SERVICE_TOKEN", DATA_FOLDER, production=PRODUCTION, optional=True)
KEY_SERVICE = env.key_service(env.text("KEY_SERVICE"), KEY_SERVICE_TOKEN)
SECRET_KEY = env.secret("SECRET_KEY", DATA_FOLDER, production=PRODUCTION, service=KEY_SERVICE)
SECRET_KEY_FALLBACKS = [
    one
    for one in env.secret(
        "SECRET_KEY_FALLBACKS", DATA_FOLDER, production=PRODUCTION, optional=True, many=True, service=KEY_SERVICE
    ).split(",")
    if one
]
# Field encryption (kernel.crypto): "key id:hex key" pairs, newest first; the blind index has keys of its own.
FIELD_KEYS = env.secret("FIELD_KEYS", DATA_FOLDER, production=PRODUCTION, many=True, service=KEY_SERVICE)
FIELD_CIPHER = env.text("FIELD_CIPHER", "aes-256-gcm")
BLIND_INDEX_KEY = env.secret("BLIND_INDEX_KEY", DATA_FOLDER, production=PRODUCTION, many=True, service=KEY_SERVICE)
# Evidence log (evidence): Ed25519 seed in hex (or where it lies), its successor while the key changes, and the origin
# line of its checkpoints.
LOG_KEY = env.secret("LOG_KEY", DATA_FOLDER, production=PRODUCTION, signs=True, service=KEY_SERVICE)
LOG_KEY_NEXT = env.secret(
    "LOG_KEY_NEXT", DATA_FOLDER, production=PRODUCTION, optional=True, signs=True, service=KEY_SERVICE
)
# Encrypts and authenticates backups (config.backups); empty: they are plain.
BACKUP_KEY = env.secret("BACKUP_KEY", DATA_FOLDER, production=PRODUCTION, optional=True, service=KEY_SERVICE)
LOG_ORIGIN = env.text("LOG_ORIGIN", "log.zhenxue.example/liaocheng")

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else "localhost,127.0.0.1,[::1],testserver")
CSRF_TRUSTED_ORIGINS = env.words("TRUSTED_ORIGINS")
PUBLIC_URL = env.text("PUBLIC_URL", "http://127.0.0.1:8000")
# Behind nginx: believe X-Forwarded-For and -Proto, but only from these addresses.
BEHIND_PROXY = env.flag("BEHIND_PROXY")
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES", "127.0.0.1,::1")

INSTALLED_APPS = [
    "zhenxue.config",
    "zhenxue.kernel",
    "zhenxue.evidence",
    "zhenxue.identity",
    "zhenxue.notices",
    "zhenxue.catalogue",
    "zhenxue.training",
    "zhenxue.ledger",
    "zhenxue.integrity",
    "zhenxue.study",
    "zhenxue.exams",
    "zhenxue.subsidy",
    "zhenxue.supervision",
    "zhenxue.portal",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_tasks_db",
    "axes",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "zhenxue.kernel.middleware.ErrorMiddleware",
    "zhenxue.identity.web.middleware.ActorMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "zhenxue.config.urls"
WSGI_APPLICATION = "zhenxue.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.messages.context_processors.messages",
                "zhenxue.portal.navigation.context",
            ],
            "builtins": ["zhenxue.kernel.templatetags.ui"],
        },
    }
]

DATABASES = {"default": env.database(env.text("DATABASE_URL", f"sqlite:///{DATA_FOLDER / 'zhenxue.sqlite3'}"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "identity.Account"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["zhenxue.identity.passwords.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/sign-in/"
SESSION_ENGINE = "zhenxue.identity.web.session_store"
SESSION_COOKIE_NAME = "zhenxue"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_AGE = 12 * 3600
# Beats a second of one sign-in and of one network address (0: no bound; a whole school may stand behind one address),
# and the room that the disk must have before a beat is accepted.
BEATS_PER_SIGN_IN = env.number("BEATS_PER_SIGN_IN", 5)
BEATS_PER_ADDRESS = env.number("BEATS_PER_ADDRESS", 2_000)
ANSWERS_PER_SIGN_IN = env.number("ANSWERS_PER_SIGN_IN", 10)  # answers of an exam a second; as many looks at it
BEATS_MIN_FREE_MB = env.number("BEATS_MIN_FREE_MB", 200)
CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "zhenxue.kernel.web.errors.csrf_failure"
SECURE_SSL_REDIRECT = PRODUCTION and env.flag("SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:", "blob:"],
    "media-src": [CSP.SELF, "blob:"],
    "font-src": [CSP.SELF, "data:"],
    "connect-src": [CSP.SELF],
    "worker-src": [CSP.SELF, "blob:"],
    "frame-src": [CSP.SELF],
    "frame-ancestors": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
}

# Services outside (kernel.outside, docs/reference/contracts.md); one without an address is not offered. The sandbox
# (zhenxue sandbox) speaks the same contracts; pages say so where ZHENXUE_SANDBOX is on.
SANDBOX = env.flag("SANDBOX")
OUTSIDE_DIGEST = env.text("OUTSIDE_DIGEST", "hmac-sha256")
OUTSIDE_SERVICES = {
    "sms": Service(
        "短信网关",
        env.text("SMS_URL"),
        env.text("SMS_APP_ID"),
        env.secret("SMS_SECRET", DATA_FOLDER, production=PRODUCTION, optional=True, service=KEY_SERVICE),
        OUTSIDE_DIGEST,
    ),
    "carrier": Service(
        "运营商核验服务",
        env.text("CARRIER_URL"),
        env.text("CARRIER_APP_ID"),
        env.secret("CARRIER_SECRET", DATA_FOLDER, production=PRODUCTION, optional=True, service=KEY_SERVICE),
        OUTSIDE_DIGEST,
    ),
    "police": Service(
        "公安身份比对服务",
        env.text("POLICE_URL"),
        env.text("POLICE_APP_ID"),
        env.secret("POLICE_SECRET", DATA_FOLDER, production=PRODUCTION, optional=True, service=KEY_SERVICE),
        OUTSIDE_DIGEST,
    ),
    "social_card": Service(
        "电子社保卡服务",
        env.text("SOCIAL_CARD_URL"),
        env.text("SOCIAL_CARD_APP_ID"),
        env.secret("SOCIAL_CARD_SECRET", DATA_FOLDER, production=PRODUCTION, optional=True, service=KEY_SERVICE),
        OUTSIDE_DIGEST,
    ),
}

# Days after the closing of a cohort before its raw beats are archived (study.operations.archives).
ARCHIVE_GRACE_DAYS = env.number("ARCHIVE_GRACE_DAYS", 30)

# Sign-in throttle: per account and address, then per address.
AXES_FAILURE_LIMIT = env.number("SIGN_IN_FAILURES", 5)
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "zhenxue.identity.web.views.locked_out"

# How long the access log is kept (identity.operations.tidying never keeps less than six months).
ACCESS_LOG_DAYS = env.number("ACCESS_LOG_DAYS", 730)

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_FOLDER / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_FOLDER / "files"},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
# Vite puts a digest into the names of what it builds: browsers may keep those for good.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/built/assets/"
FILES_FOLDER = DATA_FOLDER / "files"
# Where nginx has the files folder for itself (X-Accel-Redirect); empty: this process sends the files.
ACCEL_PREFIX = env.text("ACCEL_PREFIX").rstrip("/")
UPLOAD_LIMIT_BYTES = env.number("UPLOAD_LIMIT_MB", 2048) * 1024 * 1024
UPLOAD_CHUNK_BYTES = env.number("UPLOAD_CHUNK_MB", 4) * 1024 * 1024
# Files inside questions; the reader of question files knows no larger ones.
EXAM_ASSET_BYTES = {
    "image": env.number("EXAM_IMAGE_MB", 5) * 1024 * 1024,
    "audio": env.number("EXAM_AUDIO_MB", 10) * 1024 * 1024,
    "video": env.number("EXAM_VIDEO_MB", 20) * 1024 * 1024,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_CHUNK_BYTES + 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 12000

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": ["default", "media"]}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    # Of the work behind the pages only what failed: its beginnings and ends stand in its table.
    "loggers": {"axes": {"level": "ERROR"}, "django.tasks": {"level": "WARNING"}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
