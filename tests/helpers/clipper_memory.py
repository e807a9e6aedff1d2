"""The clipper in a process of its own: prints the process's peak memory in MB after each film.

python tests/clipper_memory.py EMBEDDER_FOLDER FILM...
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = {
    "shot_detector": "content",
    "content_threshold": 20.0,
    "embedding_fps": 3.0,
    "distance_threshold": 4.25,
    "min_segment_s": 1.0,
}


def clipper_peaks_mb(embedder, *films):
    """Peak memory in MB of a process that cuts films and does nothing else, after each of them."""
    command = [sys.executable, __file__, str(embedder), *map(str, films)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def _peak_mb():
    # Not getrusage: its peak can be that of the process that started this one.
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
    from helpers.shards import video_of
    from strefer.agents.embedder import load_embedder
    from strefer.clips.cut_clips import segment_film

    model = load_embedder({"adapter": "open_clip", "model": sys.argv[1], "device": "cpu"})
    for path in sys.argv[2:]:
        video = video_of(path)
        segments = segment_film(video, OPTIONS, model).segments
        assert segments[-1].end_s == video.duration_s
        print(_peak_mb())
