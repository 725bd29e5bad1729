from __future__ import annotations

from django.urls import path, re_path

from .jobs import views
from .topics.unserved import events

app_name = "channels_celery"
urlpatterns = [
    path("jobs/<uuid:job>/", views.job, name="job"),
    re_path("^events/", events),
]
