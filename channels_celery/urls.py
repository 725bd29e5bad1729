from __future__ import annotations

from django.urls import path

from .jobs import views

app_name = "channels_celery"
urlpatterns = [path("jobs/<uuid:job>/", views.job, name="job")]
