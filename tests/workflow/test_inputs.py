"""What rules read besides other stages' files, by functions that need no Snakemake."""

import json
import os

import pytest

from drawn_world.questions.draw_benchmarks import draw_benchmarks
from strefer.recipes.recipe import load_recipe
from strefer.workflow import inputs
from strefer.workflow.inputs import BaseData, Benchmarks, ShardedFilms

from .conftest import ROOT


def test_a_new_film_touches_one_shard():
    films = {f"film {number}": f"films/{number}.mp4" for number in range(40)}
    before = ShardedFilms(films, 4, drawn=True)
    after = ShardedFilms(films | {"new": "films/new.mp4"}, 4, drawn=True)
    assert after.shards == before.shards == [f"{n:05d}-of-00004" for n in range(4)]
    assert {f: p for s in before.shards for f, p in before.films(s).items()} == films
    assert len([s for s in after.shards if after.films(s) != before.films(s)]) == 1


def test_a_shard_without_films_is_left_out():
    [shard] = ShardedFilms({"a": "a.mp4"}, 1000, drawn=True).shards
    assert shard.endswith("-of-01000")


def test_drawn_films_are_inputs_before_they_are_there(tmp_path):
    path = str(tmp_path / "a.mp4")
    for drawn, wanted in ((True, [path]), (False, [])):
        films = ShardedFilms({"a": path}, 1, drawn)
        [shard] = films.shards
        assert films.inputs(shard) == wanted
        assert (films.marks(shard) == "") == drawn


def test_films_that_cannot_be_inputs_are_marked(tmp_path):
    plain, braces = tmp_path / "a.mp4", tmp_path / "{b}.mp4"
    plain.touch()
    braces.touch()
    films = [str(plain), str(braces), str(tmp_path / "gone.mp4")]
    assert inputs.inputs_among(films) == [str(plain)]
    before = inputs.marks_among(films)
    os.utime(plain, (1, 1))
    assert inputs.marks_among(films) == before
    os.utime(braces, (1, 1))
    assert inputs.marks_among(films) != before
    assert inputs.marks_among([str(plain)]) == ""


def test_too_many_films_are_marked_and_not_inputs(tmp_path):
    film = tmp_path / "a.mp4"
    film.touch()
    assert inputs.inputs_among([str(film)], inputs.MOST_FILM_INPUTS + 1) == []
    assert inputs.marks_among([str(film)], inputs.MOST_FILM_INPUTS + 1)


def test_the_files_of_models_that_are_folders(tmp_path):
    (tmp_path / "config.json").touch()
    (tmp_path / "README.md").touch()
    assert inputs.local_files(f"open_clip:{tmp_path}", "owner/model") == [
        str(tmp_path / "config.json")
    ]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "benchmarks"
    draw_benchmarks(folder, 1, 0)
    return folder


def test_benchmarks_without_files_are_left_out_and_drawn_ones_come_with_their_films(drawn):
    files = {"annotations": "{world}/benchmarks/videorefer_q.json", "subtitles": None}
    files["videos"] = "{world}/benchmarks/videos"
    benchmarks = Benchmarks(
        {"videorefer_q": files, "videomme": {"annotations": None}}, str(drawn.parent), 0
    )
    assert list(benchmarks.files) == ["videorefer_q"]
    assert benchmarks.files["videorefer_q"]["videos"] == f"{drawn}/videos"
    assert benchmarks.annotations == [str(drawn)]
    assert benchmarks.films == []


def test_the_films_of_a_benchmark_are_those_of_its_questions(drawn, tmp_path):
    path = drawn / "videorefer_q.json"
    files = {"annotations": str(path), "videos": str(drawn / "videos")}
    benchmarks = Benchmarks({"videorefer_q": files}, "elsewhere", 0)
    assert benchmarks.annotations == [str(path)]
    named = {question["video"] for question in json.loads(path.read_text())}
    assert benchmarks.films == sorted(str(drawn / "videos" / n) for n in named)
    wrong = tmp_path / "wrong.json"
    wrong.write_text("not JSON")
    broken = Benchmarks({"videorefer_q": files | {"annotations": str(wrong)}}, "elsewhere", 0)
    assert broken.films == []


def test_base_data_that_is_not_there_is_named(tmp_path):
    recipes = {"base": load_recipe(ROOT / "config/recipes/base.yaml")}
    own = BaseData(str(tmp_path), "world", recipes)
    assert f"{tmp_path / 'base.json'}: no such file" in own.missing("base")[0]
    with pytest.raises(ValueError, match="no such file"):
        own.inputs("base")
    turns = [{"from": "human", "value": "<image>?"}, {"from": "gpt", "value": "Yes."}]
    samples = [{"video": "a.mp4", "conversations": turns}]
    (tmp_path / "base.json").write_text(json.dumps(samples))
    own = BaseData(str(tmp_path), "world", recipes)
    assert own.inputs("base") == [tmp_path / "base.json"]
    assert own.films("base") == [str(tmp_path / "a.mp4")]


def test_the_demos_base_data_are_a_folder():
    recipes = {"base": load_recipe(ROOT / "config/recipes/base.yaml")}
    drawn = BaseData("demo", "world", recipes)
    assert drawn.inputs("base") == ["world/base"]
    assert (drawn.films("base"), drawn.missing("base")) == ([], [])
