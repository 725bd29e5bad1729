from __future__ import annotations

from django.urls import path

from . import views

app_name = "echo"

urlpatterns = [path("", views.console, name="console")]
