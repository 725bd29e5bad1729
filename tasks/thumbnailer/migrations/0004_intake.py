# What was taken of whom.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('thumbnailer', '0003_contents_only'),
    ]

    operations = [
        migrations.CreateModel(
            name='Intake',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('who', models.CharField(max_length=80)),
                ('minute', models.BigIntegerField()),
                ('files', models.PositiveIntegerField(default=0)),
                ('bytes', models.PositiveBigIntegerField(default=0)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('who', 'minute'), name='thumbnailer_intake_minute')],
            },
        ),
    ]
