"""Verdicts of benchmarks' official scripts against ours, on results that their owners publish."""

from strefer.benchmarks.files import read_json
from strefer.benchmarks.tempcompass_rules import decide

FORMS = ("multi-choice", "yes_no", "caption_matching")  # captions are always judged by an LLM


def measure(benchmarks, **_):
    """What a rule decided officially (`match_success`), and how often ours decides otherwise."""
    files = [
        (form, path)
        for form in FORMS
        for path in sorted(benchmarks.glob(f"tempcompass/*_auto_eval_results_{form}.json"))
    ]
    entries = [
        (form, entry)
        for form, path in files
        for film in read_json(path).values()
        for aspect in film.values()
        for entry in aspect
        if entry["match_success"]
    ]
    if not entries:
        print(f"no official results below {benchmarks}")
        return {}
    ours = [
        decide(form, one["question"], one["gt-answer"], one["video-llm-prediction"])
        for form, one in entries
    ]
    wrong = [our != bool(one["rating"]) for our, (_, one) in zip(ours, entries, strict=True)]
    return {"benchmarks.verdicts": len(entries), "benchmarks.disagreements": sum(wrong)}
