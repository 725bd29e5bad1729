from __future__ import annotations

from django.apps import apps
from django.utils.module_loading import autodiscover_modules, module_has_submodule


def discover() -> None:
    """Import `topics.py` and `tasks.py` of every installed app: Celery does so in workers only."""
    autodiscover_modules("topics", "tasks")


def searched() -> list[str]:
    """The apps in which channels were looked for and that have a `tasks.py`."""
    if not apps.apps_ready:
        return []
    return [
        config.name
        for config in apps.get_app_configs()
        if config.module is not None and module_has_submodule(config.module, "tasks")
    ]
