"""Every figure is full for a run that is right, and falls for the mistake that it is about."""

import dataclasses

import pytest

from drawn_world.quality.films import MeasuredFilm, parsed_share, read_run
from drawn_world.quality.measure_masklets import score_masklets
from drawn_world.quality.measure_quality import figures_of
from drawn_world.quality.pairs import TruthWitness, distinct_2, near_duplicates
from drawn_world.truth import Boundary, save_truth
from helpers.hand_made_run import (
    BALL,
    DOG,
    ENTITIES,
    RIGHT,
    TRUTH,
    film,
    masklets,
    pair,
    with_lines,
)
from helpers.shards import write_shard
from strefer.records import Clips, Entities, Entity, References, Segment


def measured(**changed):
    return figures_of([film(**changed)])


def test_a_run_that_is_right_measures_full():
    figures = measured()
    for name in (
        "entities.recall",
        "entities.precision",
        "parser.exact",
        "existence.accuracy",
        "behaviour.accuracy",
        "statements.exact",
        "segments.hard_f1",
        "masklets.run.jf",
        "masklets.ours.jf",
        "masklets.paper.never_together_recall",
        "pairs.true_after",
        "pairs.true_kept",
    ):
        assert figures[name] == 1.0, name
    assert figures["transcripts.disagreements"] == 0.0
    assert figures["segments.gradual_f1"] is None
    assert figures["pairs.true_before"] == 0.5
    assert figures["pairs.per_minute_any_film"] == 6.0
    assert figures["pairs.per_minute_film"] is None  # no film of three entities
    assert figures["pairs.near_duplicates"] == 0.0
    assert figures["pairs.share_G3"] == 1.0


def test_an_entity_that_is_not_named_lowers_recall():
    references = [References(ENTITIES[:1])]
    figures = measured(references=references)
    assert (figures["entities.recall"], figures["entities.precision"]) == (0.5, 1.0)
    assert figures["parser.exact"] == 0.0


def test_an_entity_that_is_not_there_lowers_precision():
    references = [References((*ENTITIES, Entity("white bus", "bus", "bus")))]
    figures = measured(references=references)
    assert figures["entities.recall"] == 1.0
    assert figures["entities.precision"] == pytest.approx(2 / 3)


def test_naming_who_only_stands_about_is_neither_asked_for_nor_wrong():
    still = dataclasses.replace(BALL.actions[0], action="stay", phrase="stands still")
    truth = dataclasses.replace(TRUTH, entities=(DOG, dataclasses.replace(BALL, actions=(still,))))
    figures = figures_of([MeasuredFilm(truth, RIGHT)])
    assert figures["entities.recall"] == figures["entities.precision"] == 1.0


def test_a_wrong_noun_is_no_exact_parse():
    wrong = Entity("brown dog", "dog", "person")
    assert measured(references=[References((wrong, ENTITIES[1]))])["parser.exact"] == 0.0
    text = [Entities("The active entity is a brown dog.")]
    assert measured(entities=text)["parser.exact"] == 0.0


def test_the_parser_has_to_list_what_each_look_names():
    looks = "The active entities are a brown dog and a red ball.\nThe active entity is a red ball."
    assert measured(entities=[Entities(looks)])["parser.exact"] == 1.0
    figures = measured(entities=[Entities(f"{looks}\nThe active entity is a black dog.")])
    assert figures["parser.exact"] == pytest.approx(2 / 3)
    assert figures["parser.exact_film"] == 0.0


def test_an_entity_that_no_list_names_spoils_one_list():
    looks = "The active entity is a brown dog.\nThe active entity is a brown dog."
    figures = measured(entities=[Entities(looks)])
    assert figures["parser.exact"] == 0.5


def test_a_failed_parser_counts_as_wrong():
    figures = measured(references=[])
    assert figures["parser.exact"] == figures["entities.recall"] == 0.0


def test_an_absence_that_is_not_seen_lowers_existence():
    lines = with_lines(1, "The brown dog sits.", "The red ball rolls to the right.")
    assert measured(transcripts=lines)["existence.accuracy"] == 0.75


def test_another_deed_lowers_behaviour():
    lines = with_lines(1, "The brown dog jumps.", None)
    figures = measured(transcripts=lines)
    assert figures["behaviour.accuracy"] == pytest.approx(2 / 3)
    assert figures["existence.accuracy"] == 1.0


def test_an_action_in_other_words_is_right():
    lines = with_lines(1, "It seems that the dog sits on the ground.", None)
    assert measured(transcripts=lines)["behaviour.accuracy"] == 1.0


def test_a_line_that_is_read_otherwise_lowers_statements():
    lines = with_lines(0, "The dog barks at the moon.", "A red ball is rolling rightwards.")
    assert measured(transcripts=lines)["statements.exact"] == pytest.approx(1 / 3)
    assert measured(statements=[])["statements.exact"] is None


def test_disagreements_are_counted():
    lines = [dataclasses.replace(RIGHT["transcripts"][0], disagreements=(1,))]
    assert measured(transcripts=lines)["transcripts.disagreements"] == 0.5


def test_boundaries_missed_and_made_up_lower_f1():
    one = [Clips((Segment(0, 0.0, 10.0, "start"),))]
    assert measured(clips=one)["segments.hard_f1"] == 0.0
    three = [
        Clips(tuple(Segment(i, s, e, "cut") for i, (s, e) in enumerate([(0, 2), (2, 5), (5, 10)])))
    ]
    assert measured(clips=three)["segments.hard_f1"] == pytest.approx(2 / 3)
    late = [Clips((Segment(0, 0.0, 5.6, "start"), Segment(1, 5.6, 10.0, "cut")))]
    assert measured(clips=late)["segments.hard_f1"] == 0.0


def test_a_boundary_of_the_other_kind_is_no_mistake():
    truth = dataclasses.replace(TRUTH, boundaries=(*TRUTH.boundaries, Boundary(8.0, "gradual")))
    clips = Clips(
        tuple(Segment(i, s, e, "cut") for i, (s, e) in enumerate([(0, 5), (5, 8), (8, 10)]))
    )
    figures = figures_of([MeasuredFilm(truth, RIGHT | {"clips": [clips]})])
    assert figures["segments.hard_f1"] == figures["segments.gradual_f1"] == 1.0


def test_masklets_beside_their_entity_lose_jf_and_recall():
    figures = measured(masklets=[masklets(x0_dog=20)])
    assert figures["masklets.run.jf"] < 0.6
    assert figures["masklets.run.never_together_recall"] == 0.5
    assert figures["masklets.ours.jf"] == 1.0
    assert measured(masklets=[])["masklets.run.jf"] == 0.0


def test_a_mask_where_nobody_is_costs_jf():
    late = masklets()
    ball = late.masklets[1]
    ball = dataclasses.replace(ball, masks=ball.masks | {"9": ball.masks["0"]})
    late = dataclasses.replace(late, masklets=(late.masklets[0], ball))
    scores = [score_masklets(TRUTH, late, "paper")]
    assert measured(masklet_scores=scores)["masklets.paper.jf"] == pytest.approx(0.95)


def test_untrue_pairs_that_pass_lower_the_figure():
    pairs = [pair(0, "runs to the left"), pair(1, "jumps")]
    figures = measured(instructions=pairs)
    assert figures["pairs.true_after"] == figures["pairs.true_after_G3"] == 0.5
    assert figures["pairs.true_kept"] == 1.0


def test_kinds_of_pairs_are_counted_apart():
    pairs = [pair(0, "runs to the left"), pair(1, "jumps")]
    pairs[1] = dataclasses.replace(pairs[1], form="yes_no", answer="No, it jumps.")
    figures = measured(instructions=pairs)
    assert figures["pairs.true_after_denials"] == 0.0
    assert figures["pairs.true_after_choices"] is None


def test_true_pairs_that_are_rejected_lower_what_is_kept():
    pairs = [
        pair(0, "runs to the left"),
        pair(1, "runs to the left", rejected="transcript: unsure"),
    ]
    figures = measured(instructions=pairs)
    assert figures["pairs.true_kept"] == 0.5
    assert figures["checks.rejected_transcript"] == 0.5
    assert figures["checks.true_of_rejected_transcript"] == 1.0
    assert figures["checks.true_of_rejected_form"] is None


def test_near_duplicates_are_counted():
    twice = [pair(0, "sits"), dataclasses.replace(pair(0, "sits"), pair_id="film-001")]
    assert near_duplicates(twice) == [0.0, 1.0]
    elsewhere = dataclasses.replace(twice[1], start_s=5.0, end_s=10.0)
    assert near_duplicates([twice[0], elsewhere]) == [0.0, 0.0]


def test_the_truth_is_a_witness():
    witness = TruthWitness(film())
    assert witness.does(0, (0.0, 5.0), "trots leftwards") is True
    assert witness.does(0, (0.0, 5.0), "trots rightwards") is False
    assert witness.does(1, (6.0, 10.0), "rolls to the right") is False
    assert witness.occurrences(0, "goes off to the left") == [(0.0, 5.0)]
    assert witness.seen(1, (4.8, 6.0)) is None
    assert witness.seen(7, (0.0, 1.0)) is False
    assert witness.count("ball", (0.0, 5.0)) == 1
    assert witness.left_of(0, 1, (0.0, 5.0)) is True
    assert witness.left_of(1, 0, (0.0, 5.0)) is False
    assert witness.left_of(0, 1, (6.0, 9.0)) is None
    assert witness.seconds_seen(1) == 5.0


def test_runs_are_read_from_their_shards(tmp_path):
    stages = {}
    for stage, records in RIGHT.items():
        lines = [("film.mp4", record) for record in records]
        stages[stage] = [write_shard(tmp_path / f"{stage}.jsonl", lines)]
    save_truth(TRUTH, tmp_path / "film.json")
    (read,) = read_run(stages, tmp_path)
    assert read.truth == TRUTH
    assert read.records == RIGHT
    assert parsed_share(stages) == 1.0
    failed = [("film.mp4", RIGHT["entities"][0]), ("other.mp4", "no usable reply")]
    stages["entities"] = [write_shard(tmp_path / "entities.jsonl", failed)]
    assert parsed_share(stages) == pytest.approx(4 / 5)


def test_variety_is_the_share_of_different_bigrams():
    assert distinct_2(["the dog runs", "the dog sits"]) == 0.75
    assert distinct_2(["run"]) is None
