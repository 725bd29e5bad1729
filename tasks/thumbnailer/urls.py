from __future__ import annotations

from django.urls import path

from . import image_views, media, views

app_name = "thumbnailer"

urlpatterns = [
    path("", views.images, name="images"),
    path("<uuid:pk>/", image_views.image, name="image"),
    path("<uuid:pk>/again/", image_views.again, name="again"),
    path("<uuid:pk>/remove/", image_views.removed, name="remove"),
    path("<uuid:pk>/original/", media.original, name="original"),
    path("thumbnails/<slug:token>/<int:spec>-<int:size>.webp", media.thumbnail, name="thumbnail"),
]
