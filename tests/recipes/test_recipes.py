import json
from collections import Counter
from pathlib import Path

import pytest

from helpers.configurations import read_configuration
from helpers.own_data import PAIRS, VIDEO, pair, with_region_prompts, write_own_data
from strefer.recipes import base_data
from strefer.recipes.base_data import base_files, films_of_base, read_base
from strefer.recipes.mix_recipe import mix_recipe
from strefer.recipes.published_format import PUBLISHED_FIELDS, own_samples, published_sample
from strefer.recipes.recipe import load_recipe
from strefer.videollm.data.samples import iterate_samples, sample_from_json
from strefer.videollm.data.shapes import mask_of_shape
from strefer.videollm.data.unusable import LeftOut
from strefer.workflow.configuration.complete import overridden

CONFIG = Path(__file__).resolve().parents[2] / "config"
RECIPES = sorted((CONFIG / "recipes").glob("*.yaml"))
BASE = [
    {
        "id": n,
        "video": f"films/{n}.mp4",
        "conversations": [
            {"from": "human", "value": "<video>\nWhat is it?"},
            {"from": "gpt", "value": "A dog."},
        ],
    }
    for n in range(10)
]


@pytest.fixture
def own(tmp_path):
    return write_own_data(tmp_path)


def mix(own, tmp_path, recipe, base=BASE):
    (tmp_path / "recipe.yaml").write_text(recipe)
    (tmp_path / "base.json").write_text(json.dumps(base))
    output = tmp_path / "mixed.jsonl"
    mix_recipe(tmp_path / "recipe.yaml", **own, base_root=tmp_path, output=output)
    return [json.loads(line) for line in output.read_text().splitlines()]


def test_a_recipe_may_train_its_students_by_options_of_its_own(tmp_path):
    file = tmp_path / "recipe.yaml"
    file.write_text("training: {text_only: true}\nparts: [{groups: all}]")
    assert load_recipe(file).training == {"text_only": True}
    config = read_configuration("config")
    changed = overridden(config, "training", {"text_only": True}, "x.yaml")
    assert changed == config["training"] | {"text_only": True}
    with pytest.raises(ValueError, match="x.yaml: .*no option 'training.text_onli'.*text_only"):
        overridden(config, "training", {"text_onli": True}, "x.yaml")
    file.write_text("training: 3\nparts: [{groups: all}]")
    with pytest.raises(ValueError, match="`training` must name options, not 3"):
        load_recipe(file)


def sample(own, pair_id):
    return next(s for s in own_samples(**own) if s["id"] == pair_id)


def test_a_region_sample_as_published(own):
    found = sample(own, "a-004")
    assert found["conversations"][0]["value"].startswith("<image>\nWhat do the dog in <region>")
    assert found["path"] == "films/a.mp4"
    assert (found["start_time"], found["end_time"]) == ("00:00:04.000", "00:00:08.500")
    dog, ball = found["annotation"]
    assert list(dog) == ["0", "8", "15"]
    assert list(ball) == ["9"]
    assert set(dog["0"]) == {"segmentation"}
    assert dog["0"]["segmentation"]["size"] == [64, 64]
    assert "clip_timestamps" not in found


def test_a_clip_sample_counts_from_the_clip(own):
    found = sample(own, "a-003")
    assert found["clip_timestamps"] == ["00:00:04.000", "00:00:08.000"]
    # Sampled frames 8 and 15 are 0 s and 3.5 s into the clip; frame 0 is outside.
    assert list(found["annotation"][0]) == ["0", str(round(3.5 / 4 * 31))]


def test_options_and_hints_stand_in_the_question(own):
    assert sample(own, "a-005")["conversations"][0]["value"].splitlines()[2:] == [
        "(A) a", "(B) b", "(C) c", "(D) d",
        "Answer with the option's letter from the given choices directly.",
    ]  # fmt: skip
    assert sample(own, "a-001")["conversations"][0]["value"].endswith("Answer yes or no.")


def test_rejected_pairs_are_left_out_and_groups_chosen(own):
    assert len(list(own_samples(**own))) == len(PAIRS) - 1
    assert [s["group"] for s in own_samples(**own, groups={"G8"})] == ["G8"]


def test_a_region_without_a_mask_is_an_error():
    with pytest.raises(ValueError, match="entity 1 has no mask"):
        from helpers.own_data import MASKLETS

        published_sample(pair(0, "G5", "The <region>?", regions=(1,)), "a", VIDEO, MASKLETS)


def test_the_student_reads_every_sample(own, tmp_path):
    mix(own, tmp_path, "parts:\n  - base: base.json\n  - groups: all\n")
    samples = list(iterate_samples(tmp_path / "mixed.jsonl"))
    assert len(samples) == 16
    for one in own_samples(**own):
        known = {name: one[name] for name in PUBLISHED_FIELDS if name in one}
        assert sample_from_json(known) == sample_from_json(one)


@pytest.mark.parametrize("refer_by", ["mask", "box", "point", "scribble"])
def test_the_student_reads_what_a_recipe_refers_by(tmp_path, refer_by):
    masklets, blot = with_region_prompts()
    own = write_own_data(tmp_path, masklets=masklets)
    whole = sample(own, "a-004")["annotation"][0]["8"]
    assert set(whole) == {"segmentation", "box", "point", "scribble"}
    mix(own, tmp_path, f"parts: [{{groups: [G7], refer_by: {refer_by}}}]\n")
    (read,) = iterate_samples(tmp_path / "mixed.jsonl")
    assert [list(region) for region in read.regions] == [[0, 8, 15], [9]]
    shape = read.regions[0][8]
    assert len(shape) == 1
    marked = mask_of_shape(dict(shape), 64, 64)
    if refer_by in ("mask", "box"):  # the blot is a box
        assert (marked == blot).all()
    else:
        assert 0 < marked.sum() < blot.sum()
        assert (marked & blot).sum() > 0.9 * marked.sum()


def test_region_prompts_that_were_not_made_are_asked_for(own, tmp_path):
    with pytest.raises(ValueError, match="no box; set `masklets.region_prompts: true`"):
        mix(own, tmp_path, "parts: [{groups: [G7], refer_by: box}]\n")


def test_shares_counts_and_names(own, tmp_path):
    mixed = mix(
        own, tmp_path,
        "seed: 3\nparts:\n  - base: base.json\n    share: 0.5\n  - groups: [G1, G2, G4]\n"
        "    count: 2\n    name: few\n",
    )  # fmt: skip
    assert Counter(s["part"] for s in mixed) == {"base": 5, "few": 2}


def test_a_mixture_depends_on_its_seed_alone(own, tmp_path):
    recipe = "seed: {}\nparts:\n  - base: base.json\n  - groups: all\n"
    first, again, other = (mix(own, tmp_path, recipe.format(seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert sorted(map(str, first)) == sorted(map(str, other))


def test_base_data_is_checked_and_completed(tmp_path):
    path = tmp_path / "base.jsonl"
    region = BASE[0] | {
        "conversations": [
            {"from": "human", "value": "<video>\nWhat is <region>?"},
            {"from": "gpt", "value": "A dog."},
        ],
        "annotation": [{"117": {"segmentation": {"size": [1, 1], "counts": "01"}}}],
    }
    path.write_text("\n".join(map(json.dumps, (BASE[0], region))))
    words, masks = read_base(path)
    assert words["path"] == str(tmp_path / "films/0.mp4")
    assert words["conversations"][0]["value"] == "<image>\nWhat is it?"
    assert masks["frame_keys"] == "raw"


def test_base_data_that_are_wrong_in_part_are_left_to_the_training(tmp_path, caplog):
    path = tmp_path / "base.json"
    path.write_text(json.dumps([*BASE, {"video": "a.mp4"}, BASE[0] | {"annotation": None}, 3]))
    assert len(read_base(path)) == len(BASE) + 3
    assert "2 of 13 samples cannot be used" in caplog.text
    counted = LeftOut(1, "base")
    lines = "".join(json.dumps(sample) + "\n" for sample in read_base(path))
    (tmp_path / "mixed.jsonl").write_text(lines)
    assert len(list(iterate_samples(tmp_path / "mixed.jsonl", counted))) == len(BASE) + 1
    assert counted.reasons == {"the sample is malformed": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "neither JSON nor JSON Lines"),
        ('[{"path": "a"}]', "sample 1: .conversations."),
        ('[{"conversations": [{"from": "me", "value": ""}, {}]}]', "each turn needs"),
        (
            json.dumps([BASE[0] | {"annotation": [{}]}]),
            "0 <region> in the text, 1 objects",
        ),
    ],
)
def test_what_is_wrong_in_base_data_is_named(tmp_path, text, message):
    path = tmp_path / "base.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_base(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parts: [", "not YAML"),
        ("parts: []\n", "at least one part"),
        ("part: []\n", "needs `parts`"),
        ("seed: a\nparts: [{groups: all}]\n", "`seed`"),
        ("parts: [{share: 1}]\n", "part 1: give either"),
        ("parts: [{groups: all, base: a.json}]\n", "part 1: give either"),
        ("parts: [{groups: [G9]}]\n", "'G9' is not a group"),
        ("parts: [{groups: most}]\n", "'most' is not a group"),
        ("parts: [{groups: all, share: 2}]\n", "`share`"),
        ("parts: [{groups: all, count: 0}]\n", "`count`"),
        ("parts: [{groups: all, weight: 1}]\n", "unknown key 'weight'"),
        ("parts: [{groups: all, refer_by: name}]\n", "`refer_by`"),
        ("parts: [{base: a.json, refer_by: box}]\n", "`refer_by`"),
    ],
)
def test_what_is_wrong_in_a_recipe_is_named(tmp_path, text, message):
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as error:
        load_recipe(path)
    assert str(path) in str(error.value)


def test_missing_files_and_empty_parts(own, tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        load_recipe(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match="part 'G3' has no samples"):
        mix(own, tmp_path, "parts: [{groups: [G3]}]\n")
    with pytest.raises(ValueError, match="no such file"):
        mix(own, tmp_path, "parts: [{base: other.json}]\n")


def test_the_recipes_that_come_along():
    recipes = {path.stem: load_recipe(path) for path in RECIPES}
    assert {"base", "strefer", "paper-base", "paper-final"} <= set(recipes)
    assert {f"g{n}" for n in range(1, 9)} <= set(recipes)
    assert base_files(recipes["g7"], Path("run")) == [Path("run/base.json")]
    assert recipes["g7"].parts[1].groups == ("G7",)
    counts = {
        name: sum(p.count for p in recipes[name].parts) for name in recipes if "paper" in name
    }
    assert counts == {"paper-base": 1_948_679, "paper-final": 2_508_722}


def test_the_films_of_base_data_are_those_of_its_samples(tmp_path, monkeypatch):
    turns = [
        {"from": "human", "value": 'Is "video": "no.mp4" there?'},
        {"from": "gpt", "value": "-"},
    ]
    films = ["a.mp4", 'b/ä "c".mp4', "/far/d.mp4"]
    keys = ("path", "video", "image")
    samples = [{k: film, "conversations": turns} for k, film in zip(keys, films, strict=True)]
    samples += [samples[0], {"conversations": turns}]
    whole, lines = tmp_path / "whole.json", tmp_path / "lines.jsonl"
    whole.write_text(json.dumps(samples, indent=1))
    lines.write_text("".join(json.dumps(s, ensure_ascii=False) + "\n" for s in samples))
    for block in (7, 64, 2**24):  # also where a name lies across two blocks
        monkeypatch.setattr(base_data, "_BLOCK_BYTES", block)
        for file in (whole, lines):
            named = {sample["path"] for sample in read_base(file) if "path" in sample}
            assert films_of_base(file) == sorted(named)
            assert len(named) == 3


def test_base_data_that_are_missing_or_wrong_have_no_films(tmp_path):
    (tmp_path / "empty.json").touch()
    (tmp_path / "wrong.json").write_bytes(b'[{"video": "\xff.mp4"}]')
    for name in ("empty.json", "wrong.json", "none.json"):
        assert films_of_base(tmp_path / name) == []
