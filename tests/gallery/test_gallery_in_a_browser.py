"""The gallery in a real browser: what it shows, what keys do, and what it never loads."""

import csv
import functools
import http.server
import io
import json
import threading

import numpy as np
import pytest

from helpers.browser import CHROMIUM, LACKING, Browser
from helpers.gallery_run import (
    PAIRS,
    STAGES,
    one_film,
    pair,
    records_of,
    write_run,
    write_square_film,
)
from helpers.shards import video_of
from strefer.corrections.kinds import COLUMNS, KINDS
from strefer.corrections.pairs import pair_item
from strefer.corrections.table import Corrections
from strefer.masks import encode_mask
from strefer.records import to_json

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=LACKING)
READY = "document.body.classList.contains('ready')"
TEXT = "document.body.innerText"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser
        assert browser.problems == []


def show(browser, gallery, hash=""):
    """Open a gallery in which nobody has decided anything."""
    address = (gallery / "index.html").as_uri()
    browser.open(address)
    browser.run("localStorage.clear()")
    browser.open("about:blank")
    browser.open(address + hash)
    browser.wait_for(READY)


def titles(browser):
    return browser.run("[...document.querySelectorAll('.film bdi')].map(e => e.textContent)")


def chosen(browser):
    return browser.run("pairs.now()?.pair_id")


@pytest.fixture(scope="module")
def squares(tmp_path_factory):
    folder = tmp_path_factory.mktemp("squares")
    films = one_film(folder)
    films["other film.mp4"] = records_of(
        films["squares.mp4"]["videos"][0], ("green cat", "dog"), [pair(7)]
    )
    return write_run(folder, films, [("videos", "broken.mp4", "it is a text file")])


def screen(browser):
    """The film's place on the page, as pixels of a screenshot and the scale of the film in it."""
    box = browser.run(
        "(({x, y, width, height}) => [x, y, width, height])(at('screen').getBoundingClientRect())"
    )
    x, y, width, height = (round(side) for side in box)
    return browser.picture()[y : y + height, x : x + width].astype(int), width / 128


def colour_at(browser, x, y):
    """The mean colour around a point of the film."""
    picture, scale = screen(browser)
    x, y = round(x * scale), round(y * scale)
    return picture[y - 3 : y + 3, x - 3 : x + 3].reshape(-1, 3).mean(0)


def seek(browser, time_s):
    browser.run(f"""new Promise((done) => {{
        const shown = () => setTimeout(done, 50);
        video.requestVideoFrameCallback(() => requestAnimationFrame(shown));
        player.seek({time_s});
    }})""")


@pytest.mark.parametrize("second", [0, 3, 6])
def test_masks_lie_on_the_frame_that_plays(browser, squares, second):
    show(browser, squares)
    browser.wait_for("video.readyState >= 2")
    seek(browser, second + 0.25)  # nearest to the sampled frame of this second
    orange, plain = (230, 159, 0), (220, 40, 40)
    tint = 105 / 255
    expected = [p * (1 - tint) + c * tint for p, c in zip(plain, orange, strict=True)]
    middle = 12 * second + 12
    assert colour_at(browser, middle, 22) == pytest.approx(expected, abs=14)
    edge = screen(browser)
    # The outline is where the film's square ends: bright orange, and grey beyond.
    row = edge[0][round(22 * edge[1])]
    is_orange = np.abs(row - np.array(orange)).sum(1) < 90
    found = np.flatnonzero(is_orange) / edge[1]
    assert found.min() == pytest.approx(12 * second, abs=1.2)
    assert found.max() == pytest.approx(12 * second + 24, abs=1.2)


def test_there_is_no_mask_where_the_run_has_none(browser, squares):
    show(browser, squares)
    browser.wait_for("video.readyState >= 2")
    seek(browser, 5.2)
    assert colour_at(browser, 60 + 12, 22) == pytest.approx((220, 40, 40), abs=14)
    browser.press("m")
    seek(browser, 3.2)
    assert colour_at(browser, 36 + 12, 22) == pytest.approx((220, 40, 40), abs=14)


def test_the_browsers_masks_are_those_of_pycocotools(browser, squares):
    show(browser, squares)
    random = np.random.default_rng(0)
    for shape in [(1, 1), (7, 5), (96, 128), (301, 77)]:
        for share in (0.0, 0.02, 0.5, 1.0):
            mask = random.random(shape) < share
            rle = json.dumps(encode_mask(mask))
            for step in (1, 3):
                found = browser.run(f"Array.from(pixelsOf({rle}, {step}).pixels)")
                assert found == mask[::step, ::step].astype(int).ravel().tolist(), (shape, share)


def test_keys_go_through_pairs_films_and_asked_times(browser, squares):
    show(browser, squares)
    assert chosen(browser) == "p-000"
    browser.press("j")
    assert chosen(browser) == "p-001"
    browser.press("j", "k", "k")
    assert chosen(browser) == "p-000"
    browser.press("n")
    browser.wait_for("films.open.id === 'other film.mp4' && pairs.now()?.pair_id === 'p-007'")
    browser.press("w")
    browser.wait_for("video.currentTime > 2.1 && !video.paused")
    browser.wait_for("video.paused")
    assert browser.run("video.currentTime") == pytest.approx(4, abs=0.15)
    browser.press(".")
    assert browser.run("player.sample(player.now())") == 5
    browser.press("?")
    assert "play the part of the film that the pair asks about" in browser.run(TEXT)


def test_a_pair_says_all_that_is_known_of_it(browser, squares):
    show(browser, squares, hash="#film=squares.mp4&pair=p-002")
    text = browser.run("document.querySelector('.pair.chosen').innerText")
    for part in ("G5", "choice", "rejected", "Which one?", "a blue square", "claim: the transcript",
                 "goes to the right", "phrasings", "red square", "2.0–4.0 s"):  # fmt: skip
        assert part in text, part
    assert "transcript and masks disagree" in browser.run(TEXT)
    left = browser.run("[at('asked').style.left, at('asked').style.width]")
    assert left == ["25%", "25%"]


@pytest.mark.parametrize(
    ("field", "value", "films", "shown"),
    [
        ("group", "4", ["squares.mp4"], ["p-001"]),
        ("form", "2", ["squares.mp4"], ["p-002"]),
        ("verdict", "kept", ["squares.mp4", "other film.mp4"], ["p-000", "p-001"]),
        ("verdict", "failed", ["broken.mp4"], None),
        ("reason", "0", ["squares.mp4"], ["p-002"]),
        ("noun", "cat", ["other film.mp4"], None),
        ("score", "0.5", ["squares.mp4"], ["p-001"]),
        ("text", "BLUE square which", ["squares.mp4"], ["p-002"]),
        ("text", "green", ["other film.mp4"], None),
        ("text", "text file", ["broken.mp4"], None),
        ("text", "nowhere", [], None),
    ],
)
def test_filters_leave_what_they_ask_for(browser, squares, field, value, films, shown):
    show(browser, squares)
    browser.fill(field, value)
    browser.wait_for(f"films.listed.length === {len(films)}")
    assert titles(browser) == films
    if shown is not None:
        assert browser.run("pairs.shown.map((p) => player.film.instructions[p].pair_id)") == shown
    browser.run("at('clear').click()")
    browser.wait_for("films.listed.length === 3")


def test_a_film_of_many_pairs_shows_all_of_them_as_they_come_into_sight(browser, tmp_path):
    pairs = [pair(number, answer=f"It goes {number}.") for number in range(350)]
    show(browser, write_run(tmp_path, one_film(tmp_path, pairs=pairs)))
    cards = "document.querySelectorAll('.pair').length"
    assert browser.run(cards) == 100
    browser.wait_for(f"at('pairs').scrollTop = 1e6, {cards} === 350")
    assert "It goes 349." in browser.run("at('pairs').textContent")
    show(browser, tmp_path / "gallery", hash="#film=squares.mp4&pair=p-250")
    assert chosen(browser) == "p-250"
    assert "It goes 250." in browser.run("document.querySelector('.pair.chosen').innerText")
    assert browser.run(cards) == 300


def test_a_failed_film_is_shown_with_its_reason(browser, squares):
    show(browser, squares, hash="#film=broken.mp4")
    assert "it is a text file" in browser.run("at('pairs').innerText")
    assert "failed" in browser.run("at('films').innerText")


def test_a_film_that_browsers_do_not_play_plays_by_its_copy(browser, tmp_path):
    write_square_film(tmp_path / "a.avi", "mpeg4")
    show(browser, write_run(tmp_path, {"a.avi": records_of(video_of(tmp_path / "a.avi"))}))
    browser.wait_for("video.readyState >= 2")
    seek(browser, 3.25)
    picture, scale = screen(browser)
    assert picture[round(84 * scale), round(100 * scale)] == pytest.approx((90, 90, 90), abs=8)
    assert colour_at(browser, 48, 22)[0] > 190


def test_masks_of_a_film_that_is_gone_still_move(browser, tmp_path):
    films = one_film(tmp_path)
    (tmp_path / "squares.mp4").unlink()
    show(browser, write_run(tmp_path, films))
    assert "no longer exists" in browser.run(TEXT)
    browser.press(".", ".")
    assert browser.run("player.now()") == pytest.approx(2, abs=0.01)
    browser.press(" ")
    browser.wait_for("player.now() > 2.3")


class Server(http.server.SimpleHTTPRequestHandler):
    """Python's own, as `python -m http.server` starts it: it sends whole files only."""

    def log_message(self, *_):
        pass


def test_it_opens_from_pythons_server_and_films_can_be_moved_in(browser, squares):
    handler = functools.partial(Server, directory=str(squares))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser.open(f"http://127.0.0.1:{server.server_port}/")
        browser.wait_for(READY)
        browser.wait_for("video.readyState >= 2")
        seek(browser, 6.5)
        assert browser.run("video.currentTime") == pytest.approx(6.5, abs=0.01)
        assert colour_at(browser, 72 + 12, 22)[0] > 190
        browser.open("about:blank")
        server.shutdown()


RUN = "document.documentElement.className='ran'"
HOSTILE = (
    f"<script>{RUN}</script>", f"<img src=x onerror={RUN}>", f"<svg/onload={RUN}>",
    f"');{RUN};('", f'");{RUN};("', f"`);{RUN};(`", "</script><base href=http://localhost:9/>",
    "<img src=http://localhost:9/a.png>", "\u2028\u2029 \u202e turned", "__proto__", "${7*7}",
    f"javascript:{RUN}", "<style>*{display:none}</style>", "&lt;b&gt;",
)  # fmt: skip


def test_what_strangers_wrote_is_shown_runs_nothing_and_loads_nothing(browser, tmp_path):
    all_of_it = " ".join(HOSTILE)
    bad = pair(0, question=all_of_it, answer=all_of_it, rejected=f"claim: {all_of_it}", regions=())
    films = one_film(tmp_path, all_of_it, expressions=(all_of_it, HOSTILE[1]), pairs=[bad])
    failures = [("videos", text, text) for text in HOSTILE]
    gallery = write_run(tmp_path, films, failures, run=all_of_it, warning=all_of_it)
    browser.requests.clear()
    show(browser, gallery)
    for number in range(len(HOSTILE) + 1):
        browser.wait_for(f"films.open === films.all[{number}]")
        browser.press("n")
    browser.press("p")
    browser.run("document.querySelectorAll('.name').forEach(e => e.click())")
    browser.press("Escape")
    browser.run("corrections.show()")
    assert browser.run("document.documentElement.className") == ""
    text = browser.run("document.documentElement.textContent")
    for one in HOSTILE:
        assert one in text, one
    own = gallery.as_uri()
    others = [
        address for address in browser.requests if not address.startswith((own, "about:blank"))
    ]
    assert others == []


def test_a_page_that_tried_to_load_a_remote_address_would_be_seen_and_stopped(tmp_path, squares):
    with Browser(tmp_path / "profile") as browser:
        show(browser, squares)
        browser.run("document.body.append(h('img', {src: 'http://localhost:9/a.png'}))")
        browser.wait_for("new Promise((done) => setTimeout(() => done(true), 300))")
        assert any("Content Security Policy" in problem for problem in browser.problems)


def offered(browser):
    """The tables that the gallery offers for download, by their names."""
    browser.run("window.offers = {}; download = (name, text) => { offers[name] = text }")
    browser.run("corrections.show()")
    browser.run("""for (const button of at('dialog').querySelectorAll('button'))
        if (/^Download/.test(button.textContent)) button.click()""")
    browser.press("Escape")
    browser.wait_for("!at('dialog').open")
    return browser.run("offers")


def answer(browser, **values):
    """Fill in the dialog's fields and send it."""
    for name, value in values.items():
        browser.run(f"at('dialog').querySelector('[name={name}]').value = {json.dumps(value)}")
        browser.run(f"at('dialog').querySelector('[name={name}]').onchange?.()")
    browser.run("at('dialog').querySelector('form').requestSubmit()")
    browser.wait_for("!at('dialog').open")


def test_what_a_person_decides_is_a_table_that_the_pipeline_reads(browser, squares, tmp_path):
    show(browser, squares)
    assert offered(browser) == {}
    browser.press("r")
    answer(browser, why='"unnatural", he said')
    assert "reject" in browser.run("document.querySelector('.pair.chosen .decision').textContent")
    browser.press("j", "e")
    answer(browser, question="Is <region> to be\nseen?", answer="Yes, it is.")
    browser.press("j", "c")
    answer(browser, why="look again")
    browser.run("document.querySelector('#transcript li:nth-child(2)').click()")
    answer(browser, value="sits", why="it does")
    browser.run("strefer.correct({entity: 1})")
    answer(browser, what="cut_masklet")
    browser.run("strefer.correct({entity: 1})")
    browser.run("at('dialog').querySelector('[name=what]').value = 'masklet_of'")
    browser.run("at('dialog').querySelector('[name=what]').onchange()")
    answer(browser, start_s="1", end_s="2.5")
    browser.press("n")
    browser.wait_for("films.open.id === 'other film.mp4'")
    browser.run("[...document.querySelectorAll('#title button')].at(-1).click()")
    answer(browser, why="no film")

    tables = offered(browser)
    (tmp_path / "corrections.csv").write_text(tables["corrections.csv"], newline="")
    table = Corrections(str(tmp_path / "corrections.csv"))
    films = ("squares.mp4", "other film.mp4")
    rows = [row for stage in STAGES for row in table.of(stage, films)]
    said = {row["what"]: {name: row[name] for name in row if row[name]} for row in rows}
    keys = [pair_item(to_json(one)) for one in PAIRS]
    assert said["reject_pair"]["item"] == keys[0]
    assert said["reject_pair"]["why"] == '"unnatural", he said'
    assert said["edit_question"]["item"] == said["edit_answer"]["item"] == keys[1]
    assert said["edit_question"]["value"] == "Is <region> to be seen?"
    assert said["edit_answer"]["was"] == "Yes."
    line = said["line"]
    assert (line["entity"], line["value"], line["was"]) == ("blue square", "sits", "It stands.")
    assert line["end_s"] == 4.0 and "start_s" not in line  # 0.0 is falsy
    assert said["cut_masklet"]["entity"] == "blue square" and "end_s" not in said["cut_masklet"]
    moved = said["masklet_of"]
    assert (moved["value"], moved["start_s"], moved["end_s"]) == ("red square", 1.0, 2.5)
    assert said["drop_film"]["film"] == "other film.mp4"
    assert len(rows) == 7
    (note,) = csv.DictReader(io.StringIO(tables["notes.csv"]))
    assert (note["what"], note["item"], note["why"]) == ("note", keys[2], "look again")


def test_every_kind_that_the_gallery_offers_is_one_of_the_table(browser, squares):
    show(browser, squares)
    offered = browser.run("Object.keys(KINDS)")
    assert set(offered) | {"reject_pair", "edit_question", "edit_answer"} == set(KINDS) - {
        "replace_masklet"  # it needs a file of masks, which an annotation tool writes
    }
    for name in offered:
        value, extra = browser.run(f"[KINDS.{name}[1] ?? null, KINDS.{name}[2] ?? '']")
        asks_for = {*KINDS[name].needs, *KINDS[name].may}
        assert (value is not None) == ("value" in asks_for), name
        assert name == "line" or ("times" in extra) == ("start_s" in asks_for), name


def test_decisions_last_and_can_be_taken_back(browser, squares):
    show(browser, squares)
    browser.press("r")
    answer(browser, why="no")
    browser.open("about:blank")
    browser.open((squares / "index.html").as_uri())
    browser.wait_for(READY)
    assert browser.run("corrections.rows.length") == 1
    browser.press("a")
    assert browser.run("corrections.rows.length") == 0 and chosen(browser) == "p-001"
    assert "✓" in browser.run("document.querySelector('.decision').textContent")


def test_the_table_that_the_run_was_made_with_is_kept(browser, tmp_path):
    columns = ",".join(COLUMNS)
    (tmp_path / "old.csv").write_text(
        f'{columns}\nsquares.mp4,noun,red square,,,,thing,,ada,,"a, b"\n'
    )
    gallery = write_run(tmp_path, one_film(tmp_path), corrections=str(tmp_path / "old.csv"))
    show(browser, gallery)
    browser.press("r")
    answer(browser, why="")
    rows = list(csv.DictReader(io.StringIO(offered(browser)["corrections.csv"])))
    assert [(row["what"], row["who"], row["why"]) for row in rows] == [
        ("noun", "ada", "a, b"),
        ("reject_pair", "", ""),
    ]
    browser.run("corrections.remove((row) => row.what === 'noun')")
    browser.open("about:blank")
    browser.open((gallery / "index.html").as_uri())
    browser.wait_for(READY)
    assert browser.run("corrections.rows.map((row) => row.what)") == ["reject_pair"]


def test_rows_of_a_table_can_be_read_back(browser, squares):
    show(browser, squares)
    text = 'film,what,why\r\na.mp4,drop_film,"he said ""no"",\nand left"\nb.mp4,drop_film,\n'
    rows = browser.run(f"readCsv({json.dumps(text)})")
    assert rows == [
        {"film": "a.mp4", "what": "drop_film", "why": 'he said "no",\nand left'},
        {"film": "b.mp4", "what": "drop_film", "why": ""},
    ]
