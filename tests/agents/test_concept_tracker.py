"""SAM 3 as a concept tracker: the class of transformers with random weights. They are sure of
nothing, so that thresholds are lower than published; all else is the class's own."""

import numpy as np
import pytest
import torch

from drawn_world.teachers.tracker.model import new_tracker, tracker_processor
from helpers import tiny_sam3
from strefer.agents.concept_tracker import plain_kernels
from strefer.agents.concept_tracker.load import load_concept_tracker
from strefer.agents.concept_tracker.with_transformers import Sam3ConceptTracker
from strefer.masks import box_of_mask, box_of_rle, decode_mask

UNSURE = {"score_threshold_detection": 0.2, "new_det_thresh": 0.2}
UNSURE |= {"assoc_iou_thresh": 0.01, "trk_assoc_iou_thresh": 0.01}
UNSURE |= {"high_conf_thresh": 0.1, "high_iou_thresh": 0.01, "recondition_every_nth_frame": 4}
PHRASES = ["dog", "a red dog"]
N_FRAMES = 24  # more than are looked back to, and more confirmations than are kept


@pytest.fixture(scope="module")
def loaded():
    torch.set_num_threads(1)
    return tiny_sam3.new_concept_tracker(56, **UNSURE)


@pytest.fixture(scope="module")
def frames():
    coarse = np.random.default_rng(0).integers(0, 255, (N_FRAMES, 9, 16, 3), dtype=np.uint8)
    return coarse.repeat(4, axis=1).repeat(4, axis=2)


@torch.inference_mode()
def by_the_class(model, processor, frames):
    """Masks by phrase, object and frame, by the class's own means, with all frames at hand."""
    model.max_num_objects = 2
    session = processor.init_video_session(video=torch.from_numpy(frames).permute(0, 3, 1, 2))
    processor.add_text_prompt(session, PHRASES)
    found, scores = {}, {}
    for output in model.propagate_in_video_iterator(session):
        drawn = processor.postprocess_outputs(session, output)
        rows = dict(zip(drawn["object_ids"].tolist(), drawn["masks"].numpy(), strict=True))
        scores |= dict(zip(drawn["object_ids"].tolist(), drawn["scores"].tolist(), strict=True))
        for phrase, numbers in drawn["prompt_to_obj_ids"].items():
            for number in numbers:
                found.setdefault((phrase, number), {})[output.frame_idx] = rows[number]
    return found, scores


def test_it_is_the_class_and_forgets_only_what_is_not_looked_back_to(loaded, frames):
    model, processor = loaded
    tracker = Sam3ConceptTracker(model, processor)
    expected, scores = by_the_class(model, processor, frames)
    found = tracker.follow(iter(frames), N_FRAMES, PHRASES, every=3, max_objects=2)
    kept = {
        key: {frame // 3: mask for frame, mask in masks.items() if frame % 3 == 0 and mask.any()}
        for key, masks in expected.items()
    }
    kept = [(key, masks) for key, masks in sorted(kept.items()) if masks]
    kept.sort(key=lambda one: (PHRASES.index(one[0][0]), one[0][1]))
    assert len(found) == len(kept) >= 2
    assert max(len(masks) for _, masks in kept) > 4
    for one, ((phrase, number), masks) in zip(found, kept, strict=True):
        assert (one.phrase, one.score) == (phrase, scores[number])
        assert sorted(one.masks) == sorted(masks)
        assert one.first_frame == min(masks)
        assert one.box == box_of_mask(masks[one.first_frame]) == box_of_rle(one.masks[min(masks)])
        for frame, mask in masks.items():
            assert (decode_mask(one.masks[frame]) == mask).all()


def test_memory_does_not_grow_with_the_film(loaded, frames, monkeypatch):
    model, processor = loaded
    tracker = Sam3ConceptTracker(model, processor)
    held = []
    forget = tracker._forget

    def weigh(session):
        forget(session)
        kinds = [k for of in session.output_dict_per_obj.values() for k in of.values()]
        values = [v for kind in kinds for out in kind.values() for v in out.values()]
        held.append(sum(v.numel() for v in values if v is not None and torch.is_tensor(v)))

    monkeypatch.setattr(tracker, "_forget", weigh)
    tracker.follow((np.array(f) for f in frames), N_FRAMES, PHRASES, max_objects=2)
    assert max(held) < 1.2 * held[10]


def test_a_long_phrase_loses_its_end_and_keeps_its_name(loaded, frames):
    tracker = Sam3ConceptTracker(*loaded)
    long = "the small brown dog that runs beside the red ball"  # its bytes are tokens here
    found = tracker.follow(iter(frames[:2]), 2, [long], max_objects=1)
    assert {one.phrase for one in found} == {long}
    assert tracker._shortened(long) == "the small brown dog that runs beside"


def test_at_the_published_size_masks_are_in_the_films_pixels():
    """1008 px in patches of 14, hot start of 15 frames: a film shorter than that ends it."""
    model, processor = tiny_sam3.new_concept_tracker(1008, **UNSURE)
    published = type(model.config)()
    names = ("low_res_mask_size", "hotstart_delay", "max_trk_keep_alive", "det_nms_thresh")
    assert [getattr(model.config, n) for n in names] == [getattr(published, n) for n in names]
    frames = np.zeros((2, 90, 160, 3), np.uint8)
    frames[:, 20:60, 30:90] = 200
    seen = []
    model.detector_model.vision_encoder.register_forward_pre_hook(
        lambda module, args, kwargs: seen.append([*args, *kwargs.values()][0].shape),
        with_kwargs=True,
    )
    found = Sam3ConceptTracker(model, processor).follow(iter(frames), 2, ["dog"], max_objects=1)
    assert seen == [(1, 3, 1008, 1008)] * 2
    assert [sorted(one.masks) for one in found] == [[0, 1]]
    assert all(code["size"] == [90, 160] for code in found[0].masks.values())


def test_a_saved_folder_loads_through_the_config_and_another_class_is_refused(tmp_path, frames):
    tiny_sam3.build_sam3(tmp_path / "sam3", 56)
    spec = {"adapter": "transformers", "model": str(tmp_path / "sam3"), "device": "cpu"}
    tracker = load_concept_tracker(spec)
    assert tracker.follow(iter(frames[:1]), 1, ["dog"]) == []  # random weights are sure of nothing
    new_tracker(3, 64).save_pretrained(tmp_path / "sam2")
    tracker_processor(64).save_pretrained(tmp_path / "sam2")
    with pytest.raises(ValueError, match="is a 'sam2_video'; only SAM 3"):
        load_concept_tracker(spec | {"model": str(tmp_path / "sam2")})
    with pytest.raises(ValueError, match="concept_tracker.adapter is 'sam3'"):
        load_concept_tracker(spec | {"adapter": "sam3"})


def test_the_surer_of_two_overlapping_detections_stays():
    ious = torch.tensor([[1.0, 0.6, 0.0], [0.6, 1.0, 0.2], [0.0, 0.2, 1.0]])
    assert plain_kernels.generic_nms(ious, torch.tensor([0.5, 0.9, 0.7]), 0.3).tolist() == [1, 2]
    assert plain_kernels.generic_nms(ious, torch.tensor([0.5, 0.9, 0.7]), 0.7).tolist() == [1, 2, 0]


def test_parts_of_a_mask_are_counted():
    mask = torch.tensor([[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]], dtype=torch.uint8)
    labels, counts = plain_kernels.cc_2d(torch.stack([mask, 1 - mask])[:, None])
    assert counts[0, 0].tolist() == [[2, 2, 0, 0], [0, 0, 0, 2], [0, 0, 0, 2]]
    assert counts[1, 0, 0].tolist() == [0, 0, 8, 8]
    assert labels[0, 0, 0, 0] != labels[0, 0, 2, 3]
