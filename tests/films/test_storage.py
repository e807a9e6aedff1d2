"""Films on S3-compatible storage, with a real server of it on this machine."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

from helpers.films import write_film
from helpers.storage import serve_storage
from strefer import frames
from strefer.files import ROOT
from strefer.films import storage
from strefer.films.apart import iterate_frames_apart
from strefer.films.film_faults import DecodingError
from strefer.films.storage import copies_here, film_here, version_of
from strefer.stage.faults import Fault, MachineFault, fault_of
from strefer.stage.run import Shard, read_lines
from strefer.videos.find_videos import film_marks, list_videos, write_list
from strefer.videos.probe_videos import probe_videos

CONTENT = bytes(range(256)) * 40  # 10,240 bytes


@pytest.fixture(scope="module")
def server():
    with serve_storage() as served:
        yield served


@pytest.fixture
def bucket(server, tmp_path, monkeypatch):
    """The storage, empty, and a folder for copies that is empty, too."""
    server.clear()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    copies_here.cache_clear()
    storage._head.cache_clear()
    storage.VERSIONS.clear()
    yield server
    copies_here.cache_clear()


@pytest.fixture
def blocks(monkeypatch):
    """What was fetched: the first byte of each block, of 1,000 bytes."""
    fetched, read = [], storage._read

    def spy(address, **asked):
        block = read(address, **asked)
        fetched.append(int(asked["Range"][6:].partition("-")[0]))
        return block

    monkeypatch.setattr(storage, "_read", spy)
    monkeypatch.setattr(storage, "BLOCK_BYTES", 1000)
    return fetched


def copy_of(address):
    with film_here(address) as here, open(here, "rb") as file:
        return file.read()


def copies():
    return sorted(p.name for p in copies_here().iterdir() if p.name != ".users")


def test_a_file_of_this_machine_is_itself(tmp_path):
    with film_here(tmp_path / "a.mp4") as here:
        assert here == tmp_path / "a.mp4"


def test_a_film_is_fetched_once(bucket, blocks):
    address = bucket.put("a.mp4", CONTENT)
    assert copy_of(address) == copy_of(address) == CONTENT
    assert blocks == list(range(0, len(CONTENT), 1000))
    assert len(copies()) == 1


def test_a_download_that_was_cut_off_goes_on_where_it_was(bucket, blocks, monkeypatch):
    address = bucket.put("a.mp4", CONTENT)
    read = storage._read

    def goes_away(address, **asked):
        if len(blocks) == 3:
            bucket.end()
        return read(address, **asked)

    with monkeypatch.context() as patch:
        patch.setattr(storage, "_read", goes_away)
        with pytest.raises(OSError, match="the storage does not answer") as told:
            copy_of(address)
    assert fault_of(told.value) is Fault.STORAGE  # tried again after a pause
    assert copies()[0].endswith(".part")
    bucket.begin()
    assert copy_of(address) == CONTENT
    assert blocks == list(range(0, len(CONTENT), 1000))


def test_a_copy_that_is_not_what_the_storage_says_is_fetched_again(bucket):
    for given in ({}, {"ChecksumAlgorithm": "SHA256"}):
        address = bucket.put(f"{len(given)}.mp4", CONTENT, **given)
        with film_here(address) as here:
            whole = str(here)
        part = whole.removesuffix(".mp4") + ".part"
        os.rename(whole, part)
        with open(part, "r+b") as file:
            file.truncate(5000)
            file.write(b"what another process left")
        with pytest.raises(OSError, match="wrong checksum") as told:
            copy_of(address)
        assert fault_of(told.value) is Fault.STORAGE
        assert copy_of(address) == CONTENT


def test_copies_that_nobody_uses_make_room(bucket, monkeypatch):
    first, second, third = (bucket.put(f"{n}.mp4", CONTENT + bytes([n])) for n in range(3))
    with film_here(first):  # in use
        copy_of(second)
        kept = copies()
        monkeypatch.setattr(storage, "SHARE_OF_DISK", 1e-9)
        copy_of(third)
        assert len(copies()) == 2
        assert len(set(copies()) & set(kept)) == 1
        with film_here(first) as here:
            assert os.path.basename(here) in kept


def test_copies_go_with_the_last_process_that_uses_them(bucket, tmp_path):
    address = bucket.put("a.mp4", CONTENT)
    folder = tmp_path / "tmp" / f"strefer-films-{os.getuid()}"
    fetch = "import sys; from strefer.films.storage import film_here\n"
    fetch += "with film_here(sys.argv[1]) as here: print(open(here, 'rb').read().hex())"
    environment = os.environ | {"TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": f"{ROOT}/scripts"}
    command = [sys.executable, "-c", fetch, address]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert bytes.fromhex(done.stdout) == CONTENT, done.stderr
    assert not folder.exists()
    copies_here()  # now this process is one of the users
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert len(copies()) == 1


def test_frames_are_those_of_the_film(bucket, tmp_path):
    film = tmp_path / "a.mp4"
    write_film(film)
    address = bucket.put("deep/a.mp4", film.read_bytes())
    times_s = [0.0, 0.3, 0.6]
    expected = frames.read_frames(film, times_s)
    assert np.array_equal(frames.read_frames(address, times_s), expected)
    assert np.array_equal(np.stack(list(iterate_frames_apart(address, times_s))), expected)
    assert frames.measure(address) == frames.measure(film)


def test_a_prefix_lists_its_films(bucket, tmp_path):
    for key in ("lab/a.mp4", "lab/day 1/ü.mkv", "lab/readme.txt", "other/b.mp4"):
        bucket.put(key, key.encode())
    found = list_videos("s3://films/lab/")
    assert found == {
        "a.mp4": "s3://films/lab/a.mp4",
        "day 1/ü.mkv": "s3://films/lab/day 1/ü.mkv",
    }
    marks = film_marks(list(found.values()))
    write_list(found, tmp_path / "films.csv")
    storage.VERSIONS.clear()
    assert list_videos(tmp_path / "films.csv") == found
    assert film_marks(list(found.values())) == marks
    bucket.put("lab/a.mp4", b"another film")
    assert film_marks(list(list_videos("s3://films/lab").values())) != marks


def test_more_films_than_a_page_are_listed(bucket, monkeypatch):
    monkeypatch.setattr(storage, "PAGE", 2)
    for number in range(5):
        bucket.put(f"{number}.mp4", b"")
    assert len(list_videos("s3://films")) == 5


def test_films_are_probed_as_they_are_on_disk(bucket, tmp_path):
    film = tmp_path / "a.mp4"
    write_film(film)
    bucket.put("a.mp4", film.read_bytes())
    bucket.put("broken.mp4", b"no film")
    bucket.put("empty.mp4", b"")
    table = tmp_path / "films.csv"
    table.write_text(
        "id,path\na,s3://films/a.mp4\nb,s3://films/broken.mp4\nc,s3://films/gone.mp4\n"
        "d,s3://films/empty.mp4\ne,a.mp4\n"
    )
    shard = Shard(tmp_path / "out.jsonl", tmp_path / "store", {"code": "1"})
    probe_videos(list_videos(table), shard)
    a, b, c, d, e = read_lines(shard.output)
    assert a.record == e.record | {"path": "s3://films/a.mp4"}
    assert "text file, not a film" in b.failure["reason"]
    assert c.failure["reason"] == "unreadable: it is not in the storage"
    assert d.failure["reason"] == "the file is empty"


def test_nothing_is_fetched_to_learn_that_all_is_done(bucket, tmp_path, blocks):
    film = tmp_path / "a.mp4"
    write_film(film)
    films = {"a": bucket.put("a.mp4", film.read_bytes())}
    shard = Shard(tmp_path / "out.jsonl", tmp_path / "store", {"code": "1"})
    probe_videos(films, shard)
    assert blocks
    blocks.clear()
    probe_videos(films, shard)
    assert blocks == []


def test_a_film_that_vanished_is_the_films_fault(bucket, blocks):
    address = bucket.put("a.mp4", CONTENT)
    assert version_of(address)
    bucket.client.delete_object(Bucket="films", Key="a.mp4")
    with pytest.raises(DecodingError, match="it is not in the storage any more"):
        copy_of(address)


def test_a_film_that_changes_while_it_is_read_is_its_own_fault(bucket):
    address = bucket.put("a.mp4", CONTENT)
    assert version_of(address)
    bucket.put("a.mp4", CONTENT[::-1])
    with pytest.raises(DecodingError, match="it was changed while it was read"):
        copy_of(address)
    assert copy_of(address) == CONTENT[::-1]


def test_a_bucket_that_is_not_there_is_said_to_be(bucket):
    with pytest.raises(ValueError, match="s3://flims/lab: there is no bucket flims"):
        list_videos("s3://flims/lab")
    with pytest.raises(MachineFault, match="there is no bucket flims"):
        version_of("s3://flims/a.mp4")
    with pytest.raises(ValueError, match="videos: no film in s3://films/lab"):
        list_videos("s3://films/lab")


def test_keys_that_are_missing_are_the_users_affair(bucket, tmp_path, monkeypatch):
    address = bucket.put("a.mp4", CONTENT)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    forget_connections()
    try:
        with pytest.raises(MachineFault, match="Unable to locate credentials.*AWS_PROFILE") as told:
            version_of(address)
        assert fault_of(told.value) is Fault.DEVICE  # no film gets a line of it
        with pytest.raises(ValueError, match="videos: s3://films: the storage refuses"):
            list_videos("s3://films")
    finally:
        forget_connections()


def test_a_storage_that_is_not_there_is_tried_again(bucket, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    forget_connections()
    try:
        with pytest.raises(OSError, match="the storage does not answer") as told:
            version_of("s3://films/a.mp4")
        assert told.value.errno == errno.EREMOTEIO
        assert fault_of(told.value) is Fault.STORAGE
    finally:
        forget_connections()


def forget_connections():
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
