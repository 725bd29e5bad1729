from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from . import accounts, views
from .paced import AdminSignInForm

admin.site.login_form = AdminSignInForm

urlpatterns = [
    path("", views.start, name="start"),
    path("accounts/", include(accounts.urlpatterns)),
    path("chat/", include("realtime.chat.urls")),
    path("echo/", include("realtime.echo.urls")),
    path("images/", include("tasks.thumbnailer.urls")),
    path("", include("channels_celery.urls")),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}site/icon.svg")),
    path("admin/", admin.site.urls),
]
