from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from . import health, views

urlpatterns = [
    path("", views.start, name="start"),
    path("images/", include("tasks.thumbnailer.urls")),
    path("", include("channels_celery.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.process, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
