"""`make screenshots`: each page in each state as a picture, to be looked at."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.acceptance.chromium import launched
from tests.acceptance.site import running
from tests.acceptance.tour import LOOKS, tour


def main(target: Path) -> None:
    target.mkdir(exist_ok=True)
    for old in target.glob("*.png"):
        old.unlink()
    with (
        TemporaryDirectory(prefix="cc-", ignore_cleanup_errors=True) as folder,
        running(Path(folder)) as site,
        launched() as browser,
    ):
        for name, page in tour(browser, site, Path(folder)):
            for look in LOOKS:
                look.at(page)
                page.screenshot(path=target / f"{name}-{look.width}-{look.scheme}.png")
    sys.stdout.write(f"{len(list(target.glob('*.png')))} pictures in {target}\n")


if __name__ == "__main__":
    main(Path("screenshots"))
