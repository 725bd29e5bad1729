from __future__ import annotations

import hashlib
import uuid
from typing import Any

import django.db.models.deletion
from django.core.files.storage import default_storage
from django.db import migrations, models


def keep_originals(apps: Any, schema_editor: Any) -> None:
    """Each original becomes a content; its thumbnails are made again when somebody asks."""
    alias = schema_editor.connection.alias
    images = apps.get_model("thumbnailer", "Image").objects.using(alias)
    contents = apps.get_model("thumbnailer", "Content").objects.using(alias)
    for image in images.iterator():
        try:
            with default_storage.open(image.original.name) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                content, new = contents.get_or_create(
                    digest=digest, defaults={"bytes": file.size}
                )
                if new:
                    life = content.pk.hex
                    default_storage.save(f"originals/{life[:2]}/{life}", file)
        except FileNotFoundError:
            image.delete()
            continue
        image.content = content
        image.save(update_fields=["content"])


class Migration(migrations.Migration):

    dependencies = [
        ('thumbnailer', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Content',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('bytes', models.PositiveBigIntegerField()),
                ('spec', models.PositiveSmallIntegerField(default=0)),
                ('width', models.PositiveIntegerField(null=True)),
                ('height', models.PositiveIntegerField(null=True)),
            ],
        ),
        migrations.DeleteModel(name='Thumbnail'),
        migrations.AddField(
            model_name='image',
            name='content',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='images', to='thumbnailer.content'),
        ),
        migrations.RunPython(keep_originals, migrations.RunPython.noop),
    ]
