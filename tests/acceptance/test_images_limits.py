"""The images page when its visitor has uploaded as much as may be."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.gallery import photos
from tests.integration.site.daphne import ROOT, Daphne, daphne

SETTINGS = "tests.integration.site.few_settings"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Daphne]:
    folder = tmp_path / "site"
    folder.mkdir()
    own = {"DJANGO_SETTINGS_MODULE": SETTINGS, "VAR_DIR": str(folder), "DEBUG": "1"}
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env={**os.environ, **own}, check=True)
    with daphne(folder, SETTINGS) as running:
        yield running


def test_who_has_uploaded_enough_keeps_the_card_with_the_wait_and_a_button(
    browser: Browser, server: Daphne, tmp_path: Path
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.port}/images/")
        page.set_input_files("#files", photos(tmp_path, 4))
        card = page.locator('[data-part="card"][data-state="unsent"]').first
        expect(card.locator('[data-part="status"]')).to_have_text(
            re.compile(r"^More than 2 images in an hour are not taken\. Try again in \d+ min\.$")
        )
        expect(page.locator('[data-part="card"][data-state="queued"]')).to_have_count(2)
        expect(page.locator("#alert")).to_contain_text("More than 2 images in an hour")
        with page.expect_response(lambda answer: answer.status == 429):
            card.get_by_role("button", name="Try again").click()
        expect(card.locator('[data-part="status"]')).to_contain_text("More than 2 images")
