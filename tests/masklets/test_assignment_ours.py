import numpy as np
import pytest

from masklets.hand_made import assign_options, entity
from strefer.masklet_procedures.assignment_ours import (
    Piece,
    ScoredTrack,
    assign_ours,
    optimal_pairs,
)
from strefer.masklet_procedures.drift import followed_expressions

RED, BLUE, DOG = (
    entity("man in a red shirt", "man", "person"),
    entity("man in a blue shirt", "man", "person"),
    entity("brown dog", "dog"),
)


def track(fits, frames=None, noun="person", scored=None):
    """A track from rows of fits, one an expression."""
    fits = np.asarray(fits, float)
    frames = tuple(frames if frames is not None else range(fits.shape[1]))
    return ScoredTrack(noun, frames, frames if scored is None else tuple(scored), fits)


def steady(*fits, frames=range(4), noun="person"):
    return track(np.repeat(np.asarray(fits)[:, None], len(frames), axis=1), frames, noun)


def assign(entities, tracks, dense=True, **options):
    composition = assign_ours(entities, tracks, dense, assign_options(**options))
    return composition.pieces, composition.dropped


def test_a_conflict_is_settled_for_the_best_sum():
    """Both expressions fit the first track best; the paper would lose both."""
    pieces, dropped = assign([RED, BLUE], [steady(0.9, 0.7), steady(0.6, 0.1)], dense=False)
    assert {e: p[0].track for e, p in pieces.items()} == {0: 1, 1: 0}
    assert not dropped


def test_kinds_do_not_mix():
    pieces, dropped = assign([RED], [steady(0.9, noun="dog")], dense=False)
    assert not pieces
    assert dropped == {0: "no track of a person"}


def test_a_track_that_fits_too_badly_is_not_given():
    pieces, dropped = assign([RED], [steady(0.05)])
    assert not pieces
    assert "no track fits" in dropped[0]


def test_each_row_and_column_is_used_once_and_only_above_the_minimum():
    scores = np.array([[0.9, 0.8, 0.0], [0.9, 0.1, 0.05], [0.3, 0.2, 0.05]])
    assert optimal_pairs(scores, 0.1) == {0: 1, 1: 0}


def test_a_drifted_end_is_cut_off_and_goes_to_whom_it_shows():
    drifting = track([[0.8] * 6 + [0.1] * 6, [0.1] * 6 + [0.8] * 6])
    pieces, dropped = assign([RED, BLUE], [drifting])
    assert pieces[0] == [Piece(0, tuple(range(6)), pytest.approx(0.8))]
    assert pieces[1] == [Piece(0, tuple(range(6, 12)), pytest.approx(0.8))]
    assert not dropped


def test_a_drifted_end_gives_way_to_the_entitys_own_track():
    drifting = track([[0.8] * 6 + [0.1] * 4, [0.1] * 6 + [0.8] * 4])
    own = steady(0.1, 0.7, frames=range(2, 8))
    pieces, _ = assign([RED, BLUE], [drifting, own])
    assert [p.frames for p in pieces[1]] == [tuple(range(2, 8)), (8, 9)]
    assert [p.track for p in pieces[1]] == [1, 0]


def test_an_entity_that_returns_in_another_track_keeps_its_masklet():
    pieces, _ = assign([RED], [steady(0.8, frames=range(5)), steady(0.7, frames=range(9, 14))])
    assert [p.frames for p in pieces[0]] == [tuple(range(5)), tuple(range(9, 14))]


def test_an_assigner_that_sees_starting_frames_only_cuts_nothing():
    one = track([[0.8], [0.1]], frames=range(6), scored=[3])
    late = track([[0.7], [0.1]], frames=range(4, 9), scored=[8])
    pieces, _ = assign([RED, BLUE], [one, late], dense=False)
    assert [p.frames for p in pieces[0]] == [tuple(range(6)), (6, 7, 8)]
    assert 1 not in pieces


def test_pieces_that_fit_nothing_are_lost():
    pieces, _ = assign([RED], [track([[0.8] * 6 + [-0.4] * 6])])
    assert pieces[0][0].frames == tuple(range(6))


def test_one_odd_frame_does_not_cut_a_track():
    fits = np.array([[0.8] * 8, [0.2] * 8])
    fits[:, 4] = [0.3, 0.6]
    assert followed_expressions(fits, 0, 0.1, 0.3, 0.0).tolist() == [0] * 8
    fits[:, 4:7] = [[0.3], [0.9]]
    assert followed_expressions(fits, 0, 0.1, 0.3, 0.0).tolist() == [0] * 4 + [1] * 3 + [0]
