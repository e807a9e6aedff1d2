"""Plans of films: the same from the same seed, with hard cases true and in their shares."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from drawn_world.drawing.places import change_between
from drawn_world.drawing.render import render_amodal, render_masks
from drawn_world.plan.plan import HARD_CASE_SHARES, SPLITS, FilmPlan, plan_film, plan_long_film

SEEDS = range(300)


@pytest.fixture(scope="module")
def plans() -> list[FilmPlan]:
    return [plan_film(seed) for seed in SEEDS]


def _longest_run(flags: np.ndarray) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


def _seen_hard_cases(plan: FilmPlan) -> set[str]:
    """The hard cases as a viewer finds them, from the drawn masks alone."""
    frames = range(plan.n_frames)
    visible = render_masks(plan, frames).sum((2, 3))
    whole = render_amodal(plan, frames).sum((2, 3))
    there = visible >= 30
    kinds = [entity.generalized_noun for entity in plan.entities]
    found = {"same_category"} if len(set(kinds)) < len(kinds) else set()
    if not there[:, 0].all():
        found.add("late_entry")
    for entity_id, row in enumerate(there):
        gaps = np.diff(np.flatnonzero(row)) - 1
        if (gaps >= plan.fps / 2).any():
            found.add("leaves_returns")
        hidden = (whole[entity_id] >= 30) & (visible[entity_id] < 0.5 * whole[entity_id])
        if _longest_run(hidden) >= plan.fps / 2:
            found.add("occluded")
        for other in range(entity_id):
            if not (row & there[other]).any():
                found.add("never_together")
    return found


def test_a_seed_gives_one_film(plans):
    assert plan_film(7) == plans[7] == plan_film(7)
    assert plans[7] != plans[8]


@pytest.mark.parametrize("seed", [*range(0, 300, 7)])
def test_hard_cases_are_true_of_the_film(plans, seed):
    assert set(plans[seed].hard_cases) == _seen_hard_cases(plans[seed])


def test_hard_cases_come_in_their_shares(plans):
    counts = Counter(case for plan in plans for case in plan.hard_cases)
    for case, share in HARD_CASE_SHARES.items():
        assert counts[case] / len(plans) == pytest.approx(share, abs=0.06), case


def test_films_are_as_long_and_as_full_as_stated(plans):
    for plan in plans:
        assert 10 <= plan.duration_s <= 30
        assert 3 <= len(plan.scenes) <= 6
        assert all(1 <= len(scene.roles) <= 3 for scene in plan.scenes)
        assert all(3 <= scene.end_s - scene.start_s <= 7 for scene in plan.scenes)
    assert 2.4 <= np.mean([len(plan.entities) for plan in plans]) <= 3.0
    transitions = Counter(scene.transition for plan in plans for scene in plan.scenes)
    assert 0.25 <= transitions["fade"] / (transitions["fade"] + transitions["cut"]) <= 0.45


def test_expressions_are_unique_within_a_film(plans):
    for plan in plans:
        expressions = [entity.expression for entity in plan.entities]
        assert len(set(expressions)) == len(expressions)


def test_every_entity_acts(plans):
    for plan in plans:
        roles = [role for scene in plan.scenes for role in scene.roles]
        acting = {role.entity_id for role in roles if role.action != "stay"}
        assert acting == set(range(len(plan.entities)))


def test_moves_cover_their_way_in_their_direction(plans):
    for plan in plans:
        for role in (role for scene in plan.scenes for role in scene.roles):
            way = role.x_end_px - role.x_start_px
            if role.action in ("move_left", "move_right", "chase"):
                assert abs(way) >= 35
                assert role.facing * way > 0
            if role.action.startswith("move_"):
                assert (way > 0) == (role.action == "move_right")


def test_a_chaser_follows_its_target(plans):
    chases = 0
    for plan in plans:
        for scene in plan.scenes:
            roles = {role.entity_id: role for role in scene.roles}
            for role in scene.roles:
                if role.action == "chase":
                    target = roles[role.target_id]
                    assert target.facing == role.facing
                    assert (target.x_start_px - role.x_start_px) * role.facing > 0
                    chases += 1
    assert chases > 20


def test_little_is_hidden_where_nothing_is_said_to_be(plans):
    for plan in plans[:40]:
        if "occluded" in plan.hard_cases:
            continue
        frames = range(0, plan.n_frames, 3)
        visible = render_masks(plan, frames).sum((2, 3))
        whole = render_amodal(plan, frames).sum((2, 3))
        assert (visible >= 0.75 * whole).all(), plan.film_id


@pytest.mark.parametrize("case", list(HARD_CASE_SHARES))
def test_a_hard_case_can_be_asked_for(case):
    plan = plan_film(11, n_entities=3, n_scenes=4, hard_cases=(case,))
    assert case in plan.hard_cases
    assert len(plan.entities) == 3
    assert len(plan.scenes) == 4
    assert plan_film(11, n_entities=3, hard_cases=()).hard_cases == ()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"n_entities": 1, "hard_cases": ("same_category",)}, "ask for 2 or 3"),
        ({"n_entities": 2, "hard_cases": ("never_together", "occluded")}, "ask for 3"),
        ({"n_entities": 4, "hard_cases": ()}, "at most 3 share a scene"),
        ({"hard_cases": ("fog",)}, "'fog'"),
        ({"n_entities": 5}, "n_entities: 5"),
        ({"n_scenes": 0}, "n_scenes: 0"),
    ],
)
def test_impossible_requests_say_the_way_out(request_, message):
    with pytest.raises(ValueError, match=message):
        plan_film(0, **request_)


def test_splits_share_no_seed():
    spans = sorted((seeds.start, seeds.stop) for seeds in SPLITS.values())
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert plan_film(SPLITS["input"].start + 3).film_id == "input_000003"
    with pytest.raises(ValueError, match="in no split"):
        plan_film(5_000_000)


def test_a_long_film_is_long():
    plan = plan_long_film(SPLITS["input"].start, duration_s=200)
    assert plan.film_id == "input_long_000000"
    assert 200 <= plan.duration_s <= 207
    assert plan == plan_long_film(SPLITS["input"].start, duration_s=200)
    assert set(plan.hard_cases) == _seen_hard_cases(plan)


def test_cuts_jump_and_fades_do_not(plans):
    for plan in plans:
        for before, after in pairwise(plan.scenes):
            keys = [(scene.place.name, scene.place.palette) for scene in (before, after)]
            assert change_between(*keys) > 20
            if after.transition == "fade":
                assert change_between(*keys, n_steps=8) < 20
