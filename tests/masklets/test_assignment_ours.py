import numpy as np
import pytest

from helpers.configurations import read_configuration
from helpers.hand_made_masklets import assign_options, entity
from strefer.agents.embedder import sigmoid_match
from strefer.masklets.assignment_ours import ScoredTrack, assign_ours, optimal_pairs
from strefer.masklets.drift import followed_expressions

RED, BLUE, DOG = (
    entity("man in a red shirt", "man", "person"),
    entity("man in a blue shirt", "man", "person"),
    entity("brown dog", "dog"),
)


def track(start_fits, fits=None, frames=range(4), start=0, noun="person"):
    """A track that started on one frame; `fits` are rows, one an expression."""
    frames = tuple(frames)
    return ScoredTrack(
        noun,
        (start,),
        np.asarray(start_fits, float)[:, None],
        frames,
        None if fits is None else np.asarray(fits, float),
    )


def steady(*fits, frames=range(4), start=None, noun="person"):
    """A track that fits the expressions alike on all frames."""
    frames = tuple(frames)
    rows = np.repeat(np.asarray(fits, float)[:, None], len(frames), axis=1)
    return track(fits, rows, frames, frames[0] if start is None else start, noun)


def assign(entities, tracks, overlap=lambda *_: 0.0, **options):
    composition = assign_ours(entities, tracks, overlap, assign_options(**options))
    pieces = {
        e: {p.track: list(p.frames) for p in of_entity}
        for e, of_entity in composition.pieces.items()
    }
    return pieces, composition.dropped


def test_a_conflict_is_settled_for_the_best_sum():
    """Both expressions fit the first box best; the paper would lose both."""
    pieces, dropped = assign([RED, BLUE], [track([0.9, 0.7]), track([0.6, 0.1])])
    assert {e: list(p) for e, p in pieces.items()} == {0: [1], 1: [0]}
    assert not dropped


def test_kinds_do_not_mix():
    pieces, dropped = assign([RED], [track([0.9], noun="dog")])
    assert not pieces
    assert dropped == {0: "no track of a person"}


def test_a_track_that_fits_too_badly_is_not_given():
    pieces, dropped = assign([RED], [steady(0.05)])
    assert not pieces
    assert dropped == {0: "its best track scores 0.05, below min_score 0.1"}


def test_the_reason_is_the_true_one():
    one_track = steady(0.9, 0.8)
    assert assign([RED, BLUE], [one_track])[1] == {
        1: "its best track fits 'man in a red shirt' better"
    }
    never_there = track([0.8], [[0.01] * 4])
    assert assign([RED], [never_there])[1] == {
        0: "every frame of its track fits another expression, or none, better"
    }


# The cosines of a real embedder (real figures of SigLIP-SO400M: open_clip, issues 716 and 746) with
# the right and with a wrong text, as what it finds probable: 0.32 and 0.0002.
RIGHT, WRONG = sigmoid_match(np.array([0.14, 0.07]), scale=112.33, bias=-16.5)
DEFAULTS = read_configuration("modern")["masklets"]


def test_with_a_published_embedder_the_right_track_is_kept_and_a_wrong_one_dropped():
    tracks = [steady(RIGHT, WRONG), steady(WRONG, RIGHT)]
    pieces, dropped = assign([RED, BLUE], tracks, **DEFAULTS)
    assert pieces == {0: {0: [0, 1, 2, 3]}, 1: {1: [0, 1, 2, 3]}}
    assert not dropped
    pieces, dropped = assign([RED], [steady(WRONG)], **DEFAULTS)
    assert not pieces
    assert dropped == {0: "its best track scores 0.00018, below min_score 0.02"}


def test_with_a_published_embedder_a_drift_after_half_of_the_film_is_found():
    fits = [[RIGHT] * 16 + [WRONG] * 16, [WRONG] * 16 + [RIGHT] * 16]
    drifting = track([RIGHT, WRONG], fits, frames=range(32))
    pieces, dropped = assign([RED, BLUE], [drifting], **DEFAULTS)
    assert pieces == {0: {0: list(range(16))}, 1: {0: list(range(16, 32))}}
    assert not dropped
    fits = np.array([[RIGHT] * 32, [WRONG] * 32])
    fits[:, 10] = [WRONG, RIGHT]  # one odd crop
    pieces, _ = assign([RED, BLUE], [track([RIGHT, WRONG], fits, frames=range(32))], **DEFAULTS)
    assert pieces == {0: {0: list(range(32))}}


def test_each_row_and_column_is_used_once_and_only_above_the_minimum():
    scores = np.array([[0.9, 0.8, 0.0], [0.9, 0.1, 0.0], [0.3, 0.2, 0.05]])
    assert optimal_pairs(scores, 0.1) == {0: 1, 1: 0}
    assert optimal_pairs(np.zeros((0, 3)), 0.1) == {}


def test_an_entity_that_returns_keeps_one_masklet_over_several_starting_frames():
    tracks = [steady(0.8, 0.2, frames=range(5)), steady(0.7, 0.1, frames=range(9, 14))]
    pieces, _ = assign([RED, BLUE], tracks)
    assert pieces == {0: {0: [0, 1, 2, 3, 4], 1: [9, 10, 11, 12, 13]}}


def test_each_frame_has_the_mask_of_the_track_that_started_nearer():
    tracks = [steady(0.8, frames=range(10), start=0), steady(0.7, frames=range(10), start=9)]
    assert assign([RED], tracks)[0] == {0: {0: [0, 1, 2, 3, 4], 1: [5, 6, 7, 8, 9]}}


def test_a_drifted_end_is_cut_off_and_goes_to_whom_it_shows():
    drifting = track([0.8, 0.1], [[0.8] * 6 + [0.1] * 6, [0.1] * 6 + [0.8] * 6], frames=range(12))
    pieces, dropped = assign([RED, BLUE], [drifting])
    assert pieces == {0: {0: list(range(6))}, 1: {0: list(range(6, 12))}}
    assert not dropped


def test_a_drifted_end_gives_way_to_the_entitys_own_track():
    drifting = track([0.8, 0.1], [[0.8] * 6 + [0.1] * 4, [0.1] * 6 + [0.8] * 4], frames=range(10))
    own = steady(0.1, 0.7, frames=range(2, 8), start=2)
    pieces, _ = assign([RED, BLUE], [drifting, own])
    assert pieces[1] == {0: [8, 9], 1: list(range(2, 8))}


def test_two_expressions_do_not_take_the_same_pixels():
    """Both tracks are on the second entity from frame 3 on."""
    tracks = [steady(0.5, 0.45, frames=range(6)), steady(0.1, 0.8, frames=range(6))]
    pieces, _ = assign([RED, BLUE], tracks, lambda a, b, frame: float(frame >= 3))
    assert pieces == {0: {0: [0, 1, 2]}, 1: {1: list(range(6))}}


def test_an_assigner_that_sees_starting_frames_only_cuts_nothing():
    tracks = [track([0.8, 0.1], frames=range(6)), track([0.1, 0.05], frames=range(4, 9), start=4)]
    pieces, _ = assign([RED, BLUE], tracks)
    assert pieces == {0: {0: list(range(6))}}


def test_what_a_joined_track_has_settled_holds_on_its_other_starting_frames():
    joined = ScoredTrack(
        "person", (0, 9), np.array([[0.8, 0.2], [0.1, 0.3]]), tuple(range(10)), None
    )
    late = track([0.9, 0.4], frames=range(8, 12), start=9)
    pieces, _ = assign([RED, BLUE], [joined, late])
    assert {e: list(p) for e, p in pieces.items()} == {0: [0], 1: [1]}


def test_pieces_that_fit_nothing_are_lost():
    track_off = track([0.8], [[0.8] * 6 + [0.01] * 6], frames=range(12))
    assert assign([RED], [track_off])[0] == {0: {0: list(range(6))}}


def test_the_score_is_the_mean_fit_of_what_is_taken():
    composition = assign_ours(
        [RED], [track([0.8], [[0.8, 0.6]], frames=[0, 1])], lambda *_: 0.0, assign_options()
    )
    assert composition.pieces[0][0].score == pytest.approx(0.7)


def test_one_odd_frame_does_not_cut_a_track():
    fits = np.array([[0.8] * 8, [0.2] * 8])
    fits[:, 4] = [0.3, 0.6]
    assert followed_expressions(fits, 0, 0.5, 2.0, 0.0).tolist() == [0] * 8
    fits[:, 4:7] = [[0.3], [0.9]]
    assert followed_expressions(fits, 0, 0.5, 2.0, 0.0).tolist() == [0] * 4 + [1] * 3 + [0]
