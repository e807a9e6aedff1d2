import numpy as np

from strefer.clips.appearance import nearest_frames, packed, unpacked
from strefer.records import Appearance


def test_directions_survive_the_packing():
    rows = np.random.default_rng(0).normal(size=(3, 512)).astype(np.float32)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    found = unpacked(Appearance(packed(list(rows)), 0.1, 9.0, 9.0), 3)
    assert np.abs(1 - (unit * found).sum(1)).max() < 1e-4
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)


def test_a_segment_between_two_frames_has_the_nearest():
    times_s = np.array([0.0, 1.0, 2.0])
    assert nearest_frames(times_s, 0, 2).tolist() == [0, 1]
    assert nearest_frames(times_s, 1.2, 1.4).tolist() == [1]
