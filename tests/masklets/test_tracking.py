import pytest

from helpers.hand_made_masklets import (
    ScriptedDetector,
    ScriptedTracker,
    found,
    numbered_frames,
    raw,
    track_options,
    working,
)
from strefer.masklets.tracking_ours import track_ours, unexplained
from strefer.masklets.tracking_paper import track_paper

EARLY, LATE = range(16), range(16, 32)


def detector_of(presence, labels=None):
    """A detector that finds each object on the frames on which it is there."""
    labels = labels or {}
    return ScriptedDetector(
        {
            frame: [
                raw(x, y, labels.get((x, y), "dog"))
                for (x, y), there in presence.items()
                if frame in there
            ]
            for frame in range(64)
        }
    )


def test_paper_starts_from_one_frame_and_tracks_both_ways():
    presence = {(0, 0): range(32), (20, 20): range(6, 32)}
    tracker = ScriptedTracker(presence)
    starts, tracks = track_paper(
        numbered_frames(32), ["dog", "dog"], detector_of(presence), tracker, track_options()
    )
    assert starts == [15]
    assert [len(t.masks) for t in tracks] == [32, 26]
    assert tracker.sessions == 1


def test_paper_looks_until_a_frame_has_all_and_loses_those_that_never_share_a_frame():
    presence = {(0, 0): EARLY, (20, 20): LATE}
    detector = detector_of(presence)
    starts, tracks = track_paper(
        numbered_frames(32), ["dog", "dog"], detector, ScriptedTracker(presence), track_options()
    )
    assert len(detector.seen) == 32
    assert starts == [15]
    assert len(tracks) == 1


def test_paper_without_detections_has_no_tracks():
    starts, tracks = track_paper(
        numbered_frames(4), ["dog"], ScriptedDetector({}), ScriptedTracker({}), track_options()
    )
    assert (starts, tracks) == ([], [])


def test_ours_finds_entities_that_never_share_a_frame():
    presence = {(0, 0): EARLY, (20, 20): LATE}
    tracker = ScriptedTracker(presence)
    starts, tracks = track_ours(
        numbered_frames(32), ["dog", "dog"], detector_of(presence), tracker, track_options()
    )
    assert len(starts) == 2
    assert [sorted(t.masks) for t in tracks] == [list(EARLY), list(LATE)]
    assert tracker.sessions == 1  # features are computed once for all starting frames


def test_only_ours_asks_for_certainty():
    presence = {(0, 0): range(32)}
    for track, asked in ((track_ours, {0.7}), (track_paper, {0.0})):
        tracker = ScriptedTracker(presence)
        options = track_options(min_certainty=0.7)
        track(numbered_frames(32), ["dog"], detector_of(presence), tracker, options)
        assert tracker.certainties == asked


def test_ours_takes_one_frame_where_one_covers_all():
    presence = {(0, 0): range(32), (20, 20): LATE}
    detector = detector_of(presence)
    starts, tracks = track_ours(
        numbered_frames(32), ["dog", "dog"], detector, ScriptedTracker(presence), track_options()
    )
    assert starts == [23]
    assert len(tracks) == 2
    assert detector.seen == [15, 7, 23, 3, 11, 19, 27]  # and no further


def test_ours_starts_anew_from_an_entity_that_the_tracker_lost():
    class Forgetful(ScriptedTracker):
        """Knows nobody again who was away."""

        def _follow(self, session, order, boxes, min_certainty):
            gone = set()
            for number, frame, drawn in super()._follow(session, order, boxes, min_certainty):
                if not drawn.any():
                    gone.add(number)
                yield number, frame, drawn & (number not in gone)

    presence = {(0, 0): [*range(10), *range(18, 32)]}
    starts, tracks = track_ours(
        numbered_frames(32), ["dog"], detector_of(presence), Forgetful(presence), track_options()
    )
    assert len(starts) == 2
    assert sorted(frame for track in tracks for frame in track.masks) == sorted(presence[0, 0])


def test_ours_counts_kinds_apart():
    """Two dogs do not cover a dog and a cat."""
    presence = {(0, 0): EARLY, (10, 10): EARLY, (20, 20): LATE}
    starts, tracks = track_ours(
        numbered_frames(32),
        ["dog", "cat"],
        detector_of(presence, {(20, 20): "cat"}),
        ScriptedTracker(presence),
        track_options(),
    )
    assert len(starts) == 2
    assert sorted(t.noun for t in tracks) == ["cat", "dog", "dog"]


def test_ours_stops_when_nothing_new_is_found():
    presence = {(0, 0): range(32)}
    detector = detector_of(presence)
    starts, tracks = track_ours(
        numbered_frames(32), ["dog"] * 3, detector, ScriptedTracker(presence), track_options()
    )
    assert len(starts) == 1
    assert len(tracks) == 1
    assert sorted(detector.seen) == list(range(32))  # each frame is looked at once


def test_ours_keeps_to_the_number_of_starting_frames():
    presence = {(0, 0): range(8), (8, 8): range(8, 16), (16, 16): range(16, 24)}
    starts, _ = track_ours(
        numbered_frames(32),
        ["dog"] * 3,
        detector_of(presence),
        ScriptedTracker(presence),
        track_options(max_starting_frames=2),
    )
    assert len(starts) == 2


@pytest.mark.parametrize(("x", "explained"), [(0, True), (2, True), (20, False)])
def test_a_detection_on_a_tracks_mask_is_explained(x, explained):
    new = unexplained([found(x, 0)], [working(0, 0, [0])], 0.4)
    assert (not new) is explained


def test_a_track_without_a_mask_on_the_frame_explains_nothing():
    assert unexplained([found(0, 0)], [working(0, 0, [1])], 0.4)
