from __future__ import annotations

from django.urls import path, re_path

from . import media, views

app_name = "thumbnailer"

urlpatterns = [
    path("", views.images, name="images"),
    path("<uuid:pk>/", views.image, name="image"),
    path("<uuid:pk>/original/", media.original, name="original"),
    re_path(
        r"^thumbnails/(?P<token>[A-Za-z0-9_-]{22})/(?P<size>[0-9]{1,4})\.webp$",
        media.thumbnail,
        name="thumbnail",
    ),
]
