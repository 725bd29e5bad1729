"""Files on their way in: bounded, counted and hashed as they come, never held in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import TooManyFilesSent
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponseBase

from .asking import refusal_page
from .errors import Refused
from .limits import MEGABYTE, Limits, current

View = Callable[..., HttpResponseBase]


class Received(TemporaryUploadedFile):
    """An uploaded file with the SHA-256 of its bytes, in hexadecimal."""

    digest: str
    size: int


class Receiver(FileUploadHandler):
    """Writes each file to a temporary one; at the first byte over a limit it takes no more."""

    file: Received

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.refused: Refused | None = None
        self._limits = current()
        self._total = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file = Received(str(self.file_name), str(self.content_type), 0, self.charset)
        self._hash = hashlib.sha256()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._total += len(raw_data)
        if start + len(raw_data) > self._limits.FILE_BYTES:
            self._stop(_file_too_large(str(self.file_name), self._limits))
        if self._total > self._limits.REQUEST_BYTES:
            self._stop(_request_too_large(self._limits))
        self._hash.update(raw_data)
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> Received:
        self.file.seek(0)
        self.file.size = file_size
        self.file.digest = self._hash.hexdigest()
        return self.file

    def _stop(self, refused: Refused) -> None:
        self.refused = refused
        # What still comes is read and dropped, so that the sender hears the answer.
        raise StopUpload(connection_reset=False)


def receives_files(view: View) -> View:
    """A view that takes its uploads by `files`; stands before whatever looks into the form.

    A request that says itself that it is too large is refused before anything of it is read.
    """

    @wraps(view)
    def receiving(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        limits = current()
        if "CONTENT_LENGTH" not in request.META and "HTTP_TRANSFER_ENCODING" in request.META:
            return refusal_page(request, _without_length())
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal() or int(length) > limits.REQUEST_BYTES:
            return refusal_page(request, _request_too_large(limits))
        request.upload_handlers = [Receiver(request)]
        try:
            return view(request, *args, **kwargs)
        except TooManyFilesSent:
            most = settings.DATA_UPLOAD_MAX_NUMBER_FILES
            text = f"These are more than {most} files. Send fewer at once."
            return refusal_page(request, Refused("too_large", text, 413))

    return receiving


def files(request: HttpRequest, name: str) -> list[Received]:
    """The files in a field of the form; raises Refused when a limit was reached."""
    received = [file for file in request.FILES.getlist(name) if isinstance(file, Received)]
    for handler in request.upload_handlers:
        if isinstance(handler, Receiver) and handler.refused:
            raise handler.refused
    return received


def _without_length() -> Refused:
    """Django takes a body in chunks for none; Daphne counts it before we are asked."""
    return Refused("no_length", "Send the upload with its length, not in chunks.", 411)


def _file_too_large(name: str, limits: Limits) -> Refused:
    text = f"“{name}” is larger than {limits.FILE_BYTES // MEGABYTE} MB. Upload a smaller file."
    return Refused("too_large", text, 413)


def _request_too_large(limits: Limits) -> Refused:
    size = limits.REQUEST_BYTES // MEGABYTE
    return Refused("too_large", f"This is more than {size} MB at once. Send fewer images.", 413)
