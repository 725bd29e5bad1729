from __future__ import annotations

from django.urls import include, path

from .tasks import views

urlpatterns = [
    path("login/", views.sign_in),
    path("orders/", views.order),
    path("tell/", views.tell),
    path("", include("channels_celery.urls")),
]
