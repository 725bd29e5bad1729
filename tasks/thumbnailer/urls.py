from __future__ import annotations

from django.urls import path, re_path

from . import image_views, media, views

app_name = "thumbnailer"

urlpatterns = [
    path("", views.images, name="images"),
    path("<uuid:pk>/", image_views.image, name="image"),
    path("<uuid:pk>/again/", image_views.again, name="again"),
    path("<uuid:pk>/remove/", image_views.removed, name="remove"),
    path("<uuid:pk>/original/", media.original, name="original"),
    re_path(
        r"^thumbnails/(?P<token>[A-Za-z0-9_-]{22})/(?P<size>[0-9]{1,4})\.webp$",
        media.thumbnail,
        name="thumbnail",
    ),
]
