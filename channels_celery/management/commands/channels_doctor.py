from __future__ import annotations

import json
from typing import Any

from django.core.checks import CheckMessage
from django.core.checks.messages import WARNING
from django.core.management.base import BaseCommand, CommandParser

from channels_celery.jobs import doctor
from channels_celery.jobs.doctor import Finding


class Command(BaseCommand):
    """Examine settings and live services, and say what to do; ends with 1 when work is held up."""

    help = "Examine the background channels of this project and say what to do."
    # It runs them itself, and goes on when one fails.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = []
        for finding in doctor.examine():
            findings.append(finding)
            if not options["json"]:
                self._write(finding)
        if options["json"]:
            self.stdout.write(json.dumps([_plain(finding) for finding in findings], indent=2))
        if any(message.is_serious() for finding in findings for message in finding.messages):
            raise SystemExit(1)

    def _write(self, finding: Finding) -> None:
        wrong = any(message.level >= WARNING for message in finding.messages)
        if finding.skipped or not wrong:
            word = finding.skipped or self.style.SUCCESS("ok")
            self.stdout.write(f"{finding.name:<14} {word}")
        else:
            self.stdout.write(f"{finding.name:<14} {_count(finding)}")
        for message in finding.messages:
            style = self.style.ERROR if message.is_serious() else self.style.WARNING
            self.stdout.write(style(f"  {message.msg} ({message.id})"))
            if message.hint:
                self.stdout.write(f"    -> {message.hint}")


def _count(finding: Finding) -> str:
    number = sum(message.level >= WARNING for message in finding.messages)
    return f"{number} thing{'s' if number > 1 else ''} to do"


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "name": finding.name,
        "ok": not finding.skipped
        and not any(message.level >= WARNING for message in finding.messages),
        "skipped": finding.skipped,
        "messages": [_message(message) for message in finding.messages],
    }


def _message(message: CheckMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "serious": message.is_serious(),
        "text": message.msg,
        "hint": message.hint,
    }
