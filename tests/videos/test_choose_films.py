import pytest

from strefer.videos.choose_films import choose_films

FILMS = {f"{letter}.mp4": f"/films/{letter}.mp4" for letter in "abcd"}


def test_all_films_or_the_first():
    assert choose_films(FILMS, [], None) == FILMS
    assert list(choose_films(FILMS, [], 2)) == ["a.mp4", "b.mp4"]
    assert choose_films(FILMS, [], 9) == FILMS


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_a_film_is_set_aside_with_a_reason(tmp_path, ending):
    listed = [{"film": "b.mp4", "reason": "crashes the decoder, always"}]
    assert list(choose_films(FILMS, listed, 2)) == ["a.mp4", "c.mp4"]
    table = tmp_path / f"aside.{ending}"
    cell = '"crashes the decoder, always"'
    table.write_text(
        ("film,reason\nb.mp4," + cell).replace(",", "\t" if ending == "tsv" else ",", 2)
    )
    assert list(choose_films(FILMS, str(table), 2)) == ["a.mp4", "c.mp4"]


@pytest.mark.parametrize(
    ("exclude", "says"),
    [
        ([{"film": "b.mp3", "reason": "x"}], "no film 'b.mp3'; did you mean 'b.mp4'"),
        ([{"film": "b.mp4", "reason": " "}], "'b.mp4' has no reason"),
        ([{"film": film, "reason": "x"} for film in FILMS], "all 4 films are set aside"),
        ("nowhere.csv", "there is no table nowhere.csv"),
    ],
)
def test_what_is_wrong_is_said(exclude, says):
    with pytest.raises(ValueError, match=says):
        choose_films(FILMS, exclude, None)


def test_a_table_without_reasons_is_named(tmp_path):
    (tmp_path / "aside.csv").write_text("film\nb.mp4\n")
    with pytest.raises(ValueError, match=r"aside.csv: header: no column 'reason'"):
        choose_films(FILMS, str(tmp_path / "aside.csv"), None)
