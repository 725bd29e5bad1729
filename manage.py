#!/usr/bin/env python
# ruff: noqa: I002 - an older Python must get as far as the sentence below.
import os
import sys


def main() -> None:
    """Django's commands of this site; `manage.py up` runs all of it."""
    if sys.version_info < (3, 11):  # noqa: UP036 - said here to whoever comes with an older one
        found = ".".join(map(str, sys.version_info[:2]))
        sys.exit(f"Python 3.11 or newer is needed, this is {found}: make up PYTHON=python3.12")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
