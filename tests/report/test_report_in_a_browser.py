"""The page as a real browser reads it: what strangers wrote is shown, and none of it runs."""

import html.parser
import os
import re
import shutil
import subprocess

import pytest

from helpers.report_run import write_page, write_stages

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no chromium: call tests/system/install.sh as root"
)
RUN = "document.documentElement.className='ran'"
HOSTILE = (
    f"<script>{RUN}</script>",
    f"</title></style></textarea><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg/onload={RUN}>",
    f'"><body onpageshow="{RUN}">',
    f"' onmouseover='{RUN}' style='position:fixed;inset:0'",
    f"<details open ontoggle={RUN}>",
    f'<iframe srcdoc="<script>parent.{RUN}</script>">',
    f'<a href="javascript:{RUN}" autofocus onfocus={RUN}>press</a>',
    '<meta http-equiv="refresh" content="0;url=about:blank">',
    '<base href="http://localhost:9/"><form action=x><button>send</button></form>',
    "<style>body { display: none }</style>",
    "<!-- the rest of the page",
    "<plaintext>",
    "&lt;script&gt;stays escaped&lt;/script&gt; &amp; &#60;b&#62;",
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    "]]><![CDATA[<b>bold</b>",
    "a reply \u202e that turns around",
)


class _Page(html.parser.HTMLParser):
    """What a browser made of a page: its tags, their attributes, and the text outside of styles."""

    def __init__(self, dom):
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self._styles = False
        self.feed(dom)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += [(tag, *attribute) for attribute in attributes]
        self._styles = tag == "style"

    def handle_endtag(self, tag):
        self._styles = False

    def handle_data(self, data):
        self.text += "" if self._styles else data


def open_in_browser(path, profile):
    """The document after its scripts and events have had three seconds."""
    options = [
        "--headless",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={profile}",
    ]
    options += ["--no-sandbox"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [BROWSER, *options, "--virtual-time-budget=3000", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return _Page(done.stdout)


def test_what_strangers_wrote_is_shown_and_nothing_of_it_runs(tmp_path):
    failures = {"videos": [(text, text) for text in HOSTILE]}
    stages = write_stages(
        tmp_path / "stages", " ".join(HOSTILE), [" ".join(HOSTILE)], HOSTILE, failures
    )
    write_page(tmp_path, stages, run=HOSTILE[1])
    page = open_in_browser(tmp_path / "report.html", tmp_path / "profile")

    assert ("html", "class", "ran") not in page.attributes
    assert not page.tags & set("script iframe svg details base form button plaintext a".split())
    assert [tag for tag, name, _ in page.attributes if name.startswith("on")] == []
    # In the heading or the legend, in the transcript, in a pair, and twice in a failure.
    assert {text: page.text.count(text) >= 5 for text in HOSTILE} == dict.fromkeys(HOSTILE, True)


def test_what_turns_the_direction_of_writing_turns_itself_alone(tmp_path):
    turning = "a name \u202e that turns around"
    page = write_page(tmp_path, write_stages(tmp_path / "stages", turning, [turning], [turning]))
    # Cells and lines end it too; where our own words follow on a line, it is isolated.
    assert page.count(f"<bdi>{turning}</bdi>") == 3
    assert f"<br>→ <bdi>{turning}" in page
    for before in re.findall(r"(.{5})" + turning, page):
        assert before.endswith(("<bdi>", "<br>", "p>", "td>")), before


@pytest.mark.parametrize("text", [HOSTILE[0], HOSTILE[2], HOSTILE[3], HOSTILE[6]])
def test_the_test_would_see_what_runs(tmp_path, text):
    (tmp_path / "page.html").write_text(f"<!doctype html><p>{text}</p>", encoding="utf-8")
    page = open_in_browser(tmp_path / "page.html", tmp_path / "profile")
    assert ("html", "class", "ran") in page.attributes
