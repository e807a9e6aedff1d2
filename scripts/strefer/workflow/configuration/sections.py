"""The configuration's sections. Where the paper or its authors' code gives a value, that is the
default; the demo's own values are in config/config.yaml. "(ours)" marks what the paper lacks."""

# fmt: off
# ruff: noqa: E501
# An option is a line, however long.
from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, create_model

from strefer.benchmarks.registry import BENCHMARKS
from strefer.workflow.configuration.section import Number, Section, needed, option
from strefer.workflow.configuration.training import Teachers, Training


class Prompts(Section):
    """Prompt files by role."""

    entity_recognizer: str = option("config/prompts/entity_recognizer.txt", "asks for the entities of a film")
    referring_parser: str = option("config/prompts/referring_parser.txt", "turns that text into a list")
    existence: str = option("config/prompts/existence.txt", "is an entity in a segment?")
    behaviour: str = option("config/prompts/behaviour.txt", "what does it do there?")
    assigner: str = option("config/prompts/assigner.txt", "assigner chat: which numbered box does an expression mean?")
    question_writer: str = option("config/prompts/question_writer.txt", "writes pairs of the question groups")
    statement_reader: str = option("config/prompts/statement_reader.txt", "what do the lines about an entity say?")
    relation_reader: str = option("config/prompts/relation_reader.txt", "which statements say the same, which exclude each other?")
    proof_reader: str = option("config/prompts/proof_reader.txt", "do written pairs follow from the statements, and are they good English?")
    judge_description: str = option("config/prompts/judge_description.txt", "VideoRefer-Bench-D: rates a description")
    judge_choice: str = option("config/prompts/judge_choice.txt", "TempCompass: which option does a text agree with?")


class Demo(Section):
    """The drawn films."""

    split: Literal["input", "held_out"] = option("input", "Which seeds the films are drawn from.")
    films: int = option(24, "Films of 10 to 30 seconds.", ge=1)
    long_films: int = option(1, "Films of more than 3 minutes.", ge=0)
    benchmark_films: int = option(24, "Films of the demo's benchmarks.", ge=1)
    base_films: int = option(60, "Films of the base data.", ge=1)


class Clips(Section):
    """The video clipper."""

    content_threshold: Number = option(20, "Hard cuts: threshold of the content detector.", gt=0)
    embedding_fps: Number = option(3, "Frames embedded a second.", gt=0)
    shot_detector: Literal["content", "adaptive", "transnetv2"] = option("content", "What finds cuts. content and adaptive are PySceneDetect's; adaptive does not take fast camera movement for a cut. transnetv2 also finds dissolves and fades, at about 60 times the processor time, and writes the probability of each cut.")
    distance_threshold: Number = option(4, "Neighbouring segments stay apart if their embeddings are this many times as far apart as those of frames that show the same.", ge=1)
    min_segment_s: Number = option(1.0, "Shortest segment in seconds.", ge=0)


class Asking(Section):
    """What all stages have that ask a chat model and parse its replies."""

    attempts: int = option(3, "How often the model is asked if its reply cannot be parsed.", ge=1, le=10)
    retry_temperature: Number = option(0.7, "Sampling temperature of all attempts but the first.", gt=0)


class AskingOfFilms(Asking):
    """What stages have besides that ask about whole films."""

    max_new_tokens: int = option(512, "Longest reply.", ge=1)
    batch_films: int | None = option(64, "Films given to the engine together; null gives all of the shard.", ge=1)


class EntitiesOptions(AskingOfFilms):
    """The entity recognizer."""

    looks: int = option(1, "Split the film into this many equal stretches, ask about each, and merge the lists. More calls, but finds entities that appear late or briefly (ours).", ge=1)
    n_frames: int = option(32, "Evenly spaced frames of each stretch.", ge=1)
    max_new_tokens: int = option(512, "Longest reply.", ge=1)


class ReferencesOptions(AskingOfFilms):
    """The referring parser."""

    max_entities: int = option(20, "Further entities of a film are left out.", ge=1)
    max_new_tokens: int = option(1024, "Longest reply.", ge=1)


class TracksOptions(Section):
    """Steps 1 to 3 of the masklet generator."""

    frames: int = option(32, "Frames sampled from a film or a window.", ge=2)
    box_threshold: Number = option(0.25, "The detector's threshold for boxes.", ge=0, le=1)
    text_threshold: Number = option(0.3, "The detector's threshold for words.", ge=0, le=1)
    min_score: Number = option(0.5, "Detections below this do not start a track.", ge=0, le=1)
    max_objects: int = option(50, "The most detections on a frame that start tracks: the surest ones; the log says when there were more.", ge=1)
    nms_iou: Number = option(0.7, "Of two detections that overlap more than this, the better is kept (ours).", ge=0, le=1)
    look_ahead: int = option(4, "Frames to look at before a frame is taken that does not show every kind (ours).", ge=0)
    max_starting_frames: int = option(4, "Starting frames of a window (ours).", ge=1)
    explained_iou: Number = option(0.4, "A detection that overlaps a track this much does not start another (ours).", ge=0, le=1)
    min_certainty: Number = option(0, "An object counts as absent on frames where the mean probability of its mask's pixels is lower (ours).", ge=0, le=1)
    join_iou: Number = option(0.5, "Tracks that overlap this much are joined (ours).", ge=0, le=1)
    window_s: Number = option(180, "Longer films are tracked in windows of this many seconds (ours).", gt=0)
    overlap_s: Number = option(20, "Overlap of the windows in seconds (ours).", ge=0)


class MaskletsOptions(Section):
    """Step 4 of the masklet generator."""

    procedure: Literal["ours", "paper", "concepts"] = option("ours", "The published procedure, or this project's, or this project's with the agent concept_tracker in place of detector and tracker: SAM 3 finds and follows whatever is named, whenever it enters.")
    min_score: Number = option(0.02, "An expression gets no track that is less probably what it means (ours). SigLIP gives the right text 0.2 to 0.4, a wrong one less than 0.001.", ge=0, le=1)
    drift_margin: Number = option(2, "A piece of a track is cut off where another expression fits better by more than this on each frame (ours; in log-odds: 0.7 is twice the odds, 2.3 ten times).", ge=0)
    switch_cost: Number = option(10, "What a change of expression within a track must gain in total (ours; in log-odds).", ge=0)
    region_prompts: bool = option(False, "Also give each mask a box, a point and a scribble to refer by.")


class TranscriptsOptions(Asking):
    """The video transcriber."""

    n_frames: int = option(16, "Evenly spaced frames of a segment.", ge=1)
    existence_tokens: int = option(8, "Longest reply to the first question.", ge=1)
    behaviour_tokens: int = option(128, "Longest reply to the second question.", ge=1)
    batch_segments: int | None = option(256, "Segments given to the engine together, with at most 2 GB of frames; null gives all of the shard.", ge=1)


class StatementsOptions(AskingOfFilms):
    """The reader of transcripts."""

    reader: Literal["llm", "grammar"] = option("llm", "Who reads the transcripts into statements. grammar is for a closed language such as the drawn world's, in which one action has one wording (ours).")
    max_new_tokens: int = option(2048, "Longest reply.", ge=1)


class PairsPerMinute(Section):
    """Pairs a minute of film, by group."""

    G1: Number = option(32, "words only, described", ge=0)
    G2: Number = option(32, "words only, asked", ge=0)
    G3: Number = option(32, "timestamps, described", ge=0)
    G4: Number = option(32, "timestamps, asked", ge=0)
    G5: Number = option(32, "masks, described", ge=0)
    G6: Number = option(32, "masks, asked", ge=0)
    G7: Number = option(32, "masks and timestamps, described", ge=0)
    G8: Number = option(32, "masks and timestamps, asked", ge=0)


class InstructionsOptions(AskingOfFilms):
    """The instruction generator."""

    pairs_per_minute: PairsPerMinute = option(PairsPerMinute(), "Pairs a minute of film, by group.")
    question_writer: Literal["llm", "phrasings"] = option("llm", "Who writes the question groups (G2, G4, G6, G8).")
    pairs_per_call: int = option(8, "The most pairs that the LLM is asked for at a time, all about one window, clip or film.", ge=1)
    time_answers: bool = option(True, "Allow answers that are times.")
    verify: bool = option(True, "Check pairs against their evidence.")
    check_motion: bool = option(False, "Movements in a transcript must agree with the masklet's; for cameras that do not move.")
    check_unseen: bool = option(True, "Reject pairs about an entity whose transcript and masklet disagree.")
    least_score: Number = option(0.05, "Doubt masklets that are less probably what their expression means, unless they come and go as the transcript says.", ge=0, le=1)
    second_look: bool = option(False, "Also transcribe the first and last part of each segment; a segment's transcript must agree with them. The video LLM then gets three times as many questions.")
    proof_reader: Literal["llm", "judge", "none"] = option("llm", "Which agent reads the written pairs against their statements.")
    max_new_tokens: int = option(1536, "Longest reply.", ge=1)
    temperature: Number = option(0.7, "Sampling temperature of the question writer.", ge=0)


class Quality(Section):
    """The measuring against the drawn films' truth."""

    teacher_films: int = option(300, "Films on which detector and tracker are measured by themselves; 0 leaves that out.", ge=0)


class BenchmarkFiles(Section):
    """A benchmark's files."""

    annotations: str | None = option(None, "Its file (TempCompass: its folder). null leaves the benchmark out. {world} is the folder of the demo's own material.")
    videos: str | None = option(None, "The folder of its films.")
    subtitles: str | None = option(None, "Video-MME only: a folder of subtitles (.srt), shown with the question.")
    masks: Literal["all", "one"] = option("all", "VideoRefer-Bench only: show the masks of all annotated frames, or of one (its single-frame mode, `frame_idx`).")


class JobResources(Section):
    """What a stage's jobs ask for."""

    mem_mb: int = option(4000, "Memory in MB; more on a retry.", ge=1)
    runtime_min: int = option(60, "Time limit in minutes; more on a retry.", ge=1)
    gpus: int = option(0, "GPUs of one job.", ge=0)
    threads: int = option(1, "CPU threads of one job.", ge=1)


def _alike(name: str, names: tuple[str, ...], section: type[Section]) -> Any:
    """A section whose options are sections that are all alike."""
    fields = {one: (section, option(section(), section.__doc__)) for one in names}
    return create_model(name, __base__=Section, __doc__=name, **fields)


Benchmarks = _alike("Benchmarks", tuple(BENCHMARKS), BenchmarkFiles)
# fmt: off
Resources = _alike("Resources", (
    "world", "videos", "clips", "entities", "references", "tracks", "masklets", "transcripts",
    "statements", "instructions", "export", "recipes", "training", "predictions", "scores", "report", "quality",
    "teachers", "servers",
), JobResources)
# fmt: on


class Configuration(Section):
    """The whole configuration."""

    run: str = option(
        "demo",
        "Name of the run. Everything it makes is in results/<run>.",
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$",
    )
    videos: str = option(
        "demo",
        "The raw films: a folder, a glob, or a table (.csv, .tsv, .parquet) with the columns id and path. The word demo draws the demo's own.",
        min_length=1,
    )
    corrections: str | list[str] = option(
        [],
        "What people decided about films and results: a table (.csv, .tsv, .parquet) or several, see docs/corrections.md.",
    )
    limit: int | None = option(
        None,
        "The most films: the first, by their ids. null takes all.",
        ge=1,
    )
    rehearse: list[str] | None = option(
        None,
        "The films that the target try takes, by their ids; it takes the first two if none is named.",
    )
    shards: int = option(64, "Each stage's films are divided among this many jobs.", ge=1, le=65536)
    seed: int = option(0, "Seed of everything that is drawn or sampled.", ge=0)
    gpu: str = option("A100", "The GPU that check computes for, by its name in config/gpus.yaml.")
    strict: bool = option(
        False, "Treat a failed film as an error. Otherwise it becomes a line in the report."
    )
    agents: dict[str, Any] = needed("The models by role.")
    prompts: Prompts = option(Prompts(), "Prompt files by role: ")
    demo: Demo = option(Demo(), "")
    clips: Clips = option(Clips(), "")
    entities: EntitiesOptions = option(EntitiesOptions(), "")
    references: ReferencesOptions = option(ReferencesOptions(), "")
    tracks: TracksOptions = option(TracksOptions(), "")
    masklets: MaskletsOptions = option(MaskletsOptions(), "")
    transcripts: TranscriptsOptions = option(TranscriptsOptions(), "")
    statements: StatementsOptions = option(StatementsOptions(), "")
    instructions: InstructionsOptions = option(InstructionsOptions(), "")
    base_data: str = option(
        "base_data",
        "The folder of the base data that recipes name. The word demo draws the demo's own.",
    )
    recipes: list[Annotated[str, Field(pattern="^[A-Za-z0-9-]+$")]] = option(
        ["base", "strefer"],
        "Mixtures to train on, each a file of config/recipes. The report compares all with the first.",
    )
    training_seeds: int = option(
        1,
        "Students trained on each recipe, with consecutive seeds; scores are means over them.",
        ge=1,
    )
    training: Training = option(Training(), "")
    teachers: Teachers = option(Teachers(), "")
    quality: Quality = option(Quality(), "")
    benchmarks: Benchmarks = option(Benchmarks(), "")
    resources: Resources = option(Resources(), "")
