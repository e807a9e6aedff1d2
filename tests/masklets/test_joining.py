import numpy as np
import pytest

from helpers.hand_made_masklets import SIDE, square, working
from strefer.masklets.joining import carry_over, join_directions, join_duplicates, merged
from strefer.masks import encode_mask

EMPTY = np.zeros((SIDE, SIDE), bool)


def encoded(masks):
    return {frame: encode_mask(mask) for frame, mask in masks.items()}


def test_directions_are_paired_by_their_boxes_on_the_shared_frame():
    forward = [{1: square(0, 0), 2: square(2, 0)}, {1: square(20, 20), 2: EMPTY}]
    backward = [{1: square(20, 21), 0: square(18, 20)}, {1: square(0, 1), 0: EMPTY}]
    first, second = join_directions(
        [encoded(masks) for masks in forward], [encoded(masks) for masks in backward], 1
    )
    # The forward track gives the shared frame.
    assert first == encoded({0: EMPTY, 1: square(0, 0), 2: square(2, 0)})
    assert second == encoded({0: square(18, 20), 1: square(20, 20), 2: EMPTY})


def test_directions_with_different_numbers_of_tracks_are_an_error():
    with pytest.raises(ValueError, match="1 tracks forward, but 0 backward"):
        join_directions([encoded({0: EMPTY})], [], 0)


def test_a_track_of_the_same_object_is_joined_and_fills_its_gaps():
    old = working(0, 0, range(6))
    new = working(1, 0, range(3, 12), start=11)
    [track] = join_duplicates([old], [new], 0.5)
    assert sorted(track.masks) == list(range(12))
    assert [d.frame for d in track.detections] == [0, 11]
    # Frame 5 is nearer to frame 0, where the first started; frame 6 only the second has.
    assert track.masks[5] == encode_mask(square(0, 0))
    assert track.masks[6] == encode_mask(square(1, 0))


@pytest.mark.parametrize(
    ("new", "why"),
    [
        (working(20, 20, range(12)), "another place"),
        (working(0, 0, range(12), noun="cat"), "another kind"),
        (working(0, 0, range(5, 30)), "one common frame of six"),
    ],
)
def test_other_tracks_stay_apart(new, why):
    assert len(join_duplicates([working(0, 0, range(6))], [new], 0.5)) == 2, why


def test_each_frame_has_the_mask_of_the_nearer_start():
    track = merged(working(0, 0, range(10), start=0), working(2, 0, range(10), start=9))
    assert track.masks[4] == encode_mask(square(0, 0))
    assert track.masks[5] == encode_mask(square(2, 0))


def test_identities_are_carried_into_the_next_window():
    tracks = [working(0, 0, range(10)), working(20, 20, range(10))]
    of_window = [working(20, 21, range(8, 18)), working(0, 10, range(8, 18))]
    carried = carry_over(tracks, of_window, range(8, 10), 0.5)
    assert [sorted(t.masks)[-1] for t in carried] == [9, 17, 17]
    assert carried[2].masks[8] == encode_mask(square(0, 10))


def test_a_track_that_is_in_one_of_the_shared_frames_only_is_judged_by_all_of_them():
    tracks = [working(0, 0, range(10))]
    of_window = [working(0, 0, [8, 12, 13])]
    assert len(carry_over(tracks, of_window, [7, 8, 9], 0.5)) == 2
    assert len(carry_over(tracks, of_window, [8], 0.5)) == 1
