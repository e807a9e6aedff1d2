"""A small benchmark file and predictions, for tests of scoring."""

import json

from strefer.benchmarks import predict_answers

RLE = {"size": [2, 2], "counts": "04"}


def write_questions(folder, count):
    entry = {
        "video": "a.mp4",
        "Question": "What is <object0><region>?",
        "type": "Basic Questions",
        "options": ["(A) a dog", "(B) a cat"],
        "Answer": "(A)",
        "frame_idx": "0",
        "annotation": [{"0": {"segmentation": RLE}}],
    }
    entries = [{"id": i} | entry for i in range(count)]
    (folder / "q.json").write_text(json.dumps(entries))
    return {"annotations": str(folder / "q.json"), "videos": str(folder)}


def write_predictions(path, answers):
    predict_answers.write_predictions(path, {str(i): a for i, a in enumerate(answers)})
    return path
