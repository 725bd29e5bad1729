"""Whether everybody can use every page: light and dark, on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.scenes import PLAIN
from tests.acceptance.site import Site
from tests.acceptance.tour import LOOKS, Look, Stops, the_chat, the_frame, the_images
from tests.acceptance.waits import live

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
BARRIERS = """async () => {
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
}"""
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
LEAST_CONTRAST = 4.5
WIDTH = "document.documentElement.scrollWidth"
#: The narrowest phone, and a laptop of 1280 by 800 px at a zoom of 200 %.
SMALL = (320, 640), (640, 400)
#: The longest transition or animation on the page, in seconds.
MOTION = """() => {
  const seconds = (all) => all.split(",").map(parseFloat);
  const moves = [...document.querySelectorAll("*")].flatMap((it) =>
    [null, "::before", "::after", "::backdrop"].map((part) => getComputedStyle(it, part)),
  );
  const times = moves.flatMap((it) => [
    ...(it.transitionProperty === "none" ? [] : seconds(it.transitionDuration)),
    ...(it.animationName === "none" ? [] : seconds(it.animationDuration)),
  ]);
  return Math.max(0, ...times);
}"""
LONGEST_MOTION_SECONDS = 0.2


@pytest.mark.parametrize(("part", "states"), [(the_frame, 13), (the_images, 11), (the_chat, 12)])
def test_no_page_in_any_state_shuts_anybody_out(
    part: Callable[[Browser, Site, Path], Stops],
    states: int,
    browser: Browser,
    site: Site,
    tmp_path: Path,
) -> None:
    found: list[str] = []
    names = set()
    for name, page in part(browser, site, tmp_path):
        names.add(name)
        for look in LOOKS:
            # The dark sheet only sets colours, which `faults` computes.
            with_axe = look.scheme == "light" and not name.startswith(PLAIN)
            seen = faults(page, look) + (barriers(page, look) if with_axe else [])
            found += [f"{name}, {look.width} px, {look.scheme}: {it}" for it in seen]
        found += [f"{name}: {it}" for it in cramped(page)]

    assert found == []
    assert len(names) >= states


def barriers(page: Page, look: Look) -> list[str]:
    """What axe finds; it waits for timers, which do not run where scripts do not."""
    look.at(page)
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE)
    found: list[str] = page.evaluate(BARRIERS)
    return found


def faults(page: Page, look: Look) -> list[str]:
    look.at(page)
    contrast = page.evaluate(CONTRAST, LEAST_CONTRAST)
    assert contrast["seen"] >= 5
    wide = page.evaluate(WIDTH) > look.width
    bad: list[str] = contrast["bad"]
    return bad + ["wider than the window"] * wide


def cramped(page: Page) -> list[str]:
    """The small windows in which one would have to scroll sideways."""
    found = []
    for width, height in SMALL:
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate(WIDTH) > width:
            found.append(f"wider than a window of {width} px")
    return found


def test_motion_is_short_and_none_for_who_wants_none(page: Page) -> None:
    for path in ("/", "/images/", "/chat/lobby/", "/echo/"):
        page.emulate_media(reduced_motion="no-preference")
        page.goto(path)
        live(page)
        assert page.evaluate(MOTION) <= LONGEST_MOTION_SECONDS
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(MOTION) == 0


def test_one_can_write_and_choose_files_at_a_zoom_of_200_percent(
    browser: Browser, site: Site
) -> None:
    zoomed: Any = {"viewport": {"width": 640, "height": 400}, "device_scale_factor": 2}
    with browser.new_context(base_url=site.url, **zoomed) as context:
        page = context.new_page()
        for path, needed in (
            ("/chat/lobby/", "#text"),
            ("/echo/", "#frame"),
            ("/images/", "#drop"),
        ):
            page.goto(path)
            live(page)
            page.locator(needed).click(trial=True)
            expect(page.locator(needed)).to_be_in_viewport(ratio=1)
            assert page.locator(".who bdi").evaluate("it => it.scrollWidth <= it.clientWidth")


def test_what_shuts_somebody_out_is_found(page: Page) -> None:
    page.goto("/")
    page.evaluate("document.querySelector('h1').style.color = 'rgb(0 0 0 / 40%)'")
    page.evaluate("document.querySelector('.below').style.opacity = '0.5'")
    page.evaluate("document.querySelector('main').append(new Image(2000, 1))")

    found = " ".join(barriers(page, LOOKS[0]) + faults(page, LOOKS[0]))
    for fault in ("What you can do here", "Something does not move", "image-alt", "wider"):
        assert fault in found
    assert len(cramped(page)) == len(SMALL)
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate("document.querySelector('h1').style.transition = 'color 300ms'")
    assert page.evaluate(MOTION) == 0.3
