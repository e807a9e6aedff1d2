"""Chat requests in files, to be asked in another environment."""

import json

import numpy as np

from strefer.agents.chat.interface import ChatRequest


def write_requests(folder, spec, calls):
    """Write a model's specification and lists of requests, one for each call of the engine.

    Frames that requests share are written once, and are shared again when they are read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrays, rows = {}, []
    for requests in calls:
        rows.append([])
        for request in requests:
            fields = vars(request) | {"frames": None}
            if request.frames is not None:
                fields["frames"] = f"frames_{id(request.frames)}"
                arrays[fields["frames"]] = request.frames
            rows[-1].append(fields)
    np.savez(folder / "frames.npz", **arrays)
    (folder / "requests.json").write_text(json.dumps({"spec": spec, "calls": rows}))


def read_requests(folder):
    """The specification and the lists of requests."""
    with np.load(folder / "frames.npz") as file:
        arrays = {name: file[name] for name in file.files}
    told = json.loads((folder / "requests.json").read_text())
    calls = [
        [ChatRequest(**row | {"frames": arrays.get(row["frames"])}) for row in rows]
        for rows in told["calls"]
    ]
    return told["spec"], calls
