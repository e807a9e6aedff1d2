import numpy as np
import pytest
import torch
from transformers import Sam2VideoModel

from drawn_world.teachers.tracker.model import new_tracker, normalised, tracker_processor
from helpers.drawn_masks import propagate, track
from strefer.agents.tracker.certain_masks import masks_of
from strefer.agents.tracker.interface import Prompt, visited_frames
from strefer.agents.tracker.load import load_tracker
from strefer.agents.tracker.with_transformers import TransformersTracker

IMAGE_PX = 128
N_FRAMES = 9
BOXES = [(10.0, 20.0, 50.0, 60.0), (60.0, 60.0, 100.0, 120.0), (5.0, 70.0, 40.0, 110.0)]


@pytest.fixture(scope="module")
def model() -> Sam2VideoModel:
    """Untrained, with objects that come and go: about half of the presence scores are below 0."""
    torch.set_num_threads(1)
    model = new_tracker(3, IMAGE_PX).eval()
    with torch.no_grad():
        model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(0.35)
    return model


@pytest.fixture(scope="module")
def tracker(model) -> TransformersTracker:
    return TransformersTracker(model, tracker_processor(IMAGE_PX))


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (N_FRAMES, 128, 128, 3), dtype=np.uint8)


def _masks_of_the_class(model, frames, start_frame, boxes, reverse):
    """The same pass by the class's own procedure, object after object."""
    processor = tracker_processor(IMAGE_PX)
    session = processor.init_video_session(video=torch.from_numpy(frames).permute(0, 3, 1, 2))
    processor.add_inputs_to_inference_session(
        session,
        frame_idx=start_frame,
        obj_ids=list(range(len(boxes))),
        input_boxes=[[list(box) for box in boxes]],
    )
    model(inference_session=session, frame_idx=start_frame)
    found = [{} for _ in boxes]
    for output in model.propagate_in_video_iterator(
        session, start_frame_idx=start_frame, reverse=reverse
    ):
        drawn = processor.post_process_masks(
            [output.pred_masks], original_sizes=[list(frames.shape[1:3])], binarize=True
        )[0]
        for row in range(len(boxes)):
            found[row][output.frame_idx] = drawn[row, 0].numpy()
    return found


@pytest.mark.parametrize(("start_frame", "reverse"), [(0, False), (4, False), (4, True)])
def test_batched_pass_equals_the_class_of_transformers(
    model, tracker, frames, start_frame, reverse
):
    expected = _masks_of_the_class(model, frames, start_frame, BOXES, reverse)
    session = tracker.open_session(frames)
    found = propagate(tracker, session, start_frame, BOXES, reverse)
    assert [sorted(masks) for masks in found] == [sorted(masks) for masks in expected]
    areas = []
    for masks, class_masks in zip(found, expected, strict=True):
        for frame, mask in masks.items():
            # Batches round differently in the last bit, so a pixel on the edge may differ.
            assert (mask != class_masks[frame]).mean() < 1e-3
            areas.append(mask.sum())
    assert any(area == 0 for area in areas), "no absent object: the case is not tested"
    assert any(area > 0 for area in areas)


@pytest.mark.parametrize("image_px", [128, 192])
def test_training_pixels_equal_the_processors(frames, image_px):
    processed = tracker_processor(image_px).video_processor(
        videos=[torch.from_numpy(frames).permute(0, 3, 1, 2)], return_tensors="pt"
    )
    difference = processed.pixel_values_videos[0] - normalised(frames, image_px)
    grey_level = 1 / 255 / 0.224
    assert difference.abs().max() < 1.01 * grey_level  # it rounds enlarged pixels


def test_track_covers_the_film_in_both_directions(tracker, frames):
    prompts = [Prompt(7, 4, BOXES[0]), Prompt(2, 0, BOXES[1])]
    tracked = track(tracker, frames, prompts)
    assert list(tracked) == [7, 2]
    for masks in tracked.values():
        assert list(masks) == list(range(N_FRAMES))
        assert all(mask.shape == (128, 128) and mask.dtype == bool for mask in masks.values())
    forward = track(tracker, frames, prompts, directions=("forward",))
    assert list(forward[7]) == [4, 5, 6, 7, 8]
    backward = track(tracker, frames, prompts, directions=("backward",))
    assert list(backward[2]) == [0]
    for masks in (forward, backward):
        assert all((mask == tracked[7][frame]).all() for frame, mask in masks[7].items())


def test_batch_size_changes_nothing(model, tracker, frames):
    small = TransformersTracker(model, tracker_processor(IMAGE_PX), max_batch=2)
    prompts = [Prompt(i, 3, box) for i, box in enumerate(BOXES)]
    large, little = track(tracker, frames, prompts), track(small, frames, prompts)
    for object_id, masks in large.items():
        for frame, mask in masks.items():
            assert (mask != little[object_id][frame]).mean() < 1e-3


def test_out_of_memory_halves_the_batch_and_changes_nothing(model, tracker, frames, caplog):
    """Of frames that are encoded and of objects that are followed, also in the middle of a film."""
    expected = track(tracker, frames, [Prompt(i, 3, box) for i, box in enumerate(BOXES)])
    small = TransformersTracker(model, tracker_processor(IMAGE_PX), max_batch=3)
    calls = []

    def room_for_two(module, args, kwargs):
        calls.append(module)
        values = [*args, *kwargs.values()]
        size = next(len(v) for v in values if isinstance(v, torch.Tensor) and v.ndim == 4)
        if size > 2 and (module is model.vision_encoder or len(calls) > 12):
            raise torch.OutOfMemoryError("CUDA out of memory")

    hooks = [
        part.register_forward_pre_hook(room_for_two, with_kwargs=True)
        for part in (model.vision_encoder, model.mask_decoder)
    ]
    try:
        session = small.open_session(frames)
        small.batches.size = 3
        halved = [
            backward | forward
            for forward, backward in zip(
                propagate(small, session, 3, BOXES, reverse=False),
                propagate(small, session, 3, BOXES, reverse=True),
                strict=True,
            )
        ]
    finally:
        for hook in hooks:
            hook.remove()
    for object_id, masks in expected.items():
        assert sorted(halved[object_id]) == list(masks)
        for frame, mask in masks.items():
            assert (mask != halved[object_id][frame]).mean() < 1e-3
    assert caplog.messages == ["out of memory with a batch of 3; continuing with 1"] * 2


def test_oblong_frames_get_masks_of_their_size(tracker, frames):
    oblong = np.ascontiguousarray(frames[:3, :72, :])
    tracked = track(tracker, oblong, [Prompt(0, 1, (10, 10, 60, 60))])
    assert all(mask.shape == (72, 128) for mask in tracked[0].values())


def test_a_saved_folder_loads_through_the_config(tmp_path, model, tracker, frames):
    model.save_pretrained(tmp_path)
    tracker_processor(IMAGE_PX).save_pretrained(tmp_path)
    loaded = load_tracker({"adapter": "transformers", "model": str(tmp_path), "device": "cpu"})
    prompts = [Prompt(0, 2, BOXES[0])]
    expected, found = track(tracker, frames, prompts), track(loaded, frames, prompts)
    for frame, mask in expected[0].items():
        assert (mask != found[0][frame]).mean() < 1e-3


def test_bfloat16_runs_by_autocast(model, frames):
    tracker = TransformersTracker(model, tracker_processor(IMAGE_PX), dtype=torch.bfloat16)
    tracked = track(tracker, frames[:3], [Prompt(0, 0, BOXES[0])])
    assert list(tracked[0]) == [0, 1, 2]
    assert next(model.parameters()).dtype == torch.float32


def test_visited_frames():
    assert list(visited_frames(2, 5, reverse=False)) == [2, 3, 4]
    assert list(visited_frames(2, 5, reverse=True)) == [2, 1, 0]
    assert list(visited_frames(2, 5, reverse=False, until=3)) == [2, 3]
    assert list(visited_frames(2, 5, reverse=False, until=9)) == [2, 3, 4]
    assert list(visited_frames(2, 5, reverse=True, until=1)) == [2, 1]


def test_a_pass_may_end_early(tracker, frames):
    session = tracker.open_session(frames)
    whole = propagate(tracker, session, 4, BOXES[:1], reverse=True)[0]
    part = propagate(tracker, session, 4, BOXES[:1], reverse=True, until=2)[0]
    assert sorted(part) == [2, 3, 4]
    assert all((part[frame] == whole[frame]).all() for frame in part)
    with pytest.raises(ValueError, match="does not lie after"):
        propagate(tracker, session, 4, BOXES[:1], reverse=False, until=3)


def test_a_doubtful_mask_is_left_empty_whole():
    sure, doubtful = torch.full((2, 3), 3.0), torch.full((2, 3), 0.2)
    sure[0], doubtful[0] = -1.0, -5.0  # what lies outside does not count
    logits = torch.stack([sure, doubtful, torch.full((2, 3), -1024.0)])
    shown = [[False] * 3, [True] * 3]
    nothing = [[False] * 3] * 2
    assert masks_of(logits).tolist() == [shown, shown, nothing]
    assert masks_of(logits, 0.54).tolist() == [shown, shown, nothing]  # sigmoid(0.2) is 0.550
    assert masks_of(logits, 0.56).tolist() == [shown, nothing, nothing]


def test_certainty_empties_masks_and_changes_no_other(tracker, frames):
    prompts = [Prompt(i, 4, box) for i, box in enumerate(BOXES)]
    as_drawn = track(tracker, frames, prompts)
    certain = track(tracker, frames, prompts, min_certainty=0.53)
    kept = emptied = 0
    for object_id, masks in as_drawn.items():
        for frame, mask in masks.items():
            of_certain = certain[object_id][frame]
            kept += (of_certain == mask).all() and mask.any()
            emptied += mask.any() and not of_certain.any()
            assert (of_certain == mask).all() or not of_certain.any()
    assert kept and emptied
    # Where the box is given, the object is there.
    nothing_else = track(tracker, frames, prompts, min_certainty=1.0)
    for object_id, masks in nothing_else.items():
        assert (masks.pop(4) == as_drawn[object_id][4]).all()
        assert not any(mask.any() for mask in masks.values())


def test_bad_input_is_named(tracker, frames):
    with pytest.raises(ValueError, match=r"agents\.tracker\.adapter is 'cotracker'"):
        load_tracker({"adapter": "cotracker"})
    with pytest.raises(ValueError, match=r"agents\.tracker\.dtype is 'int8'"):
        load_tracker({"adapter": "transformers", "model": "m", "dtype": "int8"})
    with pytest.raises(ValueError, match=r"uint8 \[T, H, W, 3\]"):
        tracker.open_session(frames.astype(np.float32))
    session = tracker.open_session(frames[:2])
    with pytest.raises(ValueError, match="starting frame 2 is not among the 2 frames"):
        propagate(tracker, session, 2, BOXES, reverse=False)
    with pytest.raises(ValueError, match="is empty"):
        propagate(tracker, session, 0, [(10, 10, 10, 20)], reverse=False)
    with pytest.raises(ValueError, match="repeat"):
        track(tracker, frames, [Prompt(1, 0, BOXES[0]), Prompt(1, 3, BOXES[1])])
    with pytest.raises(ValueError, match="unknown direction 'sideways'"):
        track(tracker, frames, [Prompt(1, 0, BOXES[0])], directions=("sideways",))
    assert propagate(tracker, session, 0, [], reverse=False) == []
