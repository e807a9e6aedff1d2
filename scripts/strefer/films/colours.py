"""High dynamic range and wide gamuts as a standard display shows them.

A PQ or HLG film (BT.2100) shown as if it were a standard one looks dull and brown. Here we compute
its light, convert its gamut to BT.709, compress what is brighter than white and leave the rest
unchanged. Reference white (203 cd/m², BT.2408) becomes 231 of 255.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from av.video.reformatter import ColorPrimaries, ColorTrc

PQ, HLG = int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67)
# BT.709's primaries from others, for linear light; the others are those that cameras record in.
TO_BT709 = {
    int(ColorPrimaries.BT2020): np.array(
        [
            [1.660491, -0.587641, -0.072850],
            [-0.124550, 1.132900, -0.008349],
            [-0.018151, -0.100579, 1.118730],
        ],
        np.float32,
    ),
    int(ColorPrimaries.SMPTE432): np.array(  # Display P3
        [
            [1.224940, -0.224940, 0.0],
            [-0.042057, 1.042057, 0.0],
            [-0.019638, -0.078636, 1.098274],
        ],
        np.float32,
    ),
}
_WHITE, _PEAK = 203.0, 1000.0  # cd/m²: BT.2408's diffuse white, and what most films are graded to
_HLG_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
_DISPLAY_GAMMA = 2.4  # BT.1886
_STEPS = 4096  # of the tables that are looked up by the root of light
_BLOCK_ROWS = 64  # stay in the processor's cache


def is_standard(transfer: int, primaries: int) -> bool:
    """True if a standard display shows such a film correctly."""
    return transfer not in (PQ, HLG) and primaries not in TO_BT709


def to_standard(rgb: np.ndarray, transfer: int, primaries: int) -> np.ndarray:
    """Convert a picture for a standard display (BT.709 primaries, BT.1886).

    Tones are compressed as in BT.2390 (EETF, from 1000 cd/m² to diffuse white), by the brightest
    channel, so that hues stay. What is brighter than 1000 cd/m² is white.

    Args:
        rgb: uint16 [H, W, 3], full range.
        transfer, primaries: numbers of ITU-T H.273, as FFmpeg gives them.

    Returns:
        uint8 [H, W, 3].
    """
    shown = np.empty(rgb.shape, np.uint8)
    if transfer in (PQ, HLG) and primaries == int(ColorPrimaries.UNSPECIFIED):
        primaries = int(ColorPrimaries.BT2020)
    for start in range(0, len(rgb), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        light = _light_by_code(transfer)[rgb[block]]
        if transfer == HLG:  # BT.2100's OOTF: the scene's light on a display of 1000 cd/m²
            light *= (light @ _HLG_LUMINANCE)[..., None] ** np.float32(0.2) * (_PEAK / _WHITE)
        if primaries in TO_BT709:
            light = light @ TO_BT709[primaries].T
        np.maximum(light, 0, out=light)
        if transfer in (PQ, HLG):
            brightest = np.minimum(light.max(-1, keepdims=True), _PEAK / _WHITE)
            light *= _gain_by_root()[_step(brightest, _PEAK / _WHITE)]
        shown[block] = _code_by_root()[_step(np.minimum(light, 1), 1.0)]
    return shown


def _step(light: np.ndarray, most: float) -> np.ndarray:
    return (np.sqrt(light * np.float32(1 / most)) * (_STEPS - 1) + 0.5).astype(np.uint16)


@cache
def _light_by_code(transfer: int) -> np.ndarray:
    """Light by 16-bit code; 1 is diffuse white. HLG: the scene's, 1 is its peak."""
    code = np.linspace(0, 1, 1 << 16)
    if transfer == PQ:
        light = _pq_light(code) / _WHITE
    elif transfer == HLG:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    else:
        light = code**_DISPLAY_GAMMA
    return light.astype(np.float32)


@cache
def _gain_by_root() -> np.ndarray:
    """Factor on light whose brightest channel is given, by the root of that."""
    light = np.linspace(0, 1, _STEPS) ** 2 * _PEAK / _WHITE
    code = _pq_code(light * _WHITE) / _pq_code(_PEAK)
    most = _pq_code(_WHITE) / _pq_code(_PEAK)
    knee = 1.5 * most - 0.5
    t = np.maximum(code - knee, 0) / (1 - knee)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * most
    )
    mapped = _pq_light(np.where(code < knee, code, spline) * _pq_code(_PEAK)) / _WHITE
    return np.divide(mapped, light, out=np.ones(_STEPS), where=light > 0).astype(np.float32)


@cache
def _code_by_root() -> np.ndarray:
    light = np.linspace(0, 1, _STEPS) ** 2
    return np.round(255 * light ** (1 / _DISPLAY_GAMMA)).astype(np.uint8)


_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _pq_light(code: np.ndarray) -> np.ndarray:
    """cd/m² of PQ's code, 0 to 1 (SMPTE ST 2084)."""
    root = np.asarray(code) ** (1 / _M2)
    return 10_000 * (np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1)


def _pq_code(light: np.ndarray | float) -> np.ndarray:
    root = (np.asarray(light) / 10_000) ** _M1
    return ((_C1 + _C2 * root) / (1 + _C3 * root)) ** _M2
