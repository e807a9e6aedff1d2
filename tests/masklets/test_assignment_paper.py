from helpers.hand_made_masklets import entity
from strefer.masklets.assignment_paper import assign_paper

RED, BLUE, DOG = (
    entity("man in a red shirt", "man", "person"),
    entity("man in a blue shirt", "man", "person"),
    entity("brown dog", "dog"),
)


def assign(entities, nouns, answers=None):
    asked = []

    def ask(candidates, expression):
        asked.append(expression)
        return answers[expression]

    result = assign_paper(entities, nouns, ask)
    return result.track_of, result.dropped, asked


def test_one_box_and_one_expression_of_a_kind_need_no_question():
    track_of, dropped, asked = assign([DOG, RED], ["person", "dog"])
    assert track_of == {0: 1, 1: 0}
    assert not dropped
    assert not asked


def test_a_kind_without_a_box_is_dropped():
    track_of, dropped, _ = assign([DOG, RED], ["person"])
    assert track_of == {1: 0}
    assert dropped == {0: "no box of a dog on the starting frame"}


def test_single_answers_are_places_among_the_candidates():
    answers = {RED.expression: [1], BLUE.expression: [0]}
    track_of, _, asked = assign([RED, BLUE], ["dog", "person", "person"], answers)
    assert track_of == {0: 2, 1: 1}
    assert len(asked) == 2


def test_two_expressions_that_claim_one_box_lose_the_whole_partition():
    other = entity("woman in white", "woman", "person")
    answers = {RED.expression: [0], BLUE.expression: [0], other.expression: [1]}
    track_of, dropped, _ = assign(
        [RED, BLUE, other, DOG], ["person", "person", "person", "dog"], answers
    )
    assert track_of == {3: 3}
    assert sorted(dropped) == [0, 1, 2]


def test_several_answers_take_the_first_free_box():
    answers = {RED.expression: [0, 1], BLUE.expression: [0]}
    track_of, _, _ = assign([RED, BLUE], ["person", "person"], answers)
    assert track_of == {0: 1, 1: 0}


def test_several_answers_without_a_free_box_are_dropped():
    other = entity("woman in white", "woman", "person")
    answers = {RED.expression: [0, 1], BLUE.expression: [0], other.expression: [1]}
    track_of, dropped, _ = assign([RED, BLUE, other], ["person", "person"], answers)
    assert track_of == {1: 0, 2: 1}
    assert dropped == {0: "all boxes it may refer to are taken"}


def test_an_expression_found_in_no_box_is_dropped():
    answers = {RED.expression: [], BLUE.expression: [1]}
    track_of, dropped, _ = assign([RED, BLUE], ["person", "person"], answers)
    assert track_of == {1: 1}
    assert dropped == {0: "the assigner found it in no box"}


def test_a_bare_noun_takes_the_first_free_box_without_a_question():
    bare = entity("person", "person")
    track_of, _, asked = assign([bare, RED], ["person", "person"], {RED.expression: [0]})
    assert track_of == {0: 1, 1: 0}
    assert asked == [RED.expression]
