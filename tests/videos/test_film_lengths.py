"""How long films are, before any is decoded."""

import pytest

from helpers.films import write_film
from strefer.frames import measure, promised_duration
from strefer.videos import film_lengths
from strefer.videos.film_lengths import Films, films_of_lengths, lengths_by_headers


def test_a_header_says_how_long_a_film_is(tmp_path):
    path = write_film(tmp_path / "a.mp4", n_frames=20, fps=10)
    assert promised_duration(path) == pytest.approx(measure(path).duration_s, abs=0.11)


def test_films_that_cannot_be_opened_say_nothing(tmp_path):
    path = write_film(tmp_path / "a.mp4", n_frames=20, fps=10)
    (tmp_path / "b.mp4").write_bytes(b"no film")
    found = lengths_by_headers([str(path), str(tmp_path / "b.mp4"), str(tmp_path / "none.mp4")])
    assert found == [pytest.approx(2.0, abs=0.11)]


def test_of_many_films_a_hundred_are_looked_at(tmp_path, monkeypatch):
    path = str(write_film(tmp_path / "a.mp4"))
    looked = []
    monkeypatch.setattr(film_lengths, "promised_duration", lambda p: looked.append(p) or 30.0)
    assert lengths_by_headers([path] * 1234) == [30.0] * 100


def test_films_of_unknown_length_are_as_long_as_the_others():
    assert films_of_lengths(10, [30.0, 90.0]) == Films(10, 10.0, 2)
    assert films_of_lengths(10, [120.0]) == Films(10, 20.0, 1)
    assert films_of_lengths(10, []) == Films(10, 10.0, 0)
