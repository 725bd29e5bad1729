from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.acceptance.site import Site, inherited

PASSWORD = "only-for-this-test"
BAD_IMAGE = '{"image": "00000000-0000-0000-0000-000000000000"}'


def manage(site: Site, *arguments: str, **more: str) -> str:
    """A management command of the running site."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=site.code,
        env={**inherited(), "DEBUG": "1", "VAR_DIR": str(site.var_dir), **more},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_operator_pauses_looks_cancels_and_resumes(page: Page, site: Site) -> None:
    name = f"operator-{os.getpid()}"
    secret = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
    manage(site, "createsuperuser", "--noinput", f"--username={name}", "--email=a@b.cc", **secret)
    page.goto("/admin/channels_celery/channel/")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    row = page.get_by_role("row").filter(has_text="thumbnailer")
    row.get_by_role("button", name="Pause").click()
    expect(row.get_by_text("paused")).to_be_visible()
    shot(page, "channels")

    job = manage(site, "jobs", "send", "thumbnailer", BAD_IMAGE, "--topic=images.nobody").strip()
    page.goto("/admin/channels_celery/job/")
    expect(page.get_by_role("row").filter(has_text=job.replace("-", "")[-12:])).to_have_count(1)
    shot(page, "jobs")
    page.goto(f"/admin/channels_celery/job/{job}/change/")
    shot(page, "job")
    page.get_by_text("Cancel", exact=True).click()
    shot(page, "confirm")
    page.get_by_role("button", name="Cancel this job").click()
    expect(page.get_by_text("1 job: cancelled.")).to_be_visible()
    expect(page.locator(".cc-state").first).to_have_text("cancelled")
    shot(page, "cancelled")

    page.goto("/admin/channels_celery/worker/")
    expect(page.get_by_text("alive")).to_have_count(1)
    shot(page, "workers")
    page.goto("/admin/channels_celery/channel/")
    row.get_by_role("button", name="Resume").click()
    expect(row.get_by_text("open")).to_be_visible()


def shot(page: Page, name: str) -> None:
    """Keep a picture of the page where SCREENSHOTS names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"admin-{name}.png", full_page=True)
