from __future__ import annotations

from django.urls import include, path

from config import accounts

urlpatterns = [
    path("images/", include("tasks.thumbnailer.urls")),
    # The frame of every page has their links.
    path("accounts/", include(accounts.urlpatterns)),
]
