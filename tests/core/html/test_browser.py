"""The report as a person sees it: opened from disk in a real browser, by day and night, on a phone, by keyboard."""

import shutil

import pytest

from docs.screenshots import browser_page
from dqx_core.html import collect, write

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        reason="There is no Chromium on this machine: apt-get install chromium",
    ),
]


@pytest.fixture(scope="module")
def opened(store, tmp_path_factory):
    """The page in a browser, with what it said on the console and asked of the network."""
    file = write(collect(store), tmp_path_factory.mktemp("page") / "report.html")
    said, asked = [], []
    with browser_page(1200, 900) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        page.said, page.asked, page.address = said, asked, file.as_uri()
        yield page


def colour(page, of):
    return page.evaluate(f"getComputedStyle(document.querySelector('{of}')).backgroundColor")


def test_the_failed_assertion_is_seen_and_nothing_is_fetched_or_complained_about(opened):
    failed = opened.locator("article").filter(has_text="Not crowded")

    assert failed.is_visible()
    assert "should be ≤ 10" in failed.inner_text()
    assert failed.locator("svg").bounding_box()["height"] > 100
    assert opened.asked == [opened.address]
    assert opened.said == []


def test_both_colour_schemes_are_drawn_each_in_its_colours(opened):
    inks = {}
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        inks[scheme] = (
            colour(opened, "body"),
            opened.evaluate("getComputedStyle(document.querySelector('svg text')).fill"),
            opened.evaluate("getComputedStyle(document.body).color"),
        )
    opened.emulate_media(color_scheme="light")

    for scheme, (paper, label, text) in inks.items():
        assert label == text, scheme
        assert paper != text
    assert inks["light"][0] == inks["dark"][0].replace("13, 17, 23", "255, 255, 255")


def test_a_phone_shows_the_page_without_scrolling_sideways(opened):
    opened.set_viewport_size({"width": 360, "height": 740})
    try:
        for details in opened.locator("details").all():
            details.evaluate("each => each.open = true")
        assert opened.evaluate("document.documentElement.scrollWidth") <= 360
        assert opened.locator("svg").first.bounding_box()["width"] <= 360
    finally:
        opened.set_viewport_size({"width": 1200, "height": 900})
        opened.reload()


def test_the_keyboard_reaches_every_link_and_opens_details_with_a_visible_focus(opened):
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.innerText") == "Skip to the verdicts"
    seen = []
    for _ in range(60):
        opened.keyboard.press("Tab")
        tag = opened.evaluate("document.activeElement.tagName")
        seen.append(tag)
        assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid" or tag == "BODY"
        if tag == "SUMMARY":
            opened.keyboard.press("Enter")
            break

    assert seen[-1] == "SUMMARY"
    assert {"A", "DIV"} <= set(seen)
    assert opened.evaluate("document.activeElement.parentElement.open")


def test_print_shows_what_is_folded_and_scrolls_nothing(opened):
    opened.reload()
    folded = opened.locator("pre").first
    assert not folded.is_visible()
    opened.emulate_media(media="print", color_scheme="dark")
    try:
        assert folded.is_visible()
        assert colour(opened, "body") == "rgb(255, 255, 255)"
        box = "document.querySelector('.tall')"
        assert opened.evaluate(f"{box}.scrollHeight <= {box}.clientHeight + 1")
    finally:
        opened.emulate_media(media="screen", color_scheme="light")
