"""Whether everybody can use every page: light and dark, on a phone and at a desk."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.acceptance.scenes import PLAIN
from tests.acceptance.site import Site
from tests.acceptance.tour import LOOKS, Look, tour

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
BARRIERS = """async (rules) => {
  const some = rules ? { runOnly: rules } : {};
  const { violations } = await axe.run({ resultTypes: ["violations"], ...some });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
}"""
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
LEAST_CONTRAST = 4.5
#: What the dark sheet can change: it only sets colours.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
WIDTH = "document.documentElement.scrollWidth"


def test_no_page_in_any_state_shuts_anybody_out(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    found: list[str] = []
    names = set()
    for name, page in tour(browser, site, tmp_path):
        names.add(name)
        for look in LOOKS:
            seen = [] if name.startswith(PLAIN) else barriers(page, look)
            seen += faults(page, look)
            found += [f"{name}, {look.width} px, {look.scheme}: {it}" for it in seen]

    assert found == []
    assert len(names) >= 36


def barriers(page: Page, look: Look) -> list[str]:
    """What axe finds; it waits for timers, which do not run where scripts do not."""
    look.at(page)
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(BARRIERS, OF_COLOURS if look.scheme == "dark" else None)
    return found


def faults(page: Page, look: Look) -> list[str]:
    look.at(page)
    contrast = page.evaluate(CONTRAST, LEAST_CONTRAST)
    assert contrast["seen"] >= 5
    wide = page.evaluate(WIDTH) > look.width
    bad: list[str] = contrast["bad"]
    return bad + ["wider than the window"] * wide


def test_what_shuts_somebody_out_is_found(page: Page) -> None:
    page.goto("/")
    page.evaluate("document.querySelector('h1').style.color = 'rgb(0 0 0 / 40%)'")
    page.evaluate("document.querySelector('.below').style.opacity = '0.5'")
    page.evaluate("document.querySelector('main').append(new Image(2000, 1))")

    found = " ".join(barriers(page, LOOKS[0]) + faults(page, LOOKS[0]))
    for fault in ("What you can do here", "Something does not move", "image-alt", "wider"):
        assert fault in found
