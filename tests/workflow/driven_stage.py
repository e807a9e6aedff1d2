"""A stage in a process of its own, to be killed or starved: driven_stage.py FOLDER [memory].

It notes each item that it begins in FOLDER/journal, before anything can go wrong.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from strefer.stage.run import Item, Shard, one_by_one, run_stage
from strefer.workflow.logs import start_log

N_ITEMS = 40
KILOBYTES = 50


def main(folder, greedy=False):
    start_log(str(folder / "stage.log"))
    journal = os.open(folder / "journal", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def one(item):
        os.write(journal, f"{item.video_id}\n".encode())
        time.sleep(0.002)
        if greedy:
            np.ones(2_000_000_000)  # 16 GB
        return [{"text": f"{item.content} {n}", "more": "x" * 1000} for n in range(KILOBYTES)]

    run_stage(
        "entities",
        [Item(f"film {number}", number) for number in range(N_ITEMS)],
        lambda: one_by_one(one),
        Shard(folder / "results" / "shard.jsonl", folder / "results" / "store", {"code": "1"}),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), greedy="memory" in sys.argv[2:])
