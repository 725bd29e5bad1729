"""What people read of a file that can not be made into thumbnails."""

from __future__ import annotations

from .pipeline.unfit import Fault

UNREADABLE = "This file is not an image we can read (JPEG, PNG, WebP, GIF, AVIF)."
INCOMPLETE = "This file is incomplete. Upload it again."
TOO_LARGE = "This image has too many pixels. Upload a smaller version."
TOO_COMPLEX = "This image takes too long to read. Save it anew and upload that."
CRASHED = "This image can not be read safely. Save it with another program and upload that."
GONE = "The uploaded file has been lost. Upload it again."

SENTENCES = {
    Fault.UNSUPPORTED: UNREADABLE,
    Fault.CORRUPT: UNREADABLE,
    Fault.TRUNCATED: INCOMPLETE,
    Fault.TOO_LARGE: TOO_LARGE,
    Fault.TOO_COMPLEX: TOO_COMPLEX,
}
