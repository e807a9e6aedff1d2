"""Each benchmark's files in the form in which its owners publish them, small."""

import json

import pyarrow
import pyarrow.parquet

RLE = {"size": [2, 2], "counts": "04"}
MASKS = {"0": {"segmentation": RLE}, "3": {"segmentation": None}, "6": {"segmentation": RLE}}
DESCRIBED = {
    "id": 0,
    "video": "rLlzmcp3J6s_0:01:09.633_0:01:14.333.mp4",
    "caption": "The cub is a smaller, light colored lion.",
    "frame_idx": "6",
    "annotation": [MASKS],
}
ASKED = {
    "id": 0,
    "video": "DAVIS/JPEGImages/480p/aerobatics",
    "Question": "What is <object3><region> not wearing?",
    "type": "Basic Questions",
    "options": ["(A) A helmet", "(B) A hat", "(C) Sunglasses", "(D) A watch"],
    "Answer": "(A) A helmet",
    "frame_idx": "6",
    "annotation": [MASKS],
}
QUERY = {
    "qid": 2579,
    "query": "A girl and her mother cooked while talking.",
    "duration": 150,
    "vid": "NUsG9BgSes0_210.0_360.0",
    "relevant_clip_ids": [41, 42],
    "saliency_scores": [[1, 1, 2], [1, 1, 3]],
    "relevant_windows": [[82, 86]],
}
OTHER_QUERY = QUERY | {"qid": 2580, "vid": "other", "relevant_windows": [[10, 20], [30, 32]]}
COMPASS = {
    "multi-choice": ("What does he do?\nA. sits\nB. jumps", "B. jumps"),
    "yes_no": ("Does he jump?", "yes"),
    "caption_matching": (
        "Which one?\nOption 1: He sits.\nOption 2: He jumps.",
        "Option 2: He jumps.",
    ),
    "captioning": ("Write.\nInformation A: {'action': 'jumps'}\nGenerated Caption:", "A. jumps"),
}
MME_ROW = {
    "video_id": "001",
    "duration": "short",
    "domain": "Knowledge",
    "sub_category": "Humanity & History",
    "url": "https://www.youtube.com/watch?v=fFjv93ACGo8",
    "videoID": "fFjv93ACGo8",
    "question_id": "001-1",
    "task_type": "Counting Problem",
    "question": "How many?",
    "options": ["A. 1.", "B. 2.", "C. 3.", "D. 4."],
    "answer": "C",
}
NAMES = (
    "videorefer_d",
    "videorefer_q",
    "qvhighlights",
    "qvhighlights_balanced",
    "tempcompass",
    "videomme",
)


def contents(name):
    """What a benchmark's files hold, by file name."""
    if name == "tempcompass":
        facts = {
            f: {"1034": {"action": [{"question": q, "answer": a}]}} for f, (q, a) in COMPASS.items()
        }
        return {f"questions/{form}.json": fact for form, fact in facts.items()}
    if name.startswith("qvhighlights"):
        return {"highlight_val_release.jsonl": [QUERY, OTHER_QUERY]}
    if name == "videomme":
        film = {k: MME_ROW[k] for k in ("video_id", "duration", "domain", "sub_category")}
        asked = {
            k: MME_ROW[k] for k in ("question_id", "task_type", "question", "options", "answer")
        }
        return {"videomme.json": [film | {"questions": [asked | {"response": "C. 3."}]}]}
    entry, letter = {"videorefer_d": (DESCRIBED, "D"), "videorefer_q": (ASKED, "Q")}[name]
    return {f"VideoRefer-Bench-{letter}.json": [entry]}


def write_form(folder, name, files=None):
    """Write a benchmark's files (or others of their names); returns what `load_questions` takes."""
    files = contents(name) if files is None else files
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        lines = path.endswith(".jsonl") and isinstance(content, list)
        text = "\n".join(map(json.dumps, content)) if lines else json.dumps(content)
        (folder / path).write_text(text, encoding="utf-8")
    annotations = folder if name == "tempcompass" else folder / next(iter(files))
    return {"annotations": str(annotations), "videos": str(folder)}


def write_parquet(path, rows):
    """Rows as the data set's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path
