"""Who is to blame, by the errors that people met."""

import errno

import numpy as np
import pytest
import torch

from strefer.frames import DecodingError, measure
from strefer.stage.faults import Fault, ItemFailure, MachineFault, fault_of, fault_of_text

STALE = "ESTALE ETIMEDOUT EHOSTDOWN ENOTCONN EREMOTEIO EROFS".split()
DEVICE = [
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA error: uncorrectable ECC error encountered"),
    RuntimeError("NCCL error in: ProcessGroupNCCL.cpp:1234, unhandled system error"),
    torch.AcceleratorError("device-side assert triggered"),
    MachineFault("the server is gone"),
]


@pytest.mark.parametrize("error", DEVICE, ids=str)
def test_errors_of_devices_and_engines(error):
    assert fault_of(error) is Fault.DEVICE
    assert fault_of_text(f"{type(error).__name__}: {error}") is Fault.DEVICE


@pytest.mark.parametrize("name", STALE)
def test_errors_of_storage(name):
    number = getattr(errno, name)
    assert fault_of(OSError(number, "as the kernel says")) is Fault.STORAGE
    assert fault_of_text(f"/films/a.mp4: {OSError(number, 'x')}") is Fault.STORAGE


def test_memory_that_is_not_there():
    with pytest.raises(RuntimeError) as by_torch:
        torch.empty(10**15)
    with pytest.raises(MemoryError) as by_numpy:
        np.ones(10**15)
    errors = [by_torch.value, by_numpy.value, torch.OutOfMemoryError("CUDA out of memory")]
    assert [fault_of(error) for error in errors] == [Fault.MEMORY] * 3


def test_room_that_a_person_must_make():
    for name in ("ENOSPC", "EDQUOT", "EMFILE", "ENFILE"):
        assert fault_of(OSError(getattr(errno, name), "full")) is Fault.ROOM


def test_a_file_that_only_the_decoder_cannot_read_is_to_blame(tmp_path):
    film = tmp_path / "film.mp4"
    film.write_bytes(b"some bytes")
    assert fault_of(OSError(errno.EIO, "broken", f"file:{film}")) is Fault.ITEM
    assert fault_of(OSError(errno.EIO, "broken", str(tmp_path / "gone"))) is Fault.STORAGE
    assert fault_of(OSError(errno.EIO, "broken")) is Fault.STORAGE


def test_what_a_film_holds_is_its_own_fault(tmp_path):
    broken = tmp_path / "CUDA error ECC.mp4"
    broken.write_bytes(b"no film")
    with pytest.raises(DecodingError) as caught:
        measure(broken)
    errors = [caught.value, FileNotFoundError(2, "No such file"), RuntimeError("shapes differ")]
    errors += [ValueError("no usable reply; the model said 'CUDA error: ECC, NCCL error'")]
    assert {fault_of(error) for error in errors} == {Fault.ITEM}
    assert fault_of_text("ValueError: the model said 'CUDA error'") is Fault.ITEM


def test_a_failure_knows_the_error_that_it_was_made_from():
    def read(error):
        try:
            raise error
        except OSError as caught:
            return ItemFailure(f"a.mp4: {caught}")

    assert read(OSError(errno.ESTALE, "stale")).fault is Fault.STORAGE
    assert read(FileNotFoundError(2, "No such file")).fault is Fault.ITEM
    assert ItemFailure("no reply").fault is Fault.ITEM


def test_an_error_that_hides_another_has_its_fault():
    with pytest.raises(DecodingError) as caught:
        try:
            raise OSError(errno.ESTALE, "stale")
        except OSError as error:
            raise DecodingError(f"cannot be decoded: {error.strerror}") from None
    assert fault_of(caught.value) is Fault.STORAGE
