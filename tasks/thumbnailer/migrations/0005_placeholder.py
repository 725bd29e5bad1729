

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('thumbnailer', '0004_intake'),
    ]

    operations = [
        migrations.AddField(
            model_name='content',
            name='placeholder',
            field=models.CharField(blank=True, max_length=40),
        ),
    ]
