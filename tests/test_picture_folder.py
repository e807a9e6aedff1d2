import numpy as np
import pytest
from PIL import Image

from strefer.films.picture_folder import film_digest, rate_of
from strefer.frames import DecodingError, measure, read_frames

SHADES = [25 * i for i in range(10)]
NAMES = {
    "padded": [f"{i:05d}.jpg" for i in range(10)],
    "with gaps": [f"{i:05d}.jpg" for i in range(0, 50, 5)],
    "unpadded": [f"frame_{i}.png" for i in range(3, 13)],
}


def write_pictures(folder, names):
    folder.mkdir(parents=True)
    for shade, name in zip(SHADES, names, strict=True):
        Image.new("RGB", (64, 48), (shade, shade, shade)).save(folder / name)
    return folder


@pytest.fixture(autouse=True)
def forget_rates():
    rate_of.cache_clear()


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("folder", ["plain", "50%d [a]*: é?"])
def test_a_folder_of_pictures_is_a_film(tmp_path, caplog, names, folder):
    film = write_pictures(tmp_path / folder, names)
    (film / "README.txt").touch()
    shape = measure(film)
    assert (shape.n_frames, shape.fps, shape.width_px, shape.height_px) == (10, 24.0, 64, 48)
    frames = read_frames(film, [0, 3 / 24, 9 / 24])
    assert np.abs(frames[:, 20, 30, 0].astype(int) - [0, 75, 225]).max() <= 2
    assert "assuming 24 pictures per second" in caplog.text


def test_its_rate_may_be_said_beside_it_or_above(tmp_path, caplog):
    film = write_pictures(tmp_path / "480p" / "dog", NAMES["padded"])
    (tmp_path / "480p" / "fps.txt").write_text("10\n")
    assert measure(film).duration_s == 1.0
    assert caplog.text == ""
    (film / "fps.txt").write_text("fast")
    rate_of.cache_clear()
    with pytest.raises(DecodingError, match=r"fps.txt: must contain the pictures per second"):
        measure(film)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "without numbered pictures"),
        (["one.jpg"], "without numbered pictures"),
        (["1.jpg", "mask1.jpg"], "several kinds of pictures"),
        (["5.jpg", "10.jpg", "15.jpg"], "gaps and no zeros in front"),
    ],
)
def test_other_folders_are_refused_with_the_reason(tmp_path, names, reason):
    for name in names:
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    with pytest.raises(DecodingError, match=reason):
        measure(tmp_path)


def test_its_digest_is_that_of_its_pictures(tmp_path):
    film = write_pictures(tmp_path / "film", NAMES["padded"])
    before = film_digest(film)
    Image.new("RGB", (64, 48), (9, 9, 9)).save(film / "00003.jpg")
    assert film_digest(film) != before
