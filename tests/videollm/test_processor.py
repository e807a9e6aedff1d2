"""From samples to tensors."""

import random

import numpy as np
import pytest

from helpers.tiny_student import sample_fields
from strefer.frames import sample_times
from strefer.videollm.architecture.model import IGNORED
from strefer.videollm.data.film_shape import film_shape
from strefer.videollm.data.frame_source import View
from strefer.videollm.data.processor import Processor, grid_of_mask
from strefer.videollm.data.samples import sample_from_json
from strefer.videollm.data.shapes import mask_of_shape

TIMED = "Is the <region> there between <start_time> and <end_time>?"


def sample(film, question, answer="Yes.", regions=(), **more):
    return sample_from_json(sample_fields(film[0], question, answer, list(regions), **more))


def with_settings(student, **changes):
    from dataclasses import replace

    return Processor(student.tokenizer, replace(student.processor.settings, **changes))


def test_loss_is_on_the_answer_and_its_end_alone(student, parts):
    encoded = student.processor.encode(sample(parts.films[0], "What is in the video?"), None)
    learned = [i for i, label in zip(encoded.ids, encoded.labels, strict=True) if label != IGNORED]
    assert student.tokenizer.decode(learned) == "Yes.<|im_end|>"
    assert all(label in (IGNORED, i) for i, label in zip(encoded.ids, encoded.labels, strict=True))


def test_every_answer_of_a_conversation_is_learned(student, parts):
    fields = sample_fields(parts.films[0][0], "What is in the video?", "Yes.", [])
    fields["conversations"] += [
        {"from": "human", "value": "What is in the video?"},
        {"from": "gpt", "value": "No."},
    ]
    encoded = student.processor.encode(sample_from_json(fields), None)
    learned = [label for label in encoded.labels if label != IGNORED]
    assert student.tokenizer.decode(learned) == "Yes.<|im_end|>No.<|im_end|>"


def test_placeholders_become_tokens(student, parts):
    film = parts.films[0]
    encoded = student.processor.encode(sample(film, TIMED, regions=film[1][:1]), None)
    config = student.model.config
    assert encoded.ids.count(config.video_token_id) == config.video_tokens == 3
    assert encoded.ids.count(config.region_token_id) == min(len(film[1][0]), 4)
    shape = film_shape(film[0])
    times = [i - config.first_time_token_id for i in encoded.ids if i >= config.first_time_token_id]
    assert times == [int(t / shape.duration_s * 8) for t in (2.0, 5.0)]


def test_times_in_answers_are_learned_or_not(student, parts):
    asked = sample(parts.films[0], "What is in the video?", "From <start_time> to <end_time>.")
    first = student.model.config.first_time_token_id

    def learned_times(processor):
        return [label for label in processor.encode(asked, None).labels if label >= first]

    assert len(learned_times(with_settings(student, learn_time_tokens=True))) == 2
    assert learned_times(with_settings(student, learn_time_tokens=False)) == []


def test_a_text_only_student_gets_the_words_and_times_and_nothing_that_is_seen(student, parts):
    film = parts.films[0]
    asked = sample(film, TIMED, regions=film[1][:1])
    encoded = with_settings(student, text_only=True).encode(asked, None)
    config = student.model.config
    assert encoded.view is None
    assert not encoded.grids
    assert not {config.video_token_id, config.region_token_id} & set(encoded.ids)
    words = student.tokenizer.decode(encoded.ids)
    assert "Is the region there between <" in words
    seen = student.processor.encode(asked, None)
    assert [i for i in encoded.labels if i != IGNORED] == [i for i in seen.labels if i != IGNORED]


def test_one_random_frame_of_a_region_or_all(student, parts):
    film = parts.films[0]
    region = max(film[1], key=len)
    asked = sample(film, TIMED, regions=[region])
    draws = [
        student.processor.encode(asked, random.Random(seed)).region_frames for seed in range(20)
    ]
    assert all(len(frames) == 1 for frames in draws)
    assert {frames[0] for frames in draws} == {int(key) for key in region}
    every = with_settings(student, sampled_regions="all").encode(asked, random.Random(0))
    assert every.region_frames == sorted(int(key) for key in region)


def test_raw_frames_outside_the_samples_are_read_by_themselves(student, parts):
    film = parts.films[0]
    shape = film_shape(film[0])
    shown = next(iter(film[1][0].values()))
    last = shape.n_frames - 1
    asked = sample(
        film, TIMED, regions=[{"0": shown, "1": shown, str(last): shown}], frame_keys="raw"
    )
    encoded = student.processor.encode(asked, None)
    assert encoded.region_frames == [0, 4, 3]  # the first sampled, one more, the last sampled
    assert encoded.other_view == View(film[0], (1 / shape.fps,))
    assert encoded.region_times == pytest.approx([0.0, 1 / last, 1.0])


def test_a_clip_is_seen_alone_and_times_are_relative_to_it(student, parts):
    film = parts.films[0]
    asked = sample(
        film,
        "Between <start_time> and <end_time>?",
        clip_timestamps=["00:00:02.000", "00:00:08.000"],
    )
    encoded = student.processor.encode(asked, None)
    fps = film_shape(film[0]).fps
    assert list(encoded.view.times_s) == sample_times(6.0, 4, fps, start_s=2.0)
    first = student.model.config.first_time_token_id
    assert [i - first for i in encoded.ids if i >= first] == [2, 6]  # 2 s and 5 s of 6


def test_long_texts_are_cut(student, parts):
    processor = with_settings(student, most_text_tokens=5)
    encoded = processor.encode(sample(parts.films[0], "What is in the video?"), None)
    assert len(encoded.ids) == len(encoded.labels) == 5 + 3


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotation": []}, "1 <region> for 0 objects"),
        ({"start_time": None}, "<start_time> without start_time"),
        ({"start_time": "2 s"}, "HH:MM:SS.mmm"),
        ({"frame_keys": "seconds"}, "frame_keys"),
        ({"conversations": []}, "conversations"),
        ({"path": None}, "without path"),
    ],
)
def test_wrong_samples_name_the_field(parts, changes, message):
    film = parts.films[0]
    fields = sample_fields(film[0], TIMED, "Yes.", film[1][:1]) | changes
    with pytest.raises(ValueError, match=message):
        sample_from_json(fields)


def test_a_region_without_pixels_and_a_frame_beyond_the_samples_are_refused(student, parts):
    film = parts.films[0]
    nothing = sample(film, TIMED, regions=[{"0": {"segmentation": None}}])
    with pytest.raises(ValueError, match="no mask with pixels"):
        student.processor.encode(nothing, None)
    beyond = sample(film, TIMED, regions=[{"9": next(iter(film[1][0].values()))}])
    with pytest.raises(ValueError, match="4 are sampled"):
        student.processor.encode(beyond, None)


def test_points_boxes_scribbles_and_polygons_mark_regions():
    box = mask_of_shape({"box": [10, 20, 30, 50]}, 100, 200)
    assert box.sum() == 20 * 30
    assert box[20:50, 10:30].all()
    polygon = mask_of_shape({"segmentation": [[10, 20, 30, 20, 30, 50, 10, 50]]}, 100, 200)
    assert np.count_nonzero(polygon ^ box) <= 60
    point = mask_of_shape({"point": [150, 60]}, 100, 200)
    assert point[60, 150]
    assert point.sum() < 100
    scribble = mask_of_shape({"scribble": [[10, 10], [100, 10]]}, 100, 200)
    assert scribble[10, 10:100].all()
    for shape in ({"point": [500, 500]}, {"circle": [1, 2]}):
        with pytest.raises(ValueError, match=r"outside|point or scribble"):
            mask_of_shape(shape, 100, 200)


def test_small_masks_do_not_vanish_on_the_grid():
    mask = np.zeros((100, 200), bool)
    mask[3, 5] = True
    assert grid_of_mask(mask, 4).sum() > 0
    assert grid_of_mask(np.ones((90, 70), bool), 4) == pytest.approx(np.ones((4, 4)))
