from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer, AsyncWebsocketConsumer


class Answer(AsyncJsonWebsocketConsumer):
    """Sends to a background channel and passes its result on to the browser."""

    channel = "answer"

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        message = {"n": content["n"], "reply_channel": self.channel_name}
        await self.channel_layer.send(self.channel, message)

    async def job_event(self, event: dict[str, Any]) -> None:
        if event["event"] == "job.succeeded":
            await self.send_json({"n": event["result"]["n"]})


class AnswerBatch(Answer):
    channel = "answer-batch"


class Echo(AsyncWebsocketConsumer):
    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        await self.send(text_data=text_data, bytes_data=bytes_data)
