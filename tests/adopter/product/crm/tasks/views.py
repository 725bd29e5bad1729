from __future__ import annotations

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, JsonResponse

from channels_celery import send
from crm.accounts.models import User
from crm.celery import tenant

from .models import Order


def sign_in(request: HttpRequest) -> HttpResponse:
    login(request, User.objects.get(username="ann"))
    return HttpResponse()


def order(request: HttpRequest) -> HttpResponse:
    """Order and have it packed; `?break=1` fails after that, and so undoes both."""
    tenant.set("acme")
    user = request.user
    assert isinstance(user, User)
    made = Order.objects.create(owner=user)
    receipt = send("packer", {"order": made.pk}, topic=f"order.{made.pk}")
    if "break" in request.GET:
        raise RuntimeError("as asked")
    return JsonResponse({"order": made.pk, "job": str(receipt.id)})


def tell(request: HttpRequest) -> HttpResponse:
    """What the product did before: a group, a layer of its own, and a message for `runworker`."""
    layer, machines = get_channel_layer(), get_channel_layer("machines")
    assert layer
    assert machines
    async_to_sync(layer.group_send)("floor", {"type": "floor.say", "text": "group"})
    async_to_sync(machines.group_send)("floor", {"type": "floor.say", "text": "machines"})
    async_to_sync(layer.send)(
        "labels", {"type": "label.print", "text": "42", "to": request.GET["to"]}
    )
    return HttpResponse()
