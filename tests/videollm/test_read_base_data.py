"""Base data as it really is: used, or left out for a reason that is counted."""

import json
from collections import Counter

import pytest

from helpers.tiny_student import OPTIONS
from strefer.masks import encode_mask
from strefer.recipes.mix_recipe import mix_recipe
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.shapes import mask_of_shape
from strefer.videollm.training.train_checkpoint import train_checkpoint

QUESTION = "What does the <region> do?"


def base_sample(film, region, question=QUESTION, **more):
    turns = [{"from": "human", "value": f"<video>\n{question}"}, {"from": "gpt", "value": "Yes."}]
    return {"video": film, "conversations": turns, "annotation": [region]} | more


@pytest.fixture
def cases(parts, tmp_path):
    """VideoRefer-like samples by what becomes of them."""
    film, regions = parts.films[0]
    shape = film_shape(film)
    mask = next(iter(regions[0].values()))
    pixels = mask_of_shape(mask, shape.height_px, shape.width_px)
    empty = {"segmentation": {"size": [shape.height_px, shape.width_px], "counts": ""}}
    polygon = {"segmentation": [[10, 10, 60, 10, 60, 60]]}
    half = {"segmentation": encode_mask(pixels[::2, ::2])}
    narrow = {"segmentation": encode_mask(pixels[:, ::2])}
    (tmp_path / "nothing.mp4").touch()
    used = [
        {"0": mask, "4": {"segmentation": None}},
        {"0": mask, "1": {}, "2": None, "3": empty, "5": {"segmentation": []}},
        {"1": polygon},
        {"0": half},
        {"07": mask},
        {"3": mask, str(shape.n_frames): mask, "99999": mask},
    ]
    none = "a region has no mask"
    left_out = [
        (base_sample(film, {"0": {"segmentation": None}}), none),
        (base_sample(film, {}), none),
        (base_sample(film, None), none),
        (base_sample(film, {"0": empty}), none),
        (base_sample(film, {"0": narrow}), "a region cannot be read"),
        (base_sample(film, {"0": {"segmentation": [[1, 2]]}}), "a region cannot be read"),
        (base_sample(film, {"0": {"segmentation": "x"}}), "a region cannot be read"),
        (base_sample(film, {"99999": mask}), "a region's frame is not in the film"),
        (base_sample(film, {"frame 7": mask}), "the sample is malformed"),
        (
            base_sample(film, {"0": mask}, "Does <region> see <region>?"),
            "the text's <region> and the objects in annotation differ in number",
        ),
        (base_sample(str(tmp_path / "missing.mp4"), {"0": mask}), "the film is missing"),
        (base_sample(str(tmp_path / "nothing.mp4"), {"0": mask}), "the film cannot be decoded"),
        (base_sample(film, {"0": mask}, conversations=[{}, {}]), "the sample is malformed"),
        (
            base_sample(film, {"0": mask}, QUESTION + " <video> <video>"),
            "the text's <image> and the films differ in number",
        ),
    ]
    return [base_sample(film, region) for region in used], left_out


def mixed(samples, folder):
    (folder / "base.json").write_text(json.dumps(samples))
    (folder / "recipe.yaml").write_text("parts: [{base: base.json}]")
    mix_recipe(folder / "recipe.yaml", [], [], [], folder, folder / "recipe.jsonl")
    return folder / "recipe.jsonl"


@pytest.mark.parametrize("ahead_mb", [50, 0])
def test_what_is_left_out_is_counted_by_reason_and_the_rest_is_trained_on(
    parts, cases, tmp_path, ahead_mb
):
    used, left_out = cases
    recipe = mixed(used + [sample for sample, _ in left_out], tmp_path)
    options = {**OPTIONS, "vision": parts.vision, "llm": parts.llm, "batch_size": 1, "workers": 1}
    options |= {"keep_features_mb": ahead_mb, "most_left_out": 1}
    train_checkpoint(recipe, tmp_path / "out", options, 0, 1, tmp_path / "work")
    counted = json.loads((tmp_path / "out" / "training.json").read_text())["left_out"]
    assert counted == Counter(reason for _, reason in left_out)


def test_too_many_stop_the_run_at_once_and_say_why(parts, cases, tmp_path):
    used, left_out = cases
    options = {**OPTIONS, "vision": parts.vision, "llm": parts.llm, "workers": 1}
    recipe = mixed(used + [left_out[0][0]] * 30, tmp_path)
    for ahead_mb in (50, 0):
        with pytest.raises(ValueError, match=r"cannot be used.*a region has no mask \(\d+\)|row"):
            train_checkpoint(
                recipe,
                tmp_path / "out",
                {**options, "keep_features_mb": ahead_mb},
                0,
                1,
                tmp_path / "work",
            )
