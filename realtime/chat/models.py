from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

#: Characters of a room's name and of a message.
NAME_LENGTH = 60
TEXT_LENGTH = 4000


class Room(models.Model):
    """A room that everybody may enter; its slug is its address and part of its topic's name."""

    slug = models.SlugField(primary_key=True, max_length=NAME_LENGTH)
    name = models.CharField(max_length=NAME_LENGTH)
    #: The number of its newest message; its row is locked while one is written.
    last = models.PositiveIntegerField(default=0)
    #: When somebody last wrote here, or opened it.
    active = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["-active"], name="chat_room_active")]

    def __str__(self) -> str:
        return self.name


class Message(models.Model):
    """One message, as history shows it; the room's topic only carries what is new."""

    #: Chosen by the sender's page, which knows the message by it before the server does.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="messages")
    #: 1, 2, 3 … within the room, in the order of the topic's events.
    number = models.PositiveIntegerField()
    #: The visitor's id; what a guest wrote becomes the user's at sign-in.
    author = models.CharField(max_length=64)
    author_name = models.CharField(max_length=150)
    #: Empty once it is deleted: the row stays, so that no reader's page jumps.
    text = models.TextField(max_length=TEXT_LENGTH, blank=True)
    sent = models.DateTimeField(default=timezone.now)
    edited = models.DateTimeField(null=True)
    deleted = models.DateTimeField(null=True)
    #: 1, and one more with each change: its events say which one they carry.
    version = models.PositiveIntegerField(default=1)
    #: Where the topic was when it took in this version: the event with it came after.
    after = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "number"], name="chat_message_number"),
        ]
        indexes = [models.Index(fields=["author"], name="chat_message_author")]

    def __str__(self) -> str:
        return f"{self.room_id} {self.number}"
