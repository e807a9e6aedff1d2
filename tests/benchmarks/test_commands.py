"""`strefer`, as a user of a benchmark calls it."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from PIL import Image

from helpers.forms_of_benchmarks import ASKED, DESCRIBED, NAMES, QUERY, contents, write_form
from helpers.openai_server import serving
from helpers.question_files import write_predictions, write_questions
from strefer.__main__ import main
from strefer.benchmarks.registry import load_questions

ROOT = Path(__file__).resolve().parents[2]
MARKS = (
    "1. Subject Correspondence: 4\n2. Appearance Description: 4\n3. Temporal Description: 2\n"
    "4. Hallucination Detection: 2"
)


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def figures_of(printed):
    return dict(line.split("\t") for line in printed.splitlines() if "\t" in line)


def test_the_command_of_a_clone_runs_in_any_folder(tmp_path):
    files = write_questions(tmp_path, 4)
    predictions = write_predictions(tmp_path / "p.jsonl", ["A", "A", "(A) a dog", "B"])
    given = ["--annotations", files["annotations"], "--predictions", predictions]
    given += ["--output", "s.json"]
    done = subprocess.run(
        [ROOT / "bin" / "strefer", "score", "videorefer_q", *given],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    figures = figures_of(done.stdout)
    assert list(figures) == ["accuracy", "type/Basic Questions", "strict", "answered"]
    assert [figures["accuracy"], figures["answered"]] == ["0.7500", "1.0000"]
    assert len(json.loads((tmp_path / "s.json").read_text())["rows"]) == 4


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    files = write_questions(tmp_path, 1)
    predictions = write_predictions(tmp_path / "p.jsonl", [])
    given = ["--annotations", files["annotations"], "--predictions", str(predictions)]
    assert main(["score", "videorefer_q", *given]) == 2
    assert capsys.readouterr().err.startswith("strefer: predictions: there is no answer")
    assert main(["score", "videomme", "--annotations", "no.json", *given[2:]]) == 2
    assert "get it from" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_questions_are_written_for_any_model_without_their_answers(tmp_path, name):
    files = write_form(tmp_path, name)
    given = [name, "--annotations", files["annotations"], "--videos", str(tmp_path)]
    assert main(["questions", *given, "--output", str(tmp_path / "q.jsonl")]) == 0
    lines = lines_of(tmp_path / "q.jsonl")
    questions = load_questions(name, files, 0)
    assert [line["id"] for line in lines] == [q.id for q in questions]
    for line, question in zip(lines, questions, strict=True):
        assert set(line) <= {"id", "film", "text", "regions", "start_s", "end_s", "max_new_tokens"}
        assert "<image>" not in line["text"] and "_time>" not in line["text"]
        assert line["text"].count("<region>") == len(line.get("regions", ()))
        assert line["film"] == question.sample["path"]
    if name.startswith("qvhighlights"):
        times = sorted((line["start_s"], line["end_s"]) for line in lines if "2579" in line["id"])
        assert f"between {times[0][0]:.1f} s and {times[0][1]:.1f} s" in "".join(
            line["text"] for line in lines
        )


def write_frames(folder):
    folder.mkdir(parents=True)
    for i in range(8):
        Image.new("RGB", (200, 100), (20 * i, 90, 90)).save(folder / f"{i:05d}.png")


def test_what_a_server_answered_already_is_not_asked_again(tmp_path, capsys, caplog):
    mask = {"segmentation": [[5, 5, 90, 5, 90, 90, 5, 90]]}
    entry = ASKED | {"annotation": [{"0": mask, "6": mask}]}
    entries = [entry, entry | {"id": 1, "video": "absent"}, entry | {"id": 2}]
    files = write_form(tmp_path, "videorefer_q", {"q.json": entries})
    write_frames(tmp_path / ASKED["video"])
    output = tmp_path / "said" / "p.jsonl"
    given = ["predict", "videorefer_q", "--annotations", files["annotations"], "--videos"]
    given += [str(tmp_path), "--output", str(output), "--frames", "4", "--longest-side", "100"]
    replies = ["(A) A helmet", None]
    with serving(lambda text: replies.pop(0)) as server:
        agent = ["--agent", f"adapter=openai,model=tiny,url={server.url},concurrency=1"]
        assert main([*given, *agent]) == 0
        assert len(server.asked) == 2
        *frames, text = server.asked[0]
        assert [part["type"] for part in frames] == ["image_url"] * 4
        assert text["text"].startswith("What is the object outlined in red not wearing?\n(A)")
        said = {line["id"]: line["prediction"] for line in lines_of(output)}
        assert said == {"0": "(A) A helmet", "1": None, "2": None}
        replies.append("(B)")
        assert main([*given, *agent]) == 0
        assert len(server.asked) == 3
    assert "keeping its 1 answers" in caplog.text
    assert {line["id"]: line["prediction"] for line in lines_of(output)} == said | {"2": "(B)"}
    given = ["--annotations", files["annotations"], "--predictions", str(output)]
    assert main(["score", "videorefer_q", *given]) == 0
    assert figures_of(capsys.readouterr().out)["accuracy"] == "0.3333"


def test_a_server_is_told_the_times(tmp_path):
    write_frames(tmp_path / QUERY["vid"])
    files = write_form(tmp_path, "qvhighlights", {"v.jsonl": [QUERY | {"duration": 150}]})
    given = ["predict", "qvhighlights", "--annotations", files["annotations"], "--videos"]
    given += [str(tmp_path), "--output", str(tmp_path / "p.jsonl"), "--frames", "2"]
    with serving(lambda text: "Yes") as server:
        (tmp_path / "agent.yaml").write_text(
            yaml.safe_dump({"adapter": "openai", "model": "tiny", "url": server.url})
        )
        assert main([*given, "--agent", str(tmp_path / "agent.yaml")]) == 0
        texts = [content[-1]["text"] for content in server.asked]
    assert all(text.startswith("The video is 0.3 s long, and its 2 frames are") for text in texts)
    assert any("between 82.0 s and 86.0 s: A girl" in text for text in texts)


def test_a_judge_is_an_option_of_its_own_or_a_file(tmp_path, capsys):
    files = write_form(tmp_path, "videorefer_d")
    predictions = write_predictions(tmp_path / "p.jsonl", ["A lion."])
    given = ["--annotations", files["annotations"], "--predictions", str(predictions)]
    assert main(["score", "videorefer_d", *given]) == 0
    assert "average\tnot decided: needs a judge" in capsys.readouterr().out
    with serving(lambda text: MARKS) as server:
        spec = {"adapter": "openai", "model": "tiny", "url": server.url}
        (tmp_path / "judge.yaml").write_text(yaml.safe_dump(spec))
        (tmp_path / "all.yaml").write_text(yaml.safe_dump({"agents": {"judge": spec}}))
        (tmp_path / "prompt.txt").write_text("{{ answer }} or {{ prediction }}")
        pairs = ",".join(f"{key}={value}" for key, value in spec.items())
        for judge in (pairs, str(tmp_path / "judge.yaml"), str(tmp_path / "all.yaml")):
            assert main(["score", "videorefer_d", *given, "--judge", judge]) == 0
            assert figures_of(capsys.readouterr().out)["average"] == "3.0000"
        prompt = ["--judge-prompt", str(tmp_path / "prompt.txt")]
        assert main(["score", "videorefer_d", *given, "--judge", pairs, *prompt]) == 0
        assert "Rate how well" in server.asked[0]
        assert server.asked[-1] == f"{DESCRIBED['caption']} or A lion."


@pytest.mark.parametrize("agent", ["model=x", "nothing.yaml", "adapter=openai", "=", "a,b"])
def test_an_agent_that_is_none_is_named(tmp_path, capsys, agent):
    files = write_form(tmp_path, "videorefer_d")
    predictions = write_predictions(tmp_path / "p.jsonl", ["A lion."])
    given = ["--annotations", files["annotations"], "--predictions", str(predictions)]
    assert main(["score", "videorefer_d", *given, "--judge", agent]) == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"strefer: agent {agent}: ")


LOGS = {
    "videomme": ("videomme_perception_score", lambda q: {"question_id": q.id}),
    "videorefer_q": ("answer", lambda q: {"id": q.id}),
    "tempcompass": (
        "avg_accuracy",
        lambda q: {
            "video_id": q.id.split("/")[1],
            "dim": q.about["aspect"],
            "question": q.sample["question"],
        },
    ),
}


@pytest.mark.parametrize("name", LOGS)
def test_sample_logs_of_lmms_eval_score_as_the_same_predictions_do(tmp_path, capsys, name):
    files = write_form(tmp_path, name, contents(name))
    questions = load_questions(name, files, 0)
    metric, named = LOGS[name]
    said = [q.gold if i % 2 else "B" for i, q in enumerate(questions)]
    plain, log = tmp_path / "p.jsonl", tmp_path / "samples.jsonl"
    pairs = list(zip(questions, said, strict=True))
    lines = [json.dumps({"id": q.id, "prediction": answer}) for q, answer in pairs]
    plain.write_text("\n".join(lines))
    rest = {"doc_id": 0, "target": ""}
    lines = [json.dumps(rest | {"filtered_resps": [a], metric: named(q)}) for q, a in pairs]
    log.write_text("\n".join(lines))
    printed = []
    for path in (plain, log):
        given = ["--annotations", files["annotations"], "--predictions", str(path)]
        assert main(["score", name, *given]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] != ""
