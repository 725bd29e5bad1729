"""The product's own tests, run by Django: eager Celery, layers in memory, each in a transaction."""

from __future__ import annotations

from django.db import transaction
from django.test import TestCase

from channels_celery import send
from channels_celery.testing import run_jobs, sent
from crm.accounts.models import User

from .models import Order
from .tasks import add, pack


class OrderTest(TestCase):
    def setUp(self) -> None:
        self.user = User.objects.create_user("ann")
        self.client.force_login(self.user)

    def test_own_tasks_are_eager_as_before(self) -> None:
        self.assertEqual(add.delay(2, 3).get(), 5)

    def test_order_is_sent_and_packed(self) -> None:
        order = self.client.post("/orders/").json()["order"]
        (waiting,) = sent("packer")
        self.assertEqual((waiting.message, waiting.state), ({"order": order}, "queued"))
        (job,) = run_jobs()
        self.assertEqual((job.state, job.attempt), ("succeeded", 2))
        self.assertEqual(job.result, {"order": order})
        self.assertEqual(Order.objects.using("default").get().packed, "1:acme:None;2:acme:None;")

    def test_order_that_fails_is_not_sent(self) -> None:
        with self.assertRaisesMessage(RuntimeError, "as asked"):
            self.client.post("/orders/?break=1")
        self.assertEqual(sent(), [])

    def test_nothing_is_left_of_other_tests(self) -> None:
        self.assertEqual(sent(), [])
        with transaction.atomic():
            send("packer", {"order": 1})
        self.assertEqual(len(sent()), 1)

    def test_handler_is_a_plain_function(self) -> None:
        self.assertEqual(pack.__name__, "pack")
        self.assertFalse(hasattr(pack, "delay"))
