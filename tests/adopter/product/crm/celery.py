"""The product's own Celery: late acknowledgement, results, routes, a tenant on each message."""

from __future__ import annotations

import os
from contextvars import ContextVar
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")
app = Celery("crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

#: Whose work this is; empty where nobody has said so.
tenant: ContextVar[str] = ContextVar("tenant", default="")


@before_task_publish.connect(weak=False)  # type: ignore[untyped-decorator]
def name_tenant(headers: dict[str, Any], **_: Any) -> None:
    headers["tenant"] = tenant.get()
    headers["traceparent"] = f"00-{tenant.get() or 'none'}-01"


@task_prerun.connect(weak=False)  # type: ignore[untyped-decorator]
def enter_tenant(task: Any, **_: Any) -> None:
    tenant.set(task.request.get("tenant") or "")
