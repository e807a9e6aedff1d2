import json

import datasets
import pytest
import yaml

from helpers.own_data import PAIRS, write_own_data
from strefer.recipes.export_instructions import export_instructions
from strefer.recipes.published_format import PUBLISHED_FIELDS

# Nothing here may ask a hub.
pytestmark = pytest.mark.usefixtures("offline")
ABOUT = {"prompts": {"question_writer": "ab12"}, "run": "test", "warning": None}


@pytest.fixture
def offline(monkeypatch):
    """The network is out of reach, also to code that would not ask whether it may."""

    def refuse(*_, **__):
        raise OSError("this test reaches for the network")

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("socket.socket.connect", refuse)


@pytest.fixture
def exported(tmp_path):
    model = tmp_path / "llm"
    model.mkdir()
    (model / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    (model / "model.safetensors").write_bytes(b"0")
    agents = {
        "llm": {"adapter": "transformers", "model": str(model), "revision": None},
        "video_llm": {"adapter": "vllm", "model": "omni-research/Tarsier-34b", "revision": "v1"},
    }
    export_instructions(
        **write_own_data(tmp_path), output=tmp_path / "export", about=ABOUT | {"agents": agents}
    )
    return tmp_path / "export"


def test_the_published_format_holds_its_fields_and_no_others(exported):
    samples = json.loads((exported / "strefer.json").read_text())
    assert len(samples) == len(PAIRS) - 1
    assert {name for sample in samples for name in sample} == set(PUBLISHED_FIELDS)
    # The fields of the published example: two turns, a path, times, one object a region.
    sample = samples[4]
    assert [turn["from"] for turn in sample["conversations"]] == ["human", "gpt"]
    assert sample["conversations"][0]["value"].startswith("<image>\n")
    assert len(sample["annotation"]) == sample["conversations"][0]["value"].count("<region>")


def test_lines_have_evidence_and_rejected_pairs_stand_apart(exported):
    lines = [json.loads(line) for line in (exported / "strefer.jsonl").read_text().splitlines()]
    assert lines[0]["evidence"]["claim"]["kind"] == "does"
    (rejected,) = (exported / "rejected.jsonl").read_text().splitlines()
    assert json.loads(rejected)["rejected"].startswith("presence: ")


def test_datasets_opens_the_folder(exported, tmp_path):
    table = datasets.load_dataset(str(exported), cache_dir=str(tmp_path / "cache"))["train"]
    assert table.num_rows == len(PAIRS) - 1
    row = table[4]
    assert row["conversations"][1] == {"from": "gpt", "value": "It sits."}
    assert list(json.loads(row["annotation"])[1]) == ["9"]
    assert table[3]["clip_timestamps"] == ["00:00:04.000", "00:00:08.000"]
    assert table[0]["start_time"] is None


@pytest.mark.parametrize("name", ["strefer.json", "strefer.jsonl"])
def test_datasets_opens_the_json_exports(exported, tmp_path, name):
    table = datasets.load_dataset(
        "json", data_files=str(exported / name), cache_dir=str(tmp_path / "cache")
    )["train"]
    rows = [without_nulls(row) for row in table]
    text = (exported / name).read_text()
    written = json.loads(text) if name.endswith("json") else map(json.loads, text.splitlines())
    assert rows == [without_nulls(sample) for sample in written]
    assert list(rows[4]["annotation"][1]) == ["9"]


def without_nulls(value):
    """A table fills in, as None, what another row has."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def test_the_card_counts_and_names(exported):
    _, head, text = (exported / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(head)["configs"][0]["data_files"] == "data/train.parquet"
    assert "6 question-answer pairs" in text
    assert "| G8 | 0 | 0 | 1 | 1 | 1 | 50.0% |" in text
    assert "[provenance.json](../provenance.json)" in text
    assert "| presence | 1 | 14.3% |" in text
    assert "local files | apache-2.0 |" in text
    assert "| v1 | see https://huggingface.co/omni-research/Tarsier-34b |" in text
    assert "| question_writer | `ab12` |" in text


def test_a_run_without_accepted_pairs_is_an_empty_list(tmp_path):
    own = write_own_data(tmp_path, pairs=[PAIRS[-1]])
    export_instructions(**own, output=tmp_path / "export", about=ABOUT | {"agents": {}})
    assert json.loads((tmp_path / "export" / "strefer.json").read_text()) == []


def test_a_warning_is_the_first_thing_in_the_card(tmp_path):
    about = ABOUT | {"agents": {}, "warning": "These results are nonsense."}
    export_instructions(**write_own_data(tmp_path), output=tmp_path / "export", about=about)
    text = (tmp_path / "export" / "README.md").read_text().split("---\n", 2)[2]
    assert text.splitlines()[3] == "> **Warning.** These results are nonsense."
