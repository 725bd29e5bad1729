from __future__ import annotations

from typing import Any

from django.db import migrations


def open_lobby(apps: Any, schema_editor: Any) -> None:
    """A first room, so that whoever comes first finds a place to write."""
    rooms = apps.get_model("chat", "Room").objects.using(schema_editor.connection.alias)
    rooms.get_or_create(slug="lobby", defaults={"name": "Lobby"})


class Migration(migrations.Migration):
    dependencies = [("chat", "0001_initial")]

    operations = [migrations.RunPython(open_lobby, migrations.RunPython.noop)]
