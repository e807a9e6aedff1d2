"""Films on S3-compatible storage: copies on the local disk, made by the job that needs them.

The copies of a node lie together in a folder for temporary files (`TMPDIR`), so that the jobs of a
node share them. They take half of the disk's room at most: the copy that was used longest ago makes
room for the next. The last process that uses the folder removes it. What a killed job leaves there,
the next job on that node goes on with: a download that was cut off is not begun again.

Where the storage is and what opens it are the user's settings for any program: `AWS_ENDPOINT_URL`,
`AWS_PROFILE`, `AWS_ACCESS_KEY_ID`, `~/.aws` and so on.
"""

from __future__ import annotations

import atexit
import base64
import binascii
import contextlib
import errno
import fcntl
import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from strefer.files import digest_of
from strefer.films.film_faults import DecodingError
from strefer.stage.faults import MachineFault

SHARE_OF_DISK = 0.5  # of the free room, for all copies together
BLOCK_BYTES = 2**24  # of one request
PAGE = 1000  # films, of one request for a list: the most that S3 gives
_SCHEME = "s3://"
VERSIONS: dict[str, str] = {}  # by address, as the list of films has them


def is_remote(path: str | Path) -> bool:
    """True if a film is named by an address."""
    return str(path).startswith(_SCHEME)


def list_films(address: str) -> Iterator[tuple[str, str]]:
    """What lies below an address: its name there, and its version (see `version_of`).

    Raises:
        MachineFault: if the storage refuses, or has no such bucket.
        OSError: if it does not answer.
    """
    bucket, _, prefix = address.removeprefix(_SCHEME).partition("/")
    prefix = prefix.rstrip("/") + "/" if prefix.strip("/") else ""
    page: dict[str, Any] = {}
    while page.get("IsTruncated", True):
        going_on = {"ContinuationToken": page["NextContinuationToken"]} if page else {}
        try:
            page = _ask(
                "list_objects_v2", address, Bucket=bucket, Prefix=prefix, MaxKeys=PAGE, **going_on
            )
        except FileNotFoundError:
            raise MachineFault(f"{address}: there is no bucket {bucket}") from None
        for entry in page.get("Contents", ()):
            yield entry["Key"].removeprefix(prefix), _version(entry["ETag"], entry["Size"])


def version_of(address: str) -> str:
    """A text that changes when the film at an address does: its ETag and its size in bytes.

    Raises:
        DecodingError: if there is no such film.
        MachineFault: if the storage refuses, or has no such bucket.
        OSError: if it does not answer.
    """
    head = _head(address)
    return _version(head["ETag"], head["ContentLength"])


@contextlib.contextmanager
def film_here(path: str | Path) -> Iterator[str | Path]:
    """A film as a file of this machine: itself, or its copy, which stays as long as it is in use.

    Raises:
        DecodingError: if there is no such film at this address, or it is being changed.
        MachineFault: if the storage refuses, or has no such bucket.
        OSError: if it does not answer, or the disk has no room.
    """
    if not is_remote(path):
        yield path
        return
    with _open_copy(str(path)) as file:
        yield file.name


def _open_copy(address: str) -> IO:
    head = _head(address)
    version = _version(head["ETag"], head["ContentLength"])
    name = digest_of([address, version])[:32]
    path = copies_here() / (name + os.path.splitext(address)[1])
    while (file := _locked(path, fcntl.LOCK_SH)) is None:
        _fetch(address, head, path)
    os.utime(path)
    return file


@functools.cache
def copies_here() -> Path:
    """The folder of this node's copies; this process is one of its users until it ends."""
    folder = Path(tempfile.gettempdir()) / f"strefer-films-{os.getuid()}"
    users = None
    while users is None:  # the last user may remove it just now
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise MachineFault(f"{folder} belongs to somebody else; set TMPDIR")
        with contextlib.suppress(FileNotFoundError):
            (folder / ".users").touch()
            users = _locked(folder / ".users", fcntl.LOCK_SH)
    atexit.register(_leave, folder, users, os.getpid())
    return folder


def _leave(folder: Path, users: IO, process: int) -> None:
    if os.getpid() == process:  # and not a fork of it
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


def _locked(path: Path, how: int) -> IO | None:
    """A file, open and locked; None if there is none, or not any more."""
    try:
        file = open(path, "r+b")  # noqa: SIM115 - the lock is held as long as the file is open
    except FileNotFoundError:
        return None
    fcntl.flock(file, how)
    with contextlib.suppress(FileNotFoundError):
        if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            return file
    file.close()
    return None


def _fetch(address: str, head: Mapping[str, Any], path: Path) -> None:
    """Make a copy, or go on with one; others that want the same wait for it."""
    part = path.with_name(f"{path.stem}.part")
    part.touch()
    file = _locked(part, fcntl.LOCK_EX)
    if file is None:
        return
    with file:
        size = head["ContentLength"]
        begun = min(file.seek(0, os.SEEK_END), size)
        _make_room(path.parent, size - begun)
        while begun < size:
            end = min(begun + BLOCK_BYTES, size)
            asked = {"Range": f"bytes={begun}-{end - 1}", "IfMatch": head["ETag"]}
            file.seek(begun)
            begun += file.write(_read(address, **asked))
        file.truncate()
        file.flush()
        if not _is_whole(part, head):
            part.unlink()
            raise OSError(
                errno.EREMOTEIO, f"{os.strerror(errno.EREMOTEIO)}: wrong checksum", address
            )
        os.replace(part, path)


def _make_room(folder: Path, needed: int) -> None:
    """Remove copies that nobody uses, the longest unused first, until a new one fits."""
    copies = []
    for entry in os.scandir(folder):
        with contextlib.suppress(FileNotFoundError):
            copies.append((entry.stat().st_mtime_ns, entry.stat().st_size, Path(entry.path)))
    held = sum(size for _, size, _ in copies)
    most = (held + shutil.disk_usage(folder).free) * SHARE_OF_DISK
    for _, size, path in sorted(copies):
        if held + needed <= most:
            return
        with contextlib.suppress(BlockingIOError):
            if path.name != ".users" and (file := _locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB)):
                path.unlink()
                file.close()
                held -= size
    if needed > shutil.disk_usage(folder).free:
        raise OSError(errno.ENOSPC, "No space left for the copy of a film; set TMPDIR", str(folder))


def _is_whole(path: Path, head: Mapping[str, Any]) -> bool:
    """False if a copy is not what the storage says; an ETag of parts, or of an encrypted film, says
    nothing about the content."""
    etag = head["ETag"].strip('"')
    is_md5 = len(etag) == 32 and head.get("ServerSideEncryption", "AES256") == "AES256"
    sums = {"sha256": head.get("ChecksumSHA256", "-"), "md5": etag if is_md5 else "-"}
    for kind, promised in sums.items():
        if "-" not in promised:
            digest = hashlib.new(kind, usedforsecurity=False)
            with open(path, "rb") as file:
                while block := file.read(2**20):
                    digest.update(block)
            wanted = (
                base64.b64decode(promised) if kind == "sha256" else binascii.unhexlify(promised)
            )
            return digest.digest() == wanted
    return True


def _version(etag: str, size: int) -> str:
    return etag.strip('"') + f" {size}"


@functools.lru_cache(maxsize=65536)
def _head(address: str) -> dict[str, Any]:
    try:
        return _ask("head_object", address, **_place(address), ChecksumMode="ENABLED")
    except FileNotFoundError:
        bucket = _place(address)["Bucket"]
        next(list_films(f"{_SCHEME}{bucket}"), None)  # an error if there is no such bucket
        raise DecodingError("it is not in the storage") from None


def _place(address: str) -> dict[str, str]:
    bucket, _, key = address.removeprefix(_SCHEME).partition("/")
    return {"Bucket": bucket, "Key": key}


def _read(address: str, **asked: Any) -> bytes:
    import fsspec.asyn

    async def read() -> bytes:
        answer = await _storage()._call_s3("get_object", **_place(address), **asked)
        async with answer["Body"] as body:
            return await body.read()

    with _in_words(address):
        try:
            return fsspec.asyn.sync(_storage().loop, read)
        except FileNotFoundError:
            raise DecodingError("it is not in the storage any more") from None
        except OSError as error:
            if error.errno != errno.EINVAL or "condition" not in str(error).lower():
                raise
            _head.cache_clear()
            raise DecodingError("it was changed while it was read") from None


def _ask(call: str, address: str, **asked: Any) -> dict[str, Any]:
    with _in_words(address):
        return _storage().call_s3(call, **asked)


def _storage() -> Any:
    try:
        import s3fs
    except ImportError:
        raise MachineFault("films at addresses need the package s3fs: pip install s3fs") from None
    # Kept by fsspec, for each process. What is asked once is not asked from a list.
    patience = {"connect_timeout": 10, "read_timeout": 60}
    return s3fs.S3FileSystem(use_listings_cache=False, config_kwargs=patience)


# What the storage says of requests that no second attempt makes right: keys, regions, names.
_REFUSALS = (errno.EINVAL, errno.EPERM, errno.EACCES, getattr(errno, "EREMCHG", None))
_UNSET = ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound", "NoRegionError")


@contextlib.contextmanager
def _in_words(address: str) -> Iterator[None]:
    """Say of an error whose it is: the user's keys, or a storage that does not answer."""
    try:
        yield
    except (FileNotFoundError, DecodingError, MachineFault):
        raise
    except Exception as error:
        number = getattr(error, "errno", None)
        refused = isinstance(error, PermissionError) or number in _REFUSALS
        if refused or type(error).__name__ in _UNSET:
            raise MachineFault(
                f"{address}: the storage refuses ({error}); look at AWS_PROFILE, or "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and at AWS_ENDPOINT_URL"
            ) from error
        text = f"{os.strerror(errno.EREMOTEIO)}: the storage does not answer ({error})"
        raise OSError(errno.EREMOTEIO, text, address) from error
