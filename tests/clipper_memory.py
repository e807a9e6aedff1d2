"""The clipper on one film, in a process of its own: prints its peak memory in MB.

python tests/clipper_memory.py FILM EMBEDDER_FOLDER
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OPTIONS = {
    "content_threshold": 20.0,
    "embedding_fps": 3.0,
    "distance_threshold": 0.35,
    "min_segment_s": 1.0,
}


def clipper_peak_mb(film, embedder):
    """Peak memory in MB of a process that cuts a film and does nothing else."""
    command = [sys.executable, __file__, str(film), str(embedder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def _peak_mb():
    # Not getrusage: its peak can be that of the process that started this one.
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]
    from shards import video_of
    from strefer.agents.embedder import load_embedder
    from strefer.clips import segment_film

    model = load_embedder({"adapter": "open_clip", "model": sys.argv[2], "device": "cpu"})
    video = video_of(sys.argv[1])
    segments = segment_film(video, OPTIONS, model)
    assert segments[-1].end_s == video.duration_s
    print(_peak_mb())
