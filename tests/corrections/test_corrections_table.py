import pytest

from strefer.corrections.table import Corrections


def table(tmp_path, text):
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    return Corrections(str(tmp_path / "c.csv"))


def test_a_stage_gets_the_rows_of_its_films_in_their_order(tmp_path):
    rows = table(
        tmp_path,
        "film,what,entity,value,who\n"
        "a.mp4,noun,the Girl,woman,ada\n"
        "b.mp4,noun,dog,cat,ada\n"
        "a.mp4,rename_entity,girl,woman in red,bob\n"
        "a.mp4,masklet_of,woman in red,dog,bob\n",
    )
    of_references = rows.of("references", ["a.mp4"])
    assert [row["what"] for row in of_references] == ["noun", "rename_entity"]
    assert "who" not in of_references[0]
    # Either name stands for the other.
    assert of_references[0]["names"] == [["girl", "woman in red"]]
    assert rows.of("masklets", ["a.mp4"])[0]["names"] == [["woman in red", "girl"], ["dog"]]
    assert rows.of("masklets", ["b.mp4"]) == []


def test_what_is_said_of_a_dropped_film_or_expression_does_not_count(tmp_path):
    rows = table(
        tmp_path,
        "film,what,entity,value\na.mp4,drop_film,,\na.mp4,drop_entity,dog,\n"
        "b.mp4,rename_entity,dog,cat\nb.mp4,drop_entity,cat,\nb.mp4,cut_masklet,dog,\n",
    )
    assert rows.of("references", ["a.mp4"]) == []
    assert len(rows.of("videos", ["a.mp4", "b.mp4"])) == 1
    assert rows.of("masklets", ["b.mp4"])[0]["dormant"]
    assert not rows.of("references", ["b.mp4"])[1]["dormant"]


def test_rows_of_no_film_are_told(tmp_path):
    rows = table(tmp_path, "film,what,start_s,end_s,entity\nx.mp4,cut_masklet,1,2.50,dog\n")
    assert rows.without_film(["x.mp4"]) == []
    said = "x.mp4: cut_masklet 'dog' 1 to 2.5 s: there is no such film in the run"
    assert rows.without_film(["a.mp4"]) == [said]
    assert Corrections([]).without_film([]) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("film,wat\n", "c.csv: header: no column 'what'"),
        ("film,what,whom\n", "c.csv: header: unknown column 'whom'"),
        ("film,what\n,drop_film\n", "c.csv: line 2: 'film' is empty"),
        ("film,what\na,drop_fim\n", "line 2: 'what' is 'drop_fim'; did you mean 'drop_film'"),
        ("film,what\na,drop_entity\n", "line 2: drop_entity needs 'entity'"),
        ("film,what,item\na,drop_film,x\n", "line 2: drop_film does not use 'item'"),
        ("film,what,entity,start_s,end_s\na,cut_masklet,dog,2,1\n", "'start_s' is 2, after"),
        ("film,what,entity,start_s,end_s\na,cut_masklet,dog,2,\n", "'end_s' belong together"),
        ("film,what,entity,start_s,end_s\na,line,dog,0:02,3\n", "'start_s' is '0:02', but must be"),
        ('film,what,entity,value\na,noun,dog,"a\nb"\n', "'value' has more than one line"),
        ("film,what,entity,value\na,replace_masklet,dog,no.json\n", "no.json: No such file"),
    ],
)
def test_what_is_wrong_names_the_file_the_row_and_the_column(tmp_path, text, says):
    with pytest.raises(ValueError, match=says):
        table(tmp_path, text)


def test_a_parquet_table_says_the_same(tmp_path):
    import pandas as pd

    (tmp_path / "c.csv").write_text("film,what,why\na,drop_film,007\n")
    pd.read_csv(tmp_path / "c.csv", dtype=str).to_parquet(tmp_path / "c.parquet")
    both = [
        Corrections(str(tmp_path / f"c.{end}")).of("videos", ["a"]) for end in ("csv", "parquet")
    ]
    assert both[0] == both[1] != []
