"""A film's masks to CVAT and back; its run lengths against CVAT's own package."""

import json
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest

from helpers.gallery_run import SIZE_PX, one_film, square, write_stages
from strefer.__main__ import main
from strefer.corrections.table import Corrections
from strefer.gallery.cvat import from_runs, read_task, to_runs, write_task
from strefer.gallery.show_films import read_films
from strefer.masks import decode_mask, encode_mask


def masks():
    random = np.random.default_rng(0)
    yield np.ones((5, 7), bool)
    for share in (0.05, 0.5, 0.9):
        yield random.random((31, 17)) < share
    yield square(50, 60)


def test_masks_come_back_as_they_were():
    for mask in masks():
        assert np.array_equal(from_runs(to_runs(encode_mask(mask)), mask.shape), mask)


def test_runs_are_those_of_cvats_own_package():
    cvat = pytest.importorskip("cvat_sdk.masks")
    for mask in masks():
        ours = to_runs(encode_mask(mask))
        *runs, x0, y0, x1, y1 = map(int, cvat.encode_mask(mask))
        assert [int(run) for run in ours["rle"].split(",")] == runs
        place = [int(ours[name]) for name in ("left", "top", "width", "height")]
        assert place == [x0, y0, x1 - x0 + 1, y1 - y0 + 1]


@pytest.fixture
def film(tmp_path):
    (film,) = read_films(write_stages(tmp_path / "shards", one_film(tmp_path)))
    return film


def test_a_task_has_the_sampled_frames_and_their_masks(film, tmp_path):
    assert write_task(film, tmp_path / "task") == 8
    picture = cv2.imread(str(tmp_path / "task" / "frames" / "000003.png"))
    assert picture.shape == (*SIZE_PX, 3)
    root = ElementTree.parse(tmp_path / "task" / "annotations.xml").getroot()
    images = root.findall("image")
    assert [image.get("name") for image in images] == [f"{i:06d}.png" for i in range(8)]
    assert [len(image.findall("mask")) for image in images] == [2, 2, 2, 2, 2, 1, 2, 2]
    mask = images[3].find("mask[@label='red square']")
    assert np.array_equal(from_runs(mask.attrib, SIZE_PX), square(36, 10))
    # The mask is where the picture is red.
    red = (picture[..., 2] > 150) & (picture[..., 0] < 90)
    assert (red & square(36, 10)).sum() > 0.9 * square(36, 10).sum()


def test_what_was_not_changed_is_no_correction(film, tmp_path):
    write_task(film, tmp_path / "task")
    assert read_task(film, tmp_path / "task" / "annotations.xml", tmp_path / "back") == []


def test_a_changed_mask_becomes_a_correction_that_the_pipeline_reads(film, tmp_path):
    write_task(film, tmp_path / "task")
    path = tmp_path / "task" / "annotations.xml"
    tree = ElementTree.parse(path)
    images = tree.getroot().findall("image")
    images[3].find("mask[@label='red square']").attrib.update(to_runs(encode_mask(square(0, 0))))
    for image in images:
        image.remove(image.find("mask[@label='blue square']"))
    tree.write(path)
    assert read_task(film, path, tmp_path / "back") == ["red square", "blue square"]
    rows = Corrections(str(tmp_path / "back" / "corrections.csv")).of("masklets", ["squares.mp4"])
    assert [(row["what"], row["entity"]) for row in rows] == [
        ("replace_masklet", "red square"),
        ("cut_masklet", "blue square"),
    ]
    fresh = json.loads(Path(rows[0]["value"]).read_text())["masks"]
    assert sorted(fresh, key=int) == ["0", "1", "2", "3", "4", "6", "7"]
    assert np.array_equal(decode_mask(fresh["3"]), square(0, 0))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no xml", "not in the format CVAT for images 1.1"),
        ('<annotations><image name="000099.png"/></annotations>', "no sampled frame 99"),
        (
            '<annotations><image name="000001.png"><mask label="cat"/></image></annotations>',
            "label 'cat' is not one of the film's expressions",
        ),
        (
            '<annotations><image name="000001.png"><mask label="red square" rle="1, 9" left="0" '
            'top="0" width="3" height="3"/></image></annotations>',
            "a mask of 3 x 3 pixels at 0, 0 does not fit",
        ),
    ],
)
def test_what_cannot_be_read_is_said(film, tmp_path, text, why):
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(ValueError, match=why):
        read_task(film, tmp_path / "a.xml", tmp_path / "back")


def test_the_commands_write_and_read(tmp_path, capsys):
    for stage, path in write_stages(tmp_path / "shards", one_film(tmp_path)).items():
        (tmp_path / stage).mkdir()
        path.rename(tmp_path / stage / "00000-of-00001.jsonl")
    given = [str(tmp_path), "squares.mp4"]
    assert main(["cvat", "write", *given, "--output", str(tmp_path / "task")]) == 0
    export = str(tmp_path / "task" / "annotations.xml")
    assert main(["cvat", "read", *given, export, "--output", str(tmp_path / "back")]) == 0
    assert "0 expressions changed" in capsys.readouterr().out
