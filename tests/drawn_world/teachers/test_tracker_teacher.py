from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from drawn_world.plan.plan import SPLITS
from drawn_world.teachers.tracker import train as tracker_teacher
from drawn_world.teachers.tracker.checkpoint import Progress, resume_training, save_training
from drawn_world.teachers.tracker.data import SAMPLES, ClipSource, box_of, sampled_film
from drawn_world.teachers.tracker.loss import step_loss
from drawn_world.teachers.tracker.measures import measure_tracker
from drawn_world.teachers.tracker.model import new_tracker, normalised
from drawn_world.teachers.tracker.train import Pupil, train_step
from strefer.agents.tracker.load import load_tracker
from strefer.agents.tracker.propagation import encode_frames, unroll

CHECKPOINT = Path(__file__).parents[3] / "resources" / "teachers" / "tracker"


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def test_clips_are_seeded_and_fit_together():
    batch, again = (ClipSource(5).draw(3, 4) for _ in range(2))
    assert batch.frames.shape == (12, 128, 128, 3)
    assert batch.rows.shape[1] == len(batch.boxes) == batch.masks.shape[1]
    assert batch.rows[:, 0].tolist() == [0, 1, 2, 3]
    assert batch.rows[:, -1].tolist() == [8, 9, 10, 11]
    assert (batch.masks[0].sum((1, 2)) >= 60).all(), "a prompted entity must be visible"
    for box, mask in zip(batch.boxes, batch.masks[0], strict=True):
        assert np.abs(box - np.asarray(box_of(mask))).max() < 8
        assert box.min() >= 0
        assert box.max() <= 128
    for name in asdict(batch):
        assert (getattr(batch, name) == getattr(again, name)).all()


def test_clips_say_who_is_seen_where():
    batch = ClipSource(5).draw(3, 4)
    for step, row in np.ndindex(*batch.rows.shape):
        seen = batch.masks[step, row, 1::2, 1::2]
        owners = batch.owners[batch.rows[step, row]]
        assert (owners[seen] == batch.objects[row]).all()
    assert batch.looks[0].tolist() == [0, 0, 0]
    assert (batch.looks[1:, :2] > 0).all()
    assert batch.owners.max() < len(batch.looks)


def test_clips_show_entities_that_leave():
    source = ClipSource(1)
    areas = np.concatenate([source.draw(4, 6).masks.sum((2, 3)).transpose() for _ in range(12)])
    away = (areas[:, 1:] == 0).mean()
    assert 0.15 < away < 0.6


def test_a_sampled_film_has_first_and_last_frame():
    film = sampled_film(SPLITS["train"][0])
    assert len(film.frames) == SAMPLES
    assert film.frames[0] == 0
    assert film.frames[-1] == film.plan.n_frames - 1
    assert film.areas_px.shape == (len(film.plan.entities), SAMPLES)


def test_loss_reaches_the_memory():
    model = new_tracker(0, 128)
    batch = ClipSource(0).draw(2, 3)
    features = encode_frames(model, normalised(batch.frames, model.image_size))
    rows, boxes = torch.from_numpy(batch.rows), torch.from_numpy(batch.boxes)
    masks = torch.from_numpy(batch.masks).float()
    steps = unroll(model, features, rows, boxes, SAMPLES)
    total = sum(step_loss(step, masks[t])[0] for t, step in enumerate(steps))
    total.backward()
    for part in ("memory_attention", "memory_encoder", "object_pointer_proj", "vision_encoder"):
        gradients = [p.grad for p in model.get_submodule(part).parameters()]
        assert all(g is not None and g.isfinite().all() for g in gradients), part
        assert any(g.abs().max() > 0 for g in gradients), part


def test_steps_lower_the_loss():
    pupil = Pupil(new_tracker(0, 128))
    optimizer = torch.optim.AdamW(pupil.parameters(), lr=6e-4)
    batch = ClipSource(0).draw(2, 1)
    losses = [train_step(pupil, optimizer, batch)[0] for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]


def test_a_change_of_size_keeps_the_optimisers_parameters():
    pupil = Pupil(new_tracker(0, 128))
    before = dict(pupil.named_parameters())
    pupil.see_at(192)
    after = dict(pupil.named_parameters())
    assert list(before) == list(after)
    assert all(after[name] is parameter for name, parameter in before.items())
    assert pupil.model.image_size == 192
    optimizer = torch.optim.AdamW(before.values(), lr=1e-3)
    loss, _ = train_step(pupil, optimizer, ClipSource(0).draw(1, 2))
    assert np.isfinite(loss)


def test_the_rate_falls_within_its_phase():
    began, phase = tracker_teacher.PHASES[2].until, tracker_teacher.PHASES[3]
    assert tracker_teacher._at(began) == (phase, phase.rates[0])
    assert tracker_teacher._at(phase.until - 1e-6)[1] == pytest.approx(phase.rates[1], abs=0.01)
    assert tracker_teacher._at(0.0)[0] is tracker_teacher.PHASES[0]


def test_training_resumes_where_it_stopped(tmp_path):
    batch = ClipSource(0).draw(1, 2)
    first = Pupil(new_tracker(0, 128))
    optimizer = torch.optim.AdamW(first.parameters(), lr=1e-4)
    train_step(first, optimizer, batch)
    save_training(tmp_path, first, optimizer, Progress(1, 2.5, 17))
    second = Pupil(new_tracker(1, 128))
    resumed = torch.optim.AdamW(second.parameters(), lr=1e-4)
    assert resume_training(tmp_path, second, resumed) == Progress(1, 2.5, 17)
    losses = [train_step(pupil, o, batch) for pupil, o in ((first, optimizer), (second, resumed))]
    assert losses[0] == losses[1]
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_training_writes_a_folder_that_loads(tmp_path, monkeypatch):
    monkeypatch.setattr(tracker_teacher, "_CARD_FILMS", 1)
    tracker_teacher.train(tmp_path / "out", tmp_path / "work", 0.01, 0, 1, "cpu")
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
        "processor_config.json",
    ]
    tracker = load_tracker({"adapter": "transformers", "model": tmp_path / "out", "device": "cpu"})
    assert measure_tracker(tracker, SPLITS["held_out"][:1])["all"]["visible_frames"] > 0


def test_the_shipped_checkpoint_tracks():
    assert (CHECKPOINT / "model.safetensors").stat().st_size < 5_000_000
    tracker = load_tracker({"adapter": "transformers", "model": CHECKPOINT, "device": "cpu"})
    measures = measure_tracker(tracker, SPLITS["held_out"][100:106])["all"]
    assert measures["j_visible"] >= 0.75
    assert measures["empty_when_absent"] >= 0.8
