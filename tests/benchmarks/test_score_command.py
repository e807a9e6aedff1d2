"""`python -m strefer`, as a user calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

from helpers.question_files import write_predictions, write_questions
from strefer.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


def test_somebody_elses_predictions_are_scored(tmp_path):
    files = write_questions(tmp_path, 4)
    predictions = write_predictions(tmp_path / "p.jsonl", ["A", "A", "(A) a dog", "B"])
    given = ["--annotations", files["annotations"], "--predictions", predictions]
    given += ["--output", tmp_path / "s.json"]
    done = subprocess.run(
        [sys.executable, "-m", "strefer", "score", "videorefer_q", *given],
        env=os.environ | {"PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "accuracy\t0.7500\ntype/Basic Questions\t0.7500\n"
    assert len(json.loads((tmp_path / "s.json").read_text())["rows"]) == 4


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    files = write_questions(tmp_path, 1)
    predictions = write_predictions(tmp_path / "p.jsonl", [])
    given = ["--annotations", files["annotations"], "--predictions", str(predictions)]
    assert main(["score", "videorefer_q", *given]) == 2
    assert capsys.readouterr().err.startswith("strefer: predictions: there is no answer")
    assert main(["score", "videomme", "--annotations", "no.json", *given[2:]]) == 2
    assert "get it from" in capsys.readouterr().err


def test_what_needs_a_judge_says_so(tmp_path, capsys):
    mask = {"0": {"segmentation": {"size": [2, 2], "counts": "04"}}}
    entry = {"video": "a.mp4", "caption": "A dog.", "frame_idx": "0", "annotation": [mask]}
    (tmp_path / "d.json").write_text(json.dumps([entry | {"id": 0}]))
    predictions = write_predictions(tmp_path / "p.jsonl", ["A dog."])
    given = ["--annotations", str(tmp_path / "d.json"), "--predictions", str(predictions)]
    assert main(["score", "videorefer_d", *given]) == 0
    assert "average\tnot decided: needs a judge" in capsys.readouterr().out
