import numpy as np
import pytest

from helpers import tiny_detector
from strefer.agents.detector.interface import RawDetection, in_order, prompt_of
from strefer.agents.detector.load import load_detector
from strefer.agents.detector.with_groundingdino import GroundingDinoDetector, read_prediction


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_detector.build_detector(tmp_path_factory.mktemp("detector"))


@pytest.fixture(scope="module")
def frames():
    return list(np.random.default_rng(0).integers(0, 256, (3, 48, 80, 3), np.uint8))


def load(folder, **options):
    return load_detector({"adapter": "transformers", "model": str(folder)} | options)


def test_boxes_lie_in_the_frame_and_the_best_comes_first(folder, frames):
    found = load(folder).detect(frames, ["person", "dog"], 0.0, 0.0)
    assert len(found) == 3
    assert all(found)
    for of_frame in found:
        scores = [d.score for d in of_frame]
        assert scores == sorted(scores, reverse=True)
        for x0, y0, x1, y1 in (d.box for d in of_frame):
            assert 0 <= x0 < x1 <= 80
            assert 0 <= y0 < y1 <= 48


def test_labels_are_words_of_the_prompt(folder, frames):
    found = load(folder).detect(frames, ["person", "dog"], 0.0, 0.0)
    words = {word for of_frame in found for d in of_frame for word in d.label.split()}
    assert words == {"person", "dog"}


def test_thresholds_are_the_callers(folder, frames):
    detector = load(folder)
    assert detector.detect(frames, ["dog"], 1.1, 0.0) == [[], [], []]
    [found] = detector.detect(frames[:1], ["dog"], 0.0, 1.1)
    assert {d.label for d in found} == {""}


def test_a_frame_alone_is_as_in_a_batch(folder, frames):
    together = load(folder, max_batch=3).detect(frames, ["dog"], 0.0, 0.0)
    alone = load(folder, max_batch=1).detect(frames, ["dog"], 0.0, 0.0)
    for a, b in zip(together, alone, strict=True):
        assert [d.box for d in a] == [pytest.approx(d.box, abs=1e-2) for d in b]


def test_no_frames_give_no_detections(folder):
    assert load(folder).detect([], ["dog"], 0.0, 0.0) == []


@pytest.mark.parametrize("phrases", [[], [""], ["dog. cat"]])
def test_phrases_that_cannot_be_prompted_are_an_error(phrases):
    with pytest.raises(ValueError, match="phrase"):
        prompt_of(phrases)


def test_the_prompt_joins_phrases_by_dots():
    assert prompt_of(["Person", " dog "]) == "person. dog."


def test_boxes_are_cut_to_the_frame_and_empty_ones_dropped():
    raw = [RawDetection((-5, -5, 3, 4), 0.2, " dog "), RawDetection((50, 0, 60, 5), 0.9, "dog")]
    assert in_order(raw, 20, 10) == [RawDetection((0.0, 0.0, 3, 4), 0.2, "dog")]


def test_groundingdino_answers_in_shares_of_the_frame():
    [second, first] = [
        d.box
        for d in read_prediction(
            [[0.5, 0.5, 0.2, 1.0], [0.25, 0.5, 0.5, 0.5]], [0.4, 0.6], ["dog", "cat"], 100, 40
        )
    ][::-1]
    assert first == pytest.approx((0, 10, 50, 30))
    assert second == pytest.approx((40, 0, 60, 40))


def test_unknown_adapters_and_models_are_named(folder):
    with pytest.raises(ValueError, match="'transformers' or 'groundingdino'"):
        load_detector({"adapter": "yolo", "model": "x"})
    with pytest.raises(ValueError, match="groundingdino-tiny"):
        GroundingDinoDetector.load({"model": "no-such"})
    with pytest.raises(ValueError, match="float32"):
        load(folder, dtype="int8")
