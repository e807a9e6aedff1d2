"""What docs/figures/real.json says, against what it is measured from."""

import json

import numpy as np
import pytest

from helpers.counted_cases import outcomes
from measuring_real import benchmarks, shots, text
from strefer.documentation.documents import FOLDER
from strefer.documentation.figures import REAL


def test_every_fixed_key_is_there_with_its_circumstances():
    written = json.loads((FOLDER / "real.json").read_text())
    about = written.pop("about")
    assert {"commit", "command", "date", "machine"} <= set(about)
    assert list(written)[: len(REAL)] == list(REAL)
    assert all(value is None or isinstance(value, int | float) for value in written.values())


def test_figures_of_the_reading_are_those_of_the_table():
    written = json.loads((FOLDER / "real.json").read_text())
    known = text.readings()
    rows = known[max(known)]
    assert written["text.read_aloud"] == len(rows)
    for verdict in text.VERDICTS:
        share = sum(row["verdict"] == verdict for row in rows) / len(rows)
        assert written[f"text.{verdict}"] == pytest.approx(share)


def test_official_verdicts_are_compared_and_none_without_files(tmp_path):
    assert benchmarks.measure(tmp_path) == {}
    entry = {"question": "Does it jump?", "gt-answer": "yes", "match_success": True}
    entries = [entry | {"video-llm-prediction": "Yes.", "rating": rating} for rating in (1, 0)]
    entries.append(entry | {"match_success": False, "video-llm-prediction": "", "rating": 0})
    folder = tmp_path / "tempcompass"
    folder.mkdir()
    file = folder / "model_auto_eval_results_yes_no.json"
    file.write_text(json.dumps({"film": {"action": entries}}))
    assert benchmarks.measure(tmp_path) == {
        "benchmarks.verdicts": 2,
        "benchmarks.disagreements": 1,
    }


def test_a_cut_counts_once_for_one_transition():
    extents = [(1.0, 1.0), (4.0, 5.0)]
    assert shots.f1([1.0, 4.5], extents, 0.1) == 1.0
    assert shots.f1([1.0, 4.2, 4.8], extents, 0.1) == 0.8
    assert shots.f1([1.5], extents, 0.1) == 0.0
    assert shots.f1([], extents, 0.1) == 0.0


@pytest.mark.parametrize("kind", ["hard", "gradual"])
def test_transitions_are_where_they_are_said_to_be(tmp_path, monkeypatch, kind):
    """Of films of one colour each, a frame outside of the transitions has one of these colours."""
    monkeypatch.setattr(shots, "N_TRANSITIONS", 6)
    monkeypatch.setattr(shots, "SIZE", (64, 48))
    pool = [np.full((180, 48, 64, 3), shade, np.uint8) for shade in (60, 130, 200)]
    path = tmp_path / "joined.mp4"
    extents_s, length_s = shots.write_joined(path, pool, kind)
    assert len(extents_s) == 6
    assert length_s > extents_s[-1][1]
    before = None
    for picture in shots.iterate_pictures(str(path)):
        shade = float(picture.pixels((64, 48)).mean())
        time_s = picture.time_s + 1e-6
        if any(first_s <= time_s < last_s for first_s, last_s in extents_s):
            continue
        assert min(abs(shade - one) for one in (60, 130, 200)) < 4
        passed = sum(last_s <= time_s for _, last_s in extents_s)
        if before is not None:
            assert (abs(shade - before[1]) > 4) == (passed != before[0])
        before = passed, shade
    assert shots.measure(tmp_path / "nowhere") == {}


def test_cases_are_counted_by_their_outcome(tmp_path):
    file = tmp_path / "test_some.py"
    file.write_text("def test_a(): pass\ndef test_b(): assert False\n")
    found = outcomes(str(file), "-c", "/dev/null", "--rootdir", str(tmp_path))
    assert sorted(found.values()) == [False, True]
    with pytest.raises(ValueError, match="no case of"):
        outcomes(str(file), "-c", "/dev/null", "--rootdir", str(tmp_path), "-k", "none")
