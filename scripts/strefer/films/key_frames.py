"""Find a film's key frames, where decoding can start, without decoding.

An mp4 lists its frames in its header; of other films the packets are read once. Nothing of this is
kept on disk: it costs less than a thousandth of decoding the film, and a film that is read from its
start needs none of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np


@dataclass
class KeyFrames:
    """The key frames of a film, in order; timestamps in the stream's time base.

    Attributes:
        shown: presentation timestamps; those of an mp4 are the earliest that are possible.
        stored: decoding timestamps.
        numbers: how many frames are stored before each.
        sizes: of their packets in bytes.
        by_stored: whether `stored` is exact and `shown` is not.
        usable: set to False when entering the film at one of them has failed.
    """

    shown: list[int]
    stored: list[int]
    numbers: list[int]
    sizes: list[int]
    by_stored: bool = False
    usable: bool = True

    def last_before(self, timestamp: int) -> int:
        """Index of the last key frame shown at or before a timestamp; -1 if there is none."""
        return bisect_right(self.shown, timestamp) - 1

    def entries(self, index: int, timestamp: int) -> Iterator[int]:
        """Timestamps to seek to for the key frame `index`, best first. Formats differ in whether
        they seek by the time of presentation or of decoding."""
        yield timestamp
        yield from reversed(self.stored[max(index - 1, 0) : index + 1])

    def find(self, packet: av.Packet) -> int:
        """Index of the key frame in a packet; -1 if it is not one of these."""
        timestamps, timestamp = (
            (self.stored, packet.dts) if self.by_stored else (self.shown, packet.pts)
        )
        index = -1 if timestamp is None else bisect_right(timestamps, timestamp) - 1
        known = index >= 0 and (timestamps[index], self.sizes[index]) == (timestamp, packet.size)
        return index if known else -1


def find_key_frames(
    container: av.container.InputContainer, stream: av.VideoStream
) -> KeyFrames | None:
    """The key frames of a freshly opened film; None if its timestamps do not allow seeking (some
    are missing or made up, or time jumps back)."""
    if container.format.name.startswith("mov") and len(stream.index_entries) > 1:
        return _from_header(stream)
    return _from_packets(container, stream)


def _from_header(stream: av.VideoStream) -> KeyFrames | None:
    entries = [(e.timestamp, e.size, e.is_keyframe, e.is_discard) for e in stream.index_entries]
    numbers = [i for i, entry in enumerate(entries) if entry[2]]
    if any(entry[3] for entry in entries[numbers[1] if len(numbers) > 1 else 0 :]):
        return None  # an edit list that does more than hide the first frames
    stored, sizes = ([entries[i][field] for i in numbers] for field in (0, 1))
    # They are listed by the time of decoding. What is shown is later by as much as the first frame,
    # or by more; FFmpeg itself knows, and finds the right one.
    delay = max((stream.start_time or 0) - entries[0][0], 0)
    shown = [timestamp + delay for timestamp in stored]
    return KeyFrames(shown, stored, numbers, sizes, by_stored=True)


def _from_packets(
    container: av.container.InputContainer, stream: av.VideoStream
) -> KeyFrames | None:
    pts, stored, sizes, is_key = [], [], [], []
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.pts is None or packet.pos is None:
                return None  # MPEG-PS: of several frames in a packet, only the first has a time
            pts.append(packet.pts)
            stored.append(packet.pts if packet.dts is None else packet.dts)
            sizes.append(packet.size)
            is_key.append(packet.is_keyframe)
    except av.FFmpegError:
        return None
    if True not in is_key:
        return None
    numbers = np.flatnonzero(is_key)
    times = np.array(pts, np.int64)
    shown = times[numbers]
    # Frames stored after a key frame are shown before the next one and after the previous one.
    group = np.cumsum(is_key)[numbers[0] :] - 1
    limits = np.iinfo(np.int64)
    after, before = np.append(shown[1:], limits.max), np.append(limits.min, shown[:-1])
    behind = times[numbers[0] :]
    if (np.diff(shown) <= 0).any() or not (
        (behind < after[group]) & (behind > before[group])
    ).all():
        return None
    stored, sizes = ([values[i] for i in numbers] for values in (stored, sizes))
    return KeyFrames(shown.tolist(), stored, numbers.tolist(), sizes)
