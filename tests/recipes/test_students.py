"""The names of students say recipe and seed."""

from strefer.recipes.students import models_of_training, recipe_of, seed_number, students_of


def test_names_lead_back_to_recipe_and_seed():
    students = students_of(["base", "g7-alone"], 3)
    assert students == ["base", "base@1", "base@2", "g7-alone", "g7-alone@1", "g7-alone@2"]
    assert [recipe_of(name) for name in students] == 3 * ["base"] + 3 * ["g7-alone"]
    assert [seed_number(name) for name in students] == [0, 1, 2, 0, 1, 2]


def test_a_starting_student_brings_the_encoder_that_it_leaves_out():
    parts = {"start_from": None, "vision": "v", "llm": "l"}
    assert models_of_training(parts) == {"vision": "v", "llm": "l"}
    student, tower = "resources/teachers/student", "resources/teachers/video_llm"
    begun = models_of_training(parts | {"start_from": student})
    assert begun == {"start_from": student, "vision": tower}
    assert models_of_training(parts | {"start_from": tower}) == {"start_from": tower}
    assert models_of_training(parts | {"start_from": "hub/name"}) == {"start_from": "hub/name"}
