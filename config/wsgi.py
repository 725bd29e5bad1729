from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from .environment import require
from .proxied import Application, proxied

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
require(settings.ENVIRONMENT_PROBLEMS)
application: Application = get_wsgi_application()
if settings.PROXY_HEADERS:
    application = proxied(application)
