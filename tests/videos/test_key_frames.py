"""Frames that are reached by key frames are those of a whole decode, bit for bit."""

import random
import zlib

import av
import numpy as np
import pytest

from drawn_world.draw_films import write_world
from helpers.films import write_frames
from helpers.hostile_films import write_hostile_films
from helpers.shared_data import shared_data
from strefer.films import decoding
from strefer.frames import iterate_pictures, key_frames, measure, read_frames


@pytest.fixture
def counted(monkeypatch):
    """Jumps from short gaps on, so that small films show them; counts frames that are decoded."""
    monkeypatch.setattr(decoding, "_JUMP_FROM_S", 0.2)
    decoded = [0]
    time_of = decoding.Clock.time_of

    def count(clock, frame):
        decoded[0] += 1
        return time_of(clock, frame)

    monkeypatch.setattr(decoding.Clock, "time_of", count)
    return decoded


def moving_pictures(count, size=(48, 64)):
    """Noise that drifts: each frame needs those before it."""
    noise = np.random.default_rng(0).integers(0, 255, (size[0], size[1] + count, 3), np.uint8)
    return [np.ascontiguousarray(noise[:, i : i + size[1]]) for i in range(count)]


def differing(path, draws=12):
    """How many of some drawn frames are not those of a whole decode."""
    whole = [(p.time_s, zlib.crc32(p.pixels().tobytes())) for p in iterate_pictures(path)]
    times = np.array([time_s for time_s, _ in whole])
    wrong = 0
    for seed in range(draws):
        drawn = random.Random(seed)
        wanted = sorted(drawn.uniform(0, times[-1] + 0.1) for _ in range(drawn.randint(1, 6)))
        places = np.maximum(np.searchsorted(times, np.array(wanted) + 1e-6, "right") - 1, 0)
        for place, frame in zip(places, read_frames(path, wanted), strict=True):
            wrong += zlib.crc32(frame.tobytes()) != whole[place][1]
    return wrong


X264 = {"g": "25", "sc_threshold": "0"}
KINDS = {
    "closed.mp4": ("libx264", X264 | {"bf": "3"}),
    "open.mp4": ("libx264", X264 | {"bf": "3", "x264-params": "open-gop=1"}),
    "open.mkv": ("libx264", X264 | {"bf": "3", "x264-params": "open-gop=1"}),
    "open.ts": ("libx264", X264 | {"bf": "3", "x264-params": "open-gop=1"}),
    "hevc.mp4": ("libx265", {"x265-params": "keyint=25:open-gop=1:log-level=none"}),
    "closed.flv": ("libx264", X264),
    "two.ts": ("mpeg2video", {"g": "12", "bf": "2"}),
    "two.mpg": ("mpeg2video", {"g": "12", "bf": "2"}),
    "four.avi": ("mpeg4", {"g": "12", "bf": "2"}),
    "nine.webm": ("libvpx-vp9", {"g": "25", "deadline": "realtime"}),
}


@pytest.mark.parametrize("name", KINDS)
def test_jumps_give_the_pixels_of_a_whole_decode(tmp_path, counted, name):
    codec, options = KINDS[name]
    path = write_frames(tmp_path / name, moving_pictures(100), codec=codec, options=options)
    assert differing(path) == 0
    counted[0] = 0
    read_frames(path, [3.98])
    # MPEG-PS has made-up times: it is decoded whole.
    assert key_frames(path).usable == (counted[0] <= 60) == (name != "two.mpg")


@pytest.mark.parametrize("codec", ["refreshed", "lying"])
def test_films_whose_key_frames_are_none_are_decoded_whole(tmp_path, counted, codec):
    options = X264 | ({"x264-params": "intra-refresh=1"} if codec == "refreshed" else {"g": "999"})
    path = write_frames(tmp_path / "a.mp4", moving_pictures(100), options=options)
    if codec == "lying":  # an mp4 that lists no key frames has no other
        path.write_bytes(path.read_bytes().replace(b"stss", b"free"))
    assert len(key_frames(path).shown) > 2
    assert differing(path) == 0
    assert not key_frames(path).usable


def test_a_film_whose_clock_is_set_back_goes_on(tmp_path, counted):
    """Recordings are joined like this: `cat a.ts b.ts`."""
    options = {"g": "10"}
    path = write_frames(tmp_path / "a.ts", moving_pictures(50), codec="mpeg2video", options=options)
    path.write_bytes(path.read_bytes() * 2)
    times_s = [picture.time_s for picture in iterate_pictures(path)]
    assert np.diff(times_s) == pytest.approx(0.04, abs=0.01)
    assert measure(path).duration_s == pytest.approx(4, abs=0.1)
    assert differing(path) == 0
    assert not key_frames(path).usable


def test_a_trimmed_film(tmp_path, counted):
    """An edit list hides the frames before it; they are decoded and not shown."""
    whole = write_frames(tmp_path / "a.mp4", moving_pictures(150), options=X264 | {"bf": "2"})
    path = tmp_path / "trimmed.mp4"
    options = {"avoid_negative_ts": "disabled", "use_editlist": "1"}
    with av.open(str(whole)) as source, av.open(str(path), "w", options=options) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                hidden = round(0.6 / packet.time_base)
                packet.pts, packet.dts = packet.pts - hidden, packet.dts - hidden
                packet.stream = stream
                target.mux(packet)
    assert measure(path).n_frames == 135
    assert differing(path) == 0
    assert key_frames(path).usable
    counted[0] = 0
    read_frames(path, [5.0])
    assert counted[0] <= 80


def test_dense_frames_are_one_pass(tmp_path, counted):
    path = write_frames(tmp_path / "a.mp4", moving_pictures(100), options=X264)
    read_frames(path, [i / 25 for i in range(100)])
    assert counted[0] == 100


def test_a_film_that_is_replaced_is_looked_up_again(tmp_path):
    path = write_frames(tmp_path / "a.mp4", moving_pictures(50), options={"g": "10"})
    assert len(key_frames(path).shown) == 5
    write_frames(tmp_path / "a.mp4", moving_pictures(60), options={"g": "10"})
    assert len(key_frames(path).shown) == 6


def test_hostile_films(tmp_path, counted):
    good = write_hostile_films(tmp_path / "films")
    seen = 0
    for name in sorted(good - {"large.mp4"}):
        if (tmp_path / "films" / name).suffix in (".mp4", ".mkv"):
            assert differing(tmp_path / "films" / name, draws=4) == 0, name
            seen += 1
    assert seen > 20


def test_drawn_films(tmp_path, counted):
    for _ in write_world("held_out", 2, tmp_path, first=500):
        pass
    films = sorted((tmp_path / "videos").glob("*.mp4"))
    assert len(films) == 2
    assert [differing(film, draws=4) for film in films] == [0, 0]


@pytest.mark.parametrize("place", range(5))
def test_real_films(counted, place):
    films = sorted(shared_data("videos").glob("*.mp4"))
    assert differing(films[place], draws=3) == 0
