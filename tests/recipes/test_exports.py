import json

import datasets
import pytest
import yaml

from helpers.own_data import PAIRS, write_own_data
from strefer.recipes.export_instructions import export_instructions, read_export
from strefer.recipes.published_format import PUBLISHED_FIELDS, own_samples
from strefer.recipes.sample_files import read_samples
from strefer.recipes.trainer_formats import write_for_trainer
from strefer.recipes.write_card import write_card

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


def export(tmp_path, about, **own):
    """A run of two shards, exported: the folder. The second has no pairs."""
    for shard, pairs in (("00000-of-00002", own.get("pairs", PAIRS)), ("00001-of-00002", [])):
        folder = tmp_path / shard
        folder.mkdir()
        data = {name: files[0] for name, files in write_own_data(folder, pairs=pairs).items()}
        export_instructions(
            **data,
            accepted=tmp_path / "export" / "data" / f"{shard}.parquet",
            rejected=tmp_path / "export" / "rejected" / f"{shard}.parquet",
        )
    files = sorted((tmp_path / "export" / "data").iterdir())
    write_card(files, tmp_path / "export" / "README.md", ABOUT | about)
    return tmp_path / "export"


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
    return export(tmp_path, {"agents": agents})


@pytest.fixture
def written(exported, tmp_path):
    """The export in the forms `published` and `lines`."""
    for form in ("published", "lines"):
        assert write_for_trainer(read_samples(exported), form, tmp_path / "forms") == len(PAIRS) - 1
    return tmp_path / "forms"


def test_samples_come_back_as_they_were(exported, tmp_path):
    own = write_own_data(tmp_path / "00000-of-00002")
    read = list(read_export(sorted((exported / "data").iterdir())))
    assert all(sample.pop("evidence")["claim"] for sample in read)
    assert read == list(own_samples(**own))


def test_the_published_format_holds_its_fields_and_no_others(written):
    samples = json.loads((written / "strefer.json").read_text())
    assert len(samples) == len(PAIRS) - 1
    assert {name for sample in samples for name in sample} == set(PUBLISHED_FIELDS)
    # The fields of the published example: two turns, a path, times, one object a region.
    sample = samples[4]
    assert [turn["from"] for turn in sample["conversations"]] == ["human", "gpt"]
    assert sample["conversations"][0]["value"].startswith("<image>\n")
    assert len(sample["annotation"]) == sample["conversations"][0]["value"].count("<region>")


def test_lines_have_evidence_and_rejected_pairs_are_apart(exported, written, tmp_path):
    lines = [json.loads(line) for line in (written / "strefer.jsonl").read_text().splitlines()]
    assert lines[0]["evidence"]["claim"]["kind"] == "does"
    (row,) = datasets.load_dataset(str(exported), "rejected", cache_dir=str(tmp_path / "cache"))[
        "train"
    ]
    assert row["reason"].startswith("presence: ")
    assert json.loads(row["pair"])["rejected"] == row["reason"]


def test_datasets_opens_the_folder(exported, tmp_path):
    table = datasets.load_dataset(str(exported), cache_dir=str(tmp_path / "cache"))["train"]
    assert table.num_rows == len(PAIRS) - 1
    row = table[4]
    assert row["conversations"][1] == {"from": "gpt", "value": "It sits."}
    assert list(json.loads(row["annotation"])[1]) == ["9"]
    assert table[3]["clip_timestamps"] == ["00:00:04.000", "00:00:08.000"]
    assert table[0]["start_time"] is None


@pytest.mark.parametrize("name", ["strefer.json", "strefer.jsonl"])
def test_datasets_opens_the_json_forms(written, tmp_path, name):
    table = datasets.load_dataset(
        "json", data_files=str(written / name), cache_dir=str(tmp_path / "cache")
    )["train"]
    rows = [without_nulls(row) for row in table]
    text = (written / name).read_text()
    samples = json.loads(text) if name.endswith("json") else map(json.loads, text.splitlines())
    assert rows == [without_nulls(sample) for sample in samples]
    assert list(rows[4]["annotation"][1]) == ["9"]


def without_nulls(value):
    """A table fills in, as None, what another row has."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def test_the_card_counts_and_names(exported):
    _, head, text = (exported / "README.md").read_text().split("---\n", 2)
    assert yaml.safe_load(head)["configs"][0]["data_files"] == "data/*.parquet"
    assert "6 question-answer pairs" in text
    assert "| G8 | 0 | 0 | 1 | 1 | 1 | 50.0% |" in text
    assert "[provenance.json](../provenance.json)" in text
    assert "| presence | 1 | 14.3% |" in text
    assert "local files | apache-2.0 |" in text
    assert "| v1 | see https://huggingface.co/omni-research/Tarsier-34b |" in text
    assert "| question_writer | `ab12` |" in text


def test_a_run_without_accepted_pairs_is_an_empty_list(tmp_path):
    exported = export(tmp_path, {"agents": {}}, pairs=[PAIRS[-1]])
    assert write_for_trainer(read_samples(exported), "published", tmp_path) == 0
    assert json.loads((tmp_path / "strefer.json").read_text()) == []


def test_a_warning_is_the_first_thing_in_the_card(tmp_path):
    exported = export(tmp_path, {"agents": {}, "warning": "These results are nonsense."})
    text = (exported / "README.md").read_text().split("---\n", 2)[2]
    assert text.splitlines()[3] == "> **Warning.** These results are nonsense."
