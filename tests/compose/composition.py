"""docker-compose.yml as Docker Compose reads it: variables filled in, each service a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"


@dataclass(frozen=True)
class Service:
    """What is run, with what, and when it counts as healthy."""

    name: str
    image: str
    #: Whether the image is made here.
    built: bool
    command: list[str]
    environment: dict[str, str]
    #: `source:target` or `source:target:ro`.
    volumes: list[str]
    ports: list[str]
    health: list[str]
    #: Name of a service and the condition of its dependants' start.
    after: dict[str, str]
    replicas: int
    raw: dict[str, Any]


def services(given: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Every service by its name, as with `given` in an .env."""
    whole = _filled(yaml.safe_load(FILE.read_text(encoding="utf-8")), given or {})
    return {name: _service(name, raw) for name, raw in whole["services"].items()}


def _service(name: str, raw: dict[str, Any]) -> Service:
    return Service(
        name=name,
        image=raw["image"],
        built="build" in raw,
        command=raw.get("command", []),
        environment=raw.get("environment", {}),
        volumes=raw.get("volumes", []),
        ports=raw.get("ports", []),
        health=_health(raw.get("healthcheck", {})),
        after={key: how["condition"] for key, how in raw.get("depends_on", {}).items()},
        replicas=raw.get("deploy", {}).get("replicas", 1),
        raw=raw,
    )


def _health(check: dict[str, Any]) -> list[str]:
    kind, *command = check.get("test", ["NONE"])
    return ["sh", "-c", *command] if kind == "CMD-SHELL" else command


def _filled(value: Any, given: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, given) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, given) for each in value]
    if not isinstance(value, str):
        return value

    def fill(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return given.get(found["name"]) or found["default"] or ""

    return re.sub(r"\$\$|\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}", fill, value)
