"""Pixels, films on disk and their ground truth."""

import time

import av
import numpy as np
import pytest

from drawn_world.draw_films import write_film, write_world
from drawn_world.drawing.render import render, render_amodal
from drawn_world.plan.plan import plan_film
from drawn_world.truth import load_truth, truth_of, write_truth
from strefer.frames import read_frames, sample_times


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    return folder, write_world("held_out", 2, folder, first=5)


def test_rendering_is_deterministic_and_sound():
    plan = plan_film(21)
    frames, masks = render(plan, [0, 9, 40])
    again, masks_again = render(plan, [9])
    assert frames.shape == (3, 128, 128, 3)
    assert frames.dtype == np.uint8
    assert masks.shape == (len(plan.entities), 3, 128, 128)
    assert masks.dtype == bool
    assert (frames[1] == again[0]).all()
    assert (masks[:, 1] == masks_again[:, 0]).all()


def test_visible_masks_are_disjoint_and_within_the_whole():
    plan = plan_film(3, n_entities=3, hard_cases=("occluded",))
    frames = range(plan.n_frames)
    masks, whole = render(plan, frames)[1], render_amodal(plan, frames)
    assert masks.sum(0).max() == 1
    assert not (masks & ~whole).any()
    assert (masks != whole).any()


def test_a_fade_mixes_two_scenes_and_a_cut_does_not():
    plan = next(p for p in map(plan_film, range(50)) if p.scenes[1].transition == "fade")
    boundary = round(plan.scenes[1].start_s * plan.fps)
    frames = render(plan, range(boundary - 6, boundary + 6))[0].astype(np.int16)
    steps = np.abs(np.diff(frames, axis=0)).mean((1, 2, 3))
    whole = np.abs(frames[-1] - frames[0]).mean()
    assert steps.max() < 0.3 * whole


def test_a_frame_outside_the_film_is_an_error():
    plan = plan_film(0)
    with pytest.raises(ValueError, match=f"frame {plan.n_frames} is not in"):
        render(plan, [plan.n_frames])


def test_rendering_is_fast():
    plan = plan_film(2)
    render(plan, range(plan.n_frames))
    start = time.process_time()
    render(plan, range(plan.n_frames))
    # Measured at about 0.15 ms a frame once the sprites are drawn; the bound leaves much room.
    assert (time.process_time() - start) / plan.n_frames < 1.5e-3


def test_a_film_decodes_to_what_was_drawn(world):
    folder, film_ids = world
    plan = plan_film(4_000_005)
    assert film_ids == ["held_out_000005", "held_out_000006"]
    with av.open(str(folder / "videos" / f"{plan.film_id}.mp4")) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate) == plan.fps
        decoded = np.stack([f.to_ndarray(format="rgb24") for f in container.decode(stream)])
    assert len(decoded) == plan.n_frames
    drawn = render(plan, range(plan.n_frames))[0]
    assert np.abs(decoded.astype(np.int16) - drawn).mean() < 4.0


def test_the_truth_of_a_time_is_that_of_the_frame_which_is_decoded_for_it(world):
    folder, _ = world
    plan = plan_film(4_000_005)
    truth = load_truth(folder / "truth" / f"{plan.film_id}.json")
    times_s = sample_times(truth.duration_s, 32, truth.fps)
    seen = read_frames(str(folder / "videos" / f"{plan.film_id}.mp4"), times_s).astype(int)
    drawn, _ = render(plan, [truth.frame_at(time_s) for time_s in times_s])
    assert np.abs(np.asarray(drawn, int) - seen).mean(axis=(1, 2, 3)).max() < 6


def test_films_and_truth_have_the_same_bytes_each_time(world, tmp_path):
    folder, film_ids = world
    plan = plan_film(4_000_005)
    write_film(plan, tmp_path / "film.mp4")
    write_truth(plan, tmp_path / "film.json")
    for name, kind in (("videos", "mp4"), ("truth", "json")):
        first = (folder / name / f"{film_ids[0]}.{kind}").read_bytes()
        assert first == (tmp_path / f"film.{kind}").read_bytes()


def test_truth_reads_back_and_agrees_with_the_pixels(world):
    folder, film_ids = world
    plan = plan_film(4_000_005)
    truth = load_truth(folder / "truth" / f"{film_ids[0]}.json")
    assert truth == truth_of(plan)
    masks = render(plan, range(plan.n_frames))[1]
    for entity in truth.entities:
        visible = masks[entity.entity_id].sum((1, 2)) >= 30
        assert sorted(entity.boxes) == sorted(entity.masks) == list(np.flatnonzero(visible))
        seen_s = sum(end_s - start_s for start_s, end_s in entity.presence)
        assert seen_s * truth.fps == pytest.approx(visible.sum())
        share = truth.present(entity.entity_id, 0, truth.duration_s)
        assert share == pytest.approx(visible.mean())
        for frame in list(entity.boxes)[::9]:
            mask = truth.mask(entity.entity_id, frame)
            assert (mask == masks[entity.entity_id, frame]).all()
            x0, y0, x1, y1 = entity.boxes[frame]
            rows, columns = np.nonzero(mask)
            assert (x0, y0, x1, y1) == (
                columns.min(),
                rows.min(),
                columns.max() + 1,
                rows.max() + 1,
            )


def test_truth_tells_actions_and_boundaries():
    plan = next(p for p in map(plan_film, range(99)) if "late_entry" in p.hard_cases)
    truth = truth_of(plan)
    for scene in plan.scenes:
        for role in scene.roles:
            found = truth.action(role.entity_id, role.enter_s, role.exit_s)
            assert (found.action, found.target_id) == (role.action, role.target_id)
            assert found.active == (role.action != "stay")
    assert [b.time_s for b in truth.boundaries] == [scene.start_s for scene in plan.scenes[1:]]
    kinds = {"fade": "gradual", "cut": "hard"}
    assert [b.kind for b in truth.boundaries] == [kinds[s.transition] for s in plan.scenes[1:]]
    late = next(e for e in truth.entities if e.presence[0][0] > 0)
    assert truth.mask(late.entity_id, 0) is None
    assert truth.action(late.entity_id, 0, 0.125) is None


def test_a_broken_truth_file_is_named(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"id": "x"}')
    with pytest.raises(ValueError, match=r"broken\.json.*write_world"):
        load_truth(path)


def test_a_kill_leaves_the_truth_whole_or_not_at_all(tmp_path, monkeypatch):
    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("strefer.files.os.replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_truth(plan_film(100_000), tmp_path / "film.json")
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_split_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="split 'test' unknown"):
        write_world("test", 1, tmp_path)
