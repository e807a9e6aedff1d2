"""The page on a tiny run with a real film; names and replies are hostile."""

import re

import pytest

from helpers.question_files import write_predictions, write_questions
from helpers.report_run import write_page, write_stages, write_training_log
from helpers.shards import write_shard
from strefer.benchmarks.score_predictions import score_predictions
from strefer.documentation.figures import QUALITY, write_figures

EVIL = "<script>alert('film')</script>"
REPLY = "It sits.<img src=x onerror=alert(2)>"
FAILURES = {
    "clips": [("bad.mp4", "the film ends early")],
    "entities": [("bad.mp4", "the model said <b>nothing</b>")],
}


def write_run(folder):
    """One film that came through, one that failed in two stages."""
    return write_stages(folder, EVIL, [REPLY], failures=FAILURES)


def write_scores(folder):
    files = write_questions(folder, 10)
    scores = {}
    for recipe, answer in (("base", "B"), ("strefer", "A")):
        predictions = write_predictions(folder / f"{recipe}.jsonl", [answer] * 10)
        scores[recipe, "videorefer_q"] = folder / f"{recipe}.json"
        score_predictions(
            predictions, "videorefer_q", files, folder / f"{recipe}.json", 0, None, {}
        )
    return scores


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    log = write_training_log(folder / "log.jsonl", [3.0, 2.0])
    quality = folder / "quality.json"
    measured = {"entities.recall": 0.5, "entities.recall@late_entry": 0.1, "pairs.share_G1": 0.2}
    write_figures(quality, QUALITY, measured, "make demo")
    return write_page(
        folder,
        write_run(folder / "stages"),
        scores=write_scores(folder),
        training_logs={"base": log},
        quality=quality,
    )


def test_checks_are_shown_with_what_they_reject(page):
    table = page.partition("What the checks rejected")[2].partition("</table>")[0]
    assert "<td>transcript</td>" in table
    assert "rejects nothing" in table


def test_names_and_replies_are_text(page):
    assert "<script" not in page
    assert "&lt;script&gt;alert" in page
    assert "<img src=x" not in page
    assert "It sits.&lt;img src=x" in page
    assert "the model said &lt;b&gt;nothing" in page


def test_the_page_is_complete_in_itself(page):
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith("data:image/") for source in sources)


def test_failures_are_listed_with_their_reasons(page):
    failures = page[page.index("<h2>Failures") :]
    assert failures.count("bad.mp4") == 2
    assert "the film ends early" in failures


def test_the_chain_is_counted(page):
    row = re.search(r"<td>clips</td>(.*?)</tr>", page, re.DOTALL).group(1)
    assert re.findall(r">([^<>]+)</td>", row) == ["1", "1", "1 segments"]
    assert "1 pairs, 0 of them worded by the LLM (1 more rejected)" in page
    assert "1 segments, 1 lines (1 absences)" in page
    assert "1 open" in page


def test_scores_stand_beside_the_papers(page):
    row = re.search(r"<td>VideoRefer-Bench-Q</td>(.*?)</tr>", page, re.DOTALL).group(1)
    metric, *values = re.findall(r">([^<>]*)</td>", row)
    assert metric == "accuracy"
    assert values[:2] == ["0.000 (0.000)", "1.000 (1.000)"]  # the strict figure in brackets
    assert values[2:] == ["+1.000", "+1.000 to +1.000", "0.665", "0.688"]


def test_samples_show_masklets_times_and_pairs(page):
    assert "data:image/jpeg;base64," in page
    assert "cat</bdi> (no masklet)" in page
    assert "from 0.0 s to 1.0 s?" in page
    assert "&lt;region&gt;" in page
    assert page.count('class="pair"') == 1
    assert "1.0 s, 1 segment<" in page


def test_quality_shows_what_was_measured(page):
    assert re.search(r"entities\.recall</td><td class=\"number\">0\.500", page)
    for absent in ("entities.precision", "@late_entry", "share_G1"):
        assert absent not in page


def test_a_warning_is_the_first_thing_on_the_page(tmp_path):
    stages = write_run(tmp_path / "stages")
    page = write_page(tmp_path, stages, warning="These results are <nonsense>.")
    body = page[page.index("<h1>") :]
    assert 0 < body.index("These results are &lt;nonsense&gt;.") < body.index("<h2>")
    assert "Warning." not in write_page(tmp_path, stages)


def test_a_run_without_scores_or_finished_films_has_a_page(tmp_path):
    stages = write_run(tmp_path / "stages")
    stages["instructions"] = [write_shard(tmp_path / "none.jsonl", [])]
    page = write_page(tmp_path, stages)
    assert "No film reached the end of the pipeline." in page
    assert "paper: base" not in page


def test_a_training_without_a_logged_loss_has_no_curve(tmp_path):
    log = write_training_log(tmp_path / "log.jsonl", [])
    stages = write_run(tmp_path / "stages")
    assert "Training" not in write_page(tmp_path, stages, training_logs={"base": log})


def test_the_same_run_gives_the_same_page(tmp_path):
    stages = write_run(tmp_path / "stages")
    assert write_page(tmp_path, stages) == write_page(tmp_path, stages)
