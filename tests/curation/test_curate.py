"""Films by their segments' embeddings: letters are what a segment shows."""

import csv

import numpy as np
import pytest

from helpers.shards import write_shard
from strefer.clips.appearance import packed
from strefer.corrections.table import Corrections
from strefer.curation.curate import curate
from strefer.records import Appearance, Clips, Segment, Video

SHOWN = np.linalg.qr(np.random.default_rng(0).normal(size=(26, 26)))[0]


def film(shows, contrast=50.0, motion=20.0, moved=0.0, width=10):
    """A second a segment; each embedding is turned by a cosine distance of `moved`. Frames that
    show the same are 0.02 apart."""
    rows = [SHOWN[ord(letter) - 97] + SHOWN[25] * np.sqrt(2 * moved) for letter in shows]
    segments = tuple(Segment(i, float(i), float(i + 1), "cut") for i in range(len(shows)))
    seen = Appearance(packed(rows), 0.02, contrast, motion)
    return Clips(segments, (), seen), width


@pytest.fixture
def curated(tmp_path):
    def write(name, films):
        videos = [
            (film, Video(film, film, float(len(clips.segments)), 25.0, 25, width, 10))
            for film, (clips, width) in films.items()
        ]
        write_shard(tmp_path / f"{name}.v", videos)
        write_shard(tmp_path / f"{name}.c", [(film, clips) for film, (clips, _) in films.items()])
        return tmp_path / f"{name}.v", tmp_path / f"{name}.c"

    def curated(films, of_benchmarks=None):
        """Why each film is dropped, and which parts of films are alike."""
        videos, clips = write("own", films)
        others = of_benchmarks and write("other", of_benchmarks)
        curate([videos], [clips], others, tmp_path / "out")
        rows = Corrections(str(tmp_path / "out/drop.csv")).of("videos", films)
        with open(tmp_path / "out/alike.csv", encoding="utf-8") as file:
            parts = [tuple(row.values()) for row in csv.DictReader(file)]
        return {row["film"]: row["why"] for row in rows}, parts

    return curated


def test_of_films_that_look_the_same_the_longest_stays(curated):
    why, parts = curated({"a": film("abcde"), "b": film("abcdeq"), "c": film("vwx")})
    assert why == {"a": "duplicate: 100% of it looks like b"}
    assert parts == [("a", "b", "1.00"), ("b", "a", "0.83")]


def test_among_equals_the_one_with_more_pixels_stays(curated):
    why, _ = curated({"a": film("ab"), "b": film("ab", width=20), "c": film("ab", width=20)})
    assert why == dict.fromkeys("ac", "duplicate: 100% of it looks like b")


def test_films_of_which_a_part_is_alike_stay(curated):
    why, parts = curated({"a": film("abxyz"), "b": film("abcdefg")})
    assert why == {}
    assert ("a", "b", "0.40") in parts


def test_the_distance_counts_in_that_of_frames_that_show_the_same(curated):
    whole = film("abcd")
    assert curated({"near": film("abc", moved=0.018), "whole": whole})[0].keys() == {"near"}
    assert curated({"far": film("abc", moved=0.025), "whole": whole}) == ({}, [])


def test_a_film_of_a_benchmark_counts_wherever_it_is(curated):
    films = {"long": film("abcdefgh"), "part": film("x"), "other": film("pq")}
    why, _ = curated(films, {"bench": film("bc"), "film": film("xyz")})
    assert why == {
        "long": "benchmark: 25% of it looks like bench",
        "part": "benchmark: 100% of it looks like film",
    }


def test_black_and_still_films(curated):
    black, still = film("a", contrast=1.0, motion=0.0), film("b", motion=0.4)
    why, _ = curated({"black": black, "still": still, "film": film("c")})
    assert why == {
        "black": "black: grey levels spread by 1",
        "still": "still: grey levels change by 0.4",
    }


def test_a_run_without_films(curated):
    assert curated({}) == ({}, [])
