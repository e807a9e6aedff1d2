"""SAM 2's kin with random weights, through the sessions of transformers."""

import numpy as np
import pytest
import torch

from helpers import tiny_detector, tiny_sam3
from helpers.drawn_masks import propagate
from helpers.tiny_edgetam import new_edgetam
from strefer.agents.tracker.load import load_tracker
from strefer.agents.tracker.with_transformers import SessionTracker

IMAGE_PX = 112
BOXES = [(10.0, 20.0, 50.0, 60.0), (60.0, 30.0, 100.0, 70.0)]
KIN = {"edgetam": lambda: new_edgetam(128), "sam3": lambda: tiny_sam3.new_box_tracker(IMAGE_PX)}


@pytest.fixture(scope="module", params=KIN)
def kin(request):
    """A model and its processor; objects come and go."""
    torch.set_num_threads(1)
    model, processor = KIN[request.param]()
    with torch.no_grad():
        model.mask_decoder.pred_obj_score_head.proj_out.bias.fill_(0.35)
    return model, processor


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(0).integers(0, 256, (6, 72, 128, 3), dtype=np.uint8)


@torch.inference_mode()
def by_the_class(model, processor, frames, start_frame, reverse):
    session = processor.init_video_session(video=torch.from_numpy(frames).permute(0, 3, 1, 2))
    processor.add_inputs_to_inference_session(
        session,
        frame_idx=start_frame,
        obj_ids=list(range(len(BOXES))),
        input_boxes=[[list(box) for box in BOXES]],
    )
    model(inference_session=session, frame_idx=start_frame)
    found = [{} for _ in BOXES]
    for output in model.propagate_in_video_iterator(
        session, start_frame_idx=start_frame, reverse=reverse
    ):
        [drawn] = processor.post_process_masks(
            [output.pred_masks], original_sizes=[list(frames.shape[1:3])], binarize=True
        )
        for row, masks in enumerate(found):
            masks[output.frame_idx] = drawn[row, 0].numpy()
    return found


def test_it_is_the_class_and_sees_each_frame_once(kin, frames):
    """Both directions from one frame, and another starting frame, in one session."""
    model, processor = kin
    tracker = SessionTracker(model, processor, max_batch=1)
    seen = []
    hook = model.vision_encoder.register_forward_hook(lambda *_: seen.append(1))
    session = tracker.open_session(frames)
    passes = [(2, False), (2, True), (4, True)]
    found = {one: propagate(tracker, session, one[0], BOXES, one[1]) for one in passes}
    hook.remove()
    assert len(seen) == len(frames)
    drawn = 0
    for (start_frame, reverse), of_pass in found.items():
        expected = by_the_class(model, processor, frames, start_frame, reverse)
        for masks, of_class in zip(of_pass, expected, strict=True):
            assert list(masks) == list(of_class)
            for frame, mask in masks.items():
                assert mask.shape == frames.shape[1:3]
                assert (mask != of_class[frame]).mean() < 1e-3
                drawn += mask.any()
    assert drawn > 6


def test_a_saved_folder_loads_by_what_it_is(kin, frames, tmp_path):
    model, processor = kin
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    spec = {"adapter": "transformers", "model": str(tmp_path), "device": "cpu"}
    loaded, known = load_tracker(spec), SessionTracker(model, processor)
    assert type(loaded.model) is type(model)
    masks = [
        propagate(one, one.open_session(frames[:2]), 0, BOXES[:1], reverse=False)[0]
        for one in (loaded, known)
    ]
    assert all((masks[0][frame] == masks[1][frame]).all() for frame in (0, 1))


def test_sam3_itself_gives_its_tracker(tmp_path, frames):
    model, _ = tiny_sam3.new_concept_tracker(IMAGE_PX)
    tiny_sam3.build_sam3(tmp_path, IMAGE_PX)
    spec = {"adapter": "transformers", "model": str(tmp_path), "device": "cpu"}
    weights = load_tracker(spec).model.state_dict()
    for name, value in model.tracker_model.state_dict().items():
        assert torch.equal(weights[name], value), name
    neck = {f"vision_encoder.neck.{n}": v for n, v in model.tracker_neck.state_dict().items()}
    assert all(torch.equal(weights[name], value) for name, value in neck.items())


def test_another_class_is_refused_in_words(tmp_path):
    folder = tiny_detector.build_detector(tmp_path)
    spec = {"adapter": "transformers", "model": str(folder), "device": "cpu"}
    with pytest.raises(ValueError, match=r"is a 'grounding-dino'; .* one of sam2_video, edgetam"):
        load_tracker(spec)
