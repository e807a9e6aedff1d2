import numpy as np
import pytest
import torch
import transformers

from helpers import tiny_detector
from strefer.agents.detector.interface import RawDetection, in_order, prompt_of, read_queries
from strefer.agents.detector.load import load_detector
from strefer.agents.detector.with_groundingdino import GroundingDinoDetector


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


def test_labels_are_phrases_of_the_caller(folder, frames):
    phrases = ["Person", "red dog", "st. ball"]
    found = load(folder).detect(frames, phrases, 0.0, 0.0)
    assert {d.label for of_frame in found for d in of_frame} == set(phrases)


def test_boxes_and_scores_are_the_librarys_own(folder, frames):
    detector = load(folder)
    inputs = detector.processor(images=frames, text=["dog."] * 3, return_tensors="pt")
    with torch.inference_mode():
        outputs = detector.model(**inputs)
    expected = detector.processor.post_process_grounded_object_detection(
        outputs, inputs.input_ids, 0.0, 0.0, [(48, 80)] * 3
    )
    for found, theirs in zip(detector.detect(frames, ["dog"], 0.0, 0.0), expected, strict=True):
        raw = zip(theirs["boxes"].tolist(), theirs["scores"].tolist(), strict=True)
        theirs_cut = in_order([RawDetection(tuple(box), s, "dog") for box, s in raw], 80, 48)
        assert [d.score for d in found] == [d.score for d in theirs_cut]
        assert [d.box for d in found] == [d.box for d in theirs_cut]


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


def test_out_of_memory_halves_the_batch_and_changes_nothing(folder, frames, caplog):
    whole = load(folder, max_batch=3).detect(frames, ["dog"], 0.0, 0.0)
    detector = load(folder, max_batch=3)

    def room_for_one(module, args, kwargs):
        if len(kwargs["pixel_values"]) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")

    detector.model.register_forward_pre_hook(room_for_one, with_kwargs=True)
    for _ in range(2):
        halved = detector.detect(frames, ["dog"], 0.0, 0.0)
        for a, b in zip(whole, halved, strict=True):
            assert [d.box for d in b] == [pytest.approx(d.box, abs=1e-2) for d in a]
    assert caplog.messages == ["out of memory with a batch of 3; continuing with 1"]


def test_a_single_frame_that_does_not_fit_is_out_of_memory(folder, frames):
    detector = load(folder)

    def no_room(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    detector.model.register_forward_pre_hook(no_room)
    with pytest.raises(torch.OutOfMemoryError):
        detector.detect(frames, ["dog"], 0.0, 0.0)


def test_without_a_phrase_there_is_nothing_to_detect(folder, frames):
    with pytest.raises(ValueError, match="phrase"):
        prompt_of([])
    assert load(folder).detect(frames, ["...", ""], 0.0, 0.0) == [[], [], []]


def test_the_prompt_joins_phrases_by_dots():
    prompt = prompt_of(["Person", " dog ", "St. Bernard", "..", "dog", "what?"])
    assert prompt.text == "person. dog. st bernard. dog. what."
    words = {phrase: prompt.text[a:b] for phrase, (a, b) in prompt.spans.items()}
    assert words == {
        "Person": "person",
        " dog ": "dog",
        "St. Bernard": "st bernard",
        "dog": "dog",
        "what?": "what",
    }


WORDS = "fire truck t - shirt police officer person dog a ##ir ##plane ##shirt st bernard".split()
THRESHOLDS = (0.25, 0.3)


def detected(phrases, **sure):
    """The label of a box at which only the given words are sure, each on its first place."""
    vocabulary = {
        word: i for i, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", ".", *WORDS])
    }
    tokenizer = transformers.BertTokenizerFast(vocab=vocabulary, do_lower_case=True)
    prompt = prompt_of(phrases)
    read = tokenizer(prompt.text, return_offsets_mapping=True)
    names = tokenizer.convert_ids_to_tokens(read["input_ids"])
    assert "[UNK]" not in names
    probabilities = np.full((1, len(names)), 0.01, np.float32)
    for word, probability in sure.items():
        probabilities[0, names.index(word)] = probability
    tokens = prompt.tokens(read["offset_mapping"])
    box = np.array([[0.5, 0.5, 0.5, 0.5]], np.float32)
    [found] = read_queries(box, probabilities, tokens, THRESHOLDS, (100, 40))
    return found.label, pytest.approx(found.score)


@pytest.mark.parametrize(
    ("phrases", "sure", "label"),
    [
        (["person", "fire truck"], {"truck": 0.6, "fire": 0.2}, "fire truck"),
        (["police officer"], {"police": 0.6, "officer": 0.1}, "police officer"),
        (["t-shirt", "dog"], {"t": 0.4, "-": 0.5, "shirt": 0.6}, "t-shirt"),
        (["airplane"], {"##plane": 0.6}, "airplane"),
        (["person", "dog"], {"person": 0.4, "dog": 0.6}, "dog"),
        (["st. bernard", "dog"], {"bernard": 0.6, "dog": 0.1}, "st. bernard"),
        (["person", "dog"], {"dog": 0.29}, ""),
        (["person", "dog"], {".": 0.6}, ""),
    ],
)
def test_a_phrase_is_scored_by_its_own_tokens(phrases, sure, label):
    assert detected(phrases, **sure) == (label, max(sure.values()))


def test_boxes_are_shares_of_the_frame_and_need_the_threshold():
    boxes = np.array([[0.5, 0.5, 0.2, 1.0], [0.25, 0.5, 0.5, 0.5], [0.5, 0.5, 1, 1]], np.float32)
    probabilities = np.array([[0.4], [0.6], [0.25]], np.float32)
    first, second = read_queries(boxes, probabilities, {"dog": [0]}, THRESHOLDS, (100, 40))
    assert first.box == pytest.approx((0, 10, 50, 30))
    assert second.box == pytest.approx((40, 0, 60, 40))


def test_boxes_are_cut_to_the_frame_and_empty_ones_dropped():
    raw = [RawDetection((-5, -5, 3, 4), 0.2, "dog"), RawDetection((50, 0, 60, 5), 0.9, "dog")]
    assert in_order(raw, 20, 10) == [RawDetection((0.0, 0.0, 3, 4), 0.2, "dog")]


def test_unknown_adapters_and_models_are_named(folder):
    with pytest.raises(ValueError, match="'transformers' or 'groundingdino'"):
        load_detector({"adapter": "yolo", "model": "x"})
    with pytest.raises(ValueError, match="groundingdino-tiny"):
        GroundingDinoDetector.load({"model": "no-such"})
    with pytest.raises(ValueError, match="float32"):
        load(folder, dtype="int8")
