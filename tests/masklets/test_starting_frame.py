from helpers.hand_made_masklets import found, raw
from strefer.masklets.starting_frame import (
    choose_starting_frame,
    phrases_of,
    suppressed,
    surest,
    usable,
)


def test_phrases_are_unique_and_lower_case_with_person_first():
    assert phrases_of(["Dog", "person", "ball", "dog", "person"]) == ["person", "dog", "ball"]


def test_detections_need_the_score_and_a_label():
    kept = usable([raw(0, 0, score=0.5), raw(1, 1, score=0.49), raw(2, 2, label="")], 3, 0.5)
    assert [(d.frame, d.box[:2]) for d in kept] == [(3, (0.0, 0.0))]


def test_the_first_frame_with_enough_detections_is_taken():
    by_frame = {15: 1, 7: 2, 23: 3}
    asked = []

    def detect(frame):
        asked.append(frame)
        return [found(i, 0, frame=frame) for i in range(by_frame[frame])]

    assert [d.frame for d in choose_starting_frame(detect, [15, 7, 23], 2)] == [7, 7]
    assert asked == [15, 7]


def test_without_enough_the_first_of_those_with_most_is_taken():
    by_frame = {15: 1, 7: 2, 23: 2}
    starts = choose_starting_frame(
        lambda frame: [found(i, 0, frame=frame) for i in range(by_frame[frame])], [15, 7, 23], 4
    )
    assert [d.frame for d in starts] == [7, 7]


def test_no_detection_at_all_gives_no_start():
    assert choose_starting_frame(lambda frame: [], [1, 0], 1) == []


def test_of_a_crowd_the_surest_are_tracked_and_the_log_says_so(caplog):
    crowd = [found(i % 24, i // 24, score=0.5 + i / 1000, frame=3) for i in range(100)]
    assert surest(crowd, 100) == crowd
    assert not caplog.messages
    assert [d.score for d in surest(crowd, 2)] == [0.599, 0.598]
    assert caplog.messages == [
        "frame 3: 100 detections; tracking the 2 with the highest scores (tracks.max_objects)"
    ]


def test_the_better_of_two_twins_stays_whatever_their_kinds():
    twins = [found(0, 0, "dog", 0.6), found(1, 0, "horse", 0.8), found(20, 20, "dog", 0.5)]
    assert [d.label for d in suppressed(twins, 0.7)] == ["horse", "dog"]
    assert len(suppressed(twins, 0.9)) == 3
