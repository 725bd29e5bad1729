import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Apart from the one before: PostgreSQL alters no table whose rows the same transaction wrote."""

    dependencies = [
        ('thumbnailer', '0002_contents'),
    ]

    operations = [
        migrations.AlterField(
            model_name='image',
            name='content',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='images', to='thumbnailer.content'),
        ),
        migrations.RemoveField(model_name='image', name='original'),
        migrations.RemoveField(model_name='image', name='width'),
        migrations.RemoveField(model_name='image', name='height'),
        migrations.CreateModel(
            name='Thumbnail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('spec', models.PositiveSmallIntegerField()),
                ('size', models.PositiveSmallIntegerField()),
                ('width', models.PositiveSmallIntegerField()),
                ('height', models.PositiveSmallIntegerField()),
                ('content', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='thumbnails', to='thumbnailer.content')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('content', 'spec', 'size'), name='thumbnailer_thumbnail_once')],
            },
        ),
    ]
