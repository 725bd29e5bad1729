"""The product's own Celery tasks, and beside them its background channels."""

from __future__ import annotations

from celery import shared_task

from channels_celery import Retry, channel_consumer, channel_task, topics
from channels_celery.jobs.handle import Job
from crm.celery import tenant
from crm.realtime.consumers import Labels

from .models import Order


@shared_task  # type: ignore[untyped-decorator]
def add(x: int, y: int) -> int:
    return x + y


@shared_task  # type: ignore[untyped-decorator]
def slow_add(x: int, y: int) -> int:
    return x + y


@topics.rule("order.<int:pk>")
def order_topic(visitor: topics.Visitor, pk: int) -> bool:
    return Order.objects.using("default").filter(pk=pk, owner=visitor.user).exists()


@channel_task("packer", max_retries=2, default_retry_delay=1)
def pack(job: Job, message: dict[str, int]) -> dict[str, int]:
    """Fails the first time: each run notes what its Celery task knows of the tenant."""
    order = Order.objects.using("default").get(pk=message["order"])
    order.packed += f"{job.attempt}:{tenant.get()}:{job.headers.get('traceparent')};"
    order.save(using="default")
    if job.attempt == 1:
        raise Retry("The box was too small.", countdown=0)
    job.reply({"box": 7}, key="box")
    return {"order": order.pk}


channel_consumer("labels", Labels)
