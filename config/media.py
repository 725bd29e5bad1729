"""Where uploads and thumbnails are kept: MEDIA_ROOT on a disk, or a bucket by MEDIA_S3_URL."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .environment import Environment

_OPTIONS = {"endpoint", "region"}
_HINT = (
    "Write s3://bucket or s3://bucket/folder; with ?endpoint=https://host:port for a server that "
    "is not Amazon's, and &region=name where it wants one."
)
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 20, 3


def storage(env: Environment) -> dict[str, Any]:
    """Django's storage of uploads; on a disk while something is wrong with the variables."""
    disk: dict[str, Any] = {"BACKEND": "tasks.thumbnailer.storage.WholeFiles"}
    if not (url := env.text("MEDIA_S3_URL")):
        return disk
    if not (options := _parsed(url)):
        # Left out itself: somebody may have written a key into it.
        env.note("config.E002", "MEDIA_S3_URL is no address of a bucket.", _HINT)
    elif not (find_spec("storages") and find_spec("boto3")):
        text = "MEDIA_S3_URL is set, but django-storages and boto3 are not installed."
        env.note("config.E005", text, "Run pip install -r requirements-s3.lock.")
    else:
        if options["endpoint_url"]:
            hint = "Write the key for the server of MEDIA_S3_URL."
            env.required("AWS_ACCESS_KEY_ID", hint)
            env.required("AWS_SECRET_ACCESS_KEY", hint)
        return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": _with_client(options)}
    return disk


def accelerated(env: Environment) -> str:
    """Where a proxy sends uploads from; nowhere while they are in a bucket."""
    place = env.path("MEDIA_ACCEL")
    return "" if env.text("MEDIA_S3_URL") else place


def _parsed(url: str) -> dict[str, Any] | None:
    """The options that the address names; None when it is none."""
    try:
        parts = urlsplit(url)
        pairs = dict(parse_qsl(parts.query, keep_blank_values=True))
        endpoint = urlsplit(pairs.get("endpoint", "https://amazon"))
        sound = endpoint.scheme in ("http", "https") and endpoint.hostname and endpoint.port != 0
    except ValueError:
        return None
    if parts.scheme != "s3" or not sound or "@" in parts.netloc or not parts.netloc:
        return None
    if set(pairs) - _OPTIONS or parts.fragment:
        return None
    return {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": pairs.get("endpoint"),
        "region_name": pairs.get("region"),
    }


def _with_client(options: dict[str, Any]) -> dict[str, Any]:
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    client = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        # By path: few servers have a name for each bucket.
        s3={"addressing_style": "path" if options["endpoint_url"] else "auto"},
        signature_version="s3v4",
        # Servers of others know no checksums at a body's end.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    # No threads of its own: a worker forks.
    transfer = TransferConfig(use_threads=False)
    return {**options, "client_config": client, "file_overwrite": True, "transfer_config": transfer}
