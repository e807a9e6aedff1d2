"""The judges' page in a real browser: what a judge sees, and the answers that come out."""

import pytest

from helpers.browser import CHROMIUM, LACKING, Browser
from helpers.gallery_run import PAIRS, one_film, write_run, write_stages
from strefer.judging.count_answers import read_answers
from strefer.judging.draw_sheet import draw_sheet

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=LACKING)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    films = one_film(folder)
    write_run(folder, films)
    for stage, path in write_stages(folder / "shards", films).items():
        (folder / stage).mkdir()
        path.rename(folder / stage / "00000-of-00001.jsonl")
    return folder


@pytest.fixture
def browser(tmp_path):
    with Browser(tmp_path / "profile") as browser:
        yield browser
        assert browser.problems == []


def judge_as(browser, name):
    browser.run(f"at('judge').value = '{name}'; at('judge').onchange()")
    browser.wait_for(
        f"at('count').textContent && !at('comment').disabled && at('judge').value === '{name}'"
    )
    browser.wait_for("video.readyState >= 2")


def answer(browser, key, place):
    browser.press(key)
    browser.wait_for(f"at('count').textContent.startsWith('{place} of')")
    browser.wait_for("judging.pair.item === judging.order[judging.place][2]")


def test_two_judges_answer_the_same_pairs_and_their_tables_are_counted(browser, run, tmp_path):
    name, drawn = draw_sheet(run, 10, 0, "all")
    browser.open((run / "gallery" / "judge.html").as_uri())
    browser.wait_for("document.body.classList.contains('ready')")
    tables = []
    browser.run("window.offers = []; download = (name, text) => offers.push(text)")
    for judge, keys in (("ada", "123"), ("bob", "124")):
        judge_as(browser, judge)
        for place, key in enumerate(keys, 2):
            answer(browser, key, min(place, 3))
        browser.wait_for("at('count').textContent.includes('3 answered')")
        browser.run("at('comment').value = 'odd, \"this\"'; at('comment').onchange()")
        browser.run("at('download').click()")
        tables.append(tmp_path / f"{judge}.csv")
        tables[-1].write_text(browser.run("offers.pop()"), newline="")
    answers = read_answers(tables, name, drawn)
    assert sorted(answers["ada"].values()) == ["false", "good", "unnatural"]
    assert sorted(answers["bob"].values()) == ["false", "good", "unclear"]
    assert '"odd, ""this"""' in tables[0].read_text()


def test_a_judge_sees_the_film_and_the_pair_and_nothing_that_was_thought_of_it(browser, run):
    draw_sheet(run, 10, 0, "all")
    browser.open((run / "gallery" / "judge.html").as_uri())
    judge_as(browser, "ada")
    seen, marked = "", ""
    for place in range(2, 5):
        seen += browser.run("document.body.innerText")
        marked += browser.run("at('pair').innerHTML") * browser.run("!judging.pair.options.length")
        answer(browser, "1", min(place, 3))
    for pair in PAIRS:
        assert pair.answer in seen
    assert "region" in marked and "square" not in marked  # not whom the pipeline means
    for hidden in ("rejected", "kept", "transcript", "phrasings", "It stands", "p-00", "0.9"):
        assert hidden not in seen, hidden


def test_masks_are_of_the_regions_that_the_question_marks(browser, run):
    draw_sheet(run, 10, 0, "all")
    browser.open((run / "gallery" / "judge.html").as_uri())
    judge_as(browser, "ada")
    shown = {}
    for place in range(2, 5):
        browser.wait_for("player.only.join() === judging.pair.regions.join()")
        pixels = """(({width, height}) => at('masks').getContext('2d')
            .getImageData(0, 0, width, height).data.some(Boolean))(at('masks'))"""
        shown[browser.run("judging.pair.pair_id")] = browser.run(pixels)
        answer(browser, "1", min(place, 3))
    assert shown == {"p-000": True, "p-001": True, "p-002": False}


def test_answers_last_and_each_judge_has_an_order(browser, run):
    draw_sheet(run, 10, 0, "all")
    address = (run / "gallery" / "judge.html").as_uri()
    browser.open(address)
    judge_as(browser, "ada")
    answer(browser, "2", 2)
    browser.open("about:blank")
    browser.open(address)
    browser.wait_for("document.body.classList.contains('ready')")
    assert browser.run("at('judge').value") == "ada"
    assert browser.run("at('count').textContent") == "2 of 3, 1 answered"
    orders = set()
    for judge in ("ada", "bob", "cy", "dee"):
        judge_as(browser, judge)
        orders.add(browser.run("judging.order.map((pair) => pair[2]).join()"))
    assert len(orders) > 1


def test_without_a_sheet_the_page_says_how_to_draw_one(browser, tmp_path):
    gallery = write_run(tmp_path, one_film(tmp_path))
    browser.open((gallery / "judge.html").as_uri())
    browser.wait_for("document.body.innerText.includes('strefer judge draw')")
    browser.problems.clear()  # the browser's word on the missing file
