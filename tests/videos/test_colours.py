import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorTrc

from strefer.films.colours import HLG, PQ, is_standard, to_standard

BT2020, BT709, P3 = (int(getattr(ColorPrimaries, name)) for name in ("BT2020", "BT709", "SMPTE432"))


def shown(codes, transfer, primaries=BT2020):
    """Codes of 0 to 1 as they are shown, of 255."""
    rgb = np.round(np.array(codes) * 65535).astype(np.uint16)[None]
    return to_standard(rgb, transfer, primaries)[0]


def grey(code, transfer):
    return int(shown([[code] * 3], transfer)[0, 1])


@pytest.mark.parametrize(
    ("transfer", "code", "expected"),
    [
        # BT.2408: diffuse white, 203 cd/m²; then 0, about 20 and 100, and 1000 cd/m² and more.
        *((PQ, 0.5807, 230), (PQ, 0.0, 0), (PQ, 0.3570, 97), (PQ, 0.5081, 189)),
        *((PQ, 0.7518, 255), (PQ, 1.0, 255)),
        *((HLG, 0.75, 230), (HLG, 0.0, 0), (HLG, 1.0, 255)),
    ],
)
def test_greys(transfer, code, expected):
    assert grey(code, transfer) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_brighter_is_never_darker(transfer):
    ramp = shown([[code] * 3 for code in np.linspace(0, 1, 1000)], transfer)[:, 0]
    assert (np.diff(ramp.astype(int)) >= 0).all()
    assert len(set(ramp.tolist())) > 200


@pytest.mark.parametrize("primaries", [BT2020, P3])
def test_greys_of_wide_gamuts_stay_and_colours_grow(primaries):
    codes = [[0.5, 0.5, 0.5], [0.6, 0.3, 0.3]]
    transfer = int(ColorTrc.BT709)
    (a, b), plain = shown(codes, transfer, primaries).astype(int), np.array(codes[1]) * 255
    assert np.abs(a - 127.5).max() <= 1
    assert b[0] > plain[0]
    assert b[1] < plain[1]


def test_what_needs_nothing():
    assert is_standard(int(ColorTrc.BT709), BT709)
    assert is_standard(int(ColorTrc.UNSPECIFIED), int(ColorPrimaries.UNSPECIFIED))
    assert not is_standard(PQ, BT2020)
    assert not is_standard(int(ColorTrc.BT709), BT2020)
