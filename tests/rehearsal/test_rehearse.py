"""The page and the table of a tiny run with a real film; names and replies are hostile."""

import csv

import numpy as np
import pytest
import yaml

from helpers.report_run import write_stages
from helpers.shards import ScriptedChat
from strefer.agents.chat.interface import ChatRequest, Reply, ask
from strefer.agents.chat.with_recorded import RecordingChat
from strefer.agents.replies import parse_sentences
from strefer.rehearsal.rehearse import COLUMNS, rehearse
from strefer.stage.journal import Journal

EVIL = "<script>alert('film')</script>"
FRAMES = np.full((3, 32, 48, 3), 120, np.uint8)
WHOLE = {"run": "mine", "count": 30, "lengths_s": [60.0, 120.0], "gpus": {}, "files_a_shard": 80}
JOB = {
    "rule": "transcribe_clips",
    "asks": "transcripts",
    "agents": {"video_llm": "org/model"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The page's text, the table's rows, and the terminal's text."""
    run = tmp_path_factory.mktemp("rehearsal")
    stages = write_stages(run / "shards", EVIL, ["It sits."])
    recording = run / "asked" / "transcripts.jsonl"
    replies = {"dog": "It sits <b>down</b>.", "cat": "男人在走路。"}

    def say(request):
        return Reply.of(replies[request.text[-3:]], 90, 7, f"<|user|>{request.text}")

    chat = RecordingChat(ScriptedChat(say), recording)
    requests = [ChatRequest(f"What does it do? {name}", FRAMES, 1.0) for name in replies]
    ask(chat, requests, parse_sentences, attempts=1, retry_temperature=0.7)
    journal = Journal(run / "store" / "transcripts" / "0.journal")
    journal.path.parent.mkdir(parents=True)
    journal.begin()
    journal.answered("a" * 64)
    journal.close()
    rehearse(
        run,
        stages,
        {"transcripts": recording, "entities": run / "asked" / "nothing.jsonl"},
        {"transcripts": JOB},
        WHOLE,
        run / "try.html",
        run / "try.csv",
        run / "try.txt",
        warning="Only a test: name `agents:`.",
    )
    with open(run / "try.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return *((run / name).read_text(encoding="utf-8") for name in ("try.html", "try.txt")), rows


def test_the_page_shows_prompts_frames_replies_and_why_they_were_refused(made):
    page, *_ = made
    assert "&lt;|user|&gt;What does it do? dog" in page, "as the model got it"
    assert "It sits &lt;b&gt;down&lt;/b&gt;." in page
    assert "3 frames of 48×32 px" in page
    assert page.count("data:image/jpeg;base64,") >= 2, "the film, and what the model saw"
    assert "not in the language of the prompt (CJK, not English)" in page
    assert "video_llm: org/model" in page


def test_the_page_says_first_what_looks_wrong(made):
    page, *_ = made
    wrong = page.index("1 replies are in a different language")
    warned = page.index("Only a test: name <code>agents:</code>.")
    assert warned < wrong < page.index("The whole run")
    assert "the detector found nothing in any film" in page


def test_the_page_tells_of_the_whole_run_and_what_fits(made):
    page, *_ = made
    assert "30 film(s), about 45.0 minutes" in page
    options = yaml.safe_load(page.split("<pre>")[1].split("</pre>")[0])
    assert options["shards"] == 1
    assert options["resources"]["transcripts"]["runtime_min"] == 10


def test_nothing_of_a_film_or_a_reply_is_taken_for_markup(made):
    page, *_ = made
    assert "<script>" not in page
    assert "<b>down" not in page


def test_the_table_has_a_row_for_every_prompt(made):
    *_, rows = made
    assert tuple(rows[0]) == COLUMNS
    assert [row["read"] != "" for row in rows] == [True, False]
    assert rows[0]["frames"] == "3×32×48"
    assert (rows[1]["tokens_read"], rows[1]["tokens_written"]) == ("90", "7")


def test_the_terminal_is_told_the_same_in_short(made):
    _, text, _ = made
    wrong, took, whole = (
        text.index(title) for title in ("WHAT LOOKS WRONG", "WHAT IT TOOK", "THE WHOLE RUN")
    )
    assert "1 replies are in a different language" in text[wrong:took]
    (row,) = (line for line in text[took:whole].splitlines() if "transcripts" in line)
    assert row.endswith("2 (1 refused)")
    assert "30 film(s), about 45.0 minutes (2 lengths known)" in text[whole:]
    assert yaml.safe_load(text[text.index("  shards:") :])["resources"]["transcripts"]
    assert max(map(len, text.splitlines())) <= 100
    assert text.isascii() or all(c.isprintable() or c == "\n" for c in text)
