"""The configuration's sections. Where the paper or its authors' code gives a value, that is the
default; the demo's own values are in config/config.yaml. "(ours)" marks what the paper does not have."""

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

    split: Literal["input", "held_out"] = option("input", "Which set of seeds the films are drawn from.")
    films: int = option(24, "Number of films of 10 to 30 seconds.", ge=1)
    long_films: int = option(1, "Number of films longer than 3 minutes.", ge=0)
    benchmark_films: int = option(24, "Number of films in the demo's benchmarks.", ge=1)
    base_films: int = option(60, "Number of films in the base data.", ge=1)


class Clips(Section):
    """The video clipper."""

    content_threshold: Number = option(20, "The content detector's threshold for hard cuts.", gt=0)
    embedding_fps: Number = option(3, "Frames to embed per second of film.", gt=0)
    shot_detector: Literal["content", "adaptive", "transnetv2"] = option("content", "How to detect cuts. content and adaptive are PySceneDetect's; adaptive does not mistake fast camera movement for a cut. transnetv2 also finds dissolves and fades but takes about 60 times as much CPU time; it writes the probability of each cut.")
    distance_threshold: Number = option(4, "Keep two neighbouring segments separate if their embeddings differ at least this many times as much as frames of one scene do.", ge=1)
    min_segment_s: Number = option(1.0, "Shortest segment in seconds.", ge=0)


class Asking(Section):
    """Options of every stage that asks a chat model and parses its replies."""

    attempts: int = option(3, "How many times to ask the model if its reply cannot be parsed.", ge=1, le=10)
    retry_temperature: Number = option(0.7, "Sampling temperature of every attempt after the first.", gt=0)


class AskingOfFilms(Asking):
    """Further options of the stages that ask about whole films."""

    max_new_tokens: int = option(512, "Maximum length of a reply in tokens.", ge=1)
    batch_films: int | None = option(64, "Films to give the engine at once; null gives it the whole shard.", ge=1)


class EntitiesOptions(AskingOfFilms):
    """The entity recognizer."""

    looks: int = option(1, "Split the film into this many equal stretches, ask about each, and merge the lists. More calls, but finds entities that appear late or briefly (ours).", ge=1)
    n_frames: int = option(32, "Evenly spaced frames to show of each stretch.", ge=1)
    max_new_tokens: int = option(512, "Maximum length of a reply in tokens.", ge=1)


class ReferencesOptions(AskingOfFilms):
    """The referring parser."""

    max_entities: int = option(20, "Maximum number of entities in a film; any further ones are dropped.", ge=1)
    max_new_tokens: int = option(1024, "Maximum length of a reply in tokens.", ge=1)


class TracksOptions(Section):
    """Steps 1 to 3 of the masklet generator."""

    frames: int = option(32, "Frames to sample from a film or window.", ge=2)
    box_threshold: Number = option(0.25, "The detector's threshold for boxes.", ge=0, le=1)
    text_threshold: Number = option(0.3, "The detector's threshold for words.", ge=0, le=1)
    min_score: Number = option(0.5, "Detections that score below this do not start a track.", ge=0, le=1)
    max_objects: int = option(50, "Maximum number of detections on a frame that start tracks. The highest scores are kept; the log says if there were more.", ge=1)
    nms_iou: Number = option(0.7, "If two detections overlap more than this, keep the better one (ours).", ge=0, le=1)
    look_ahead: int = option(4, "How many more frames to look at before accepting a starting frame that does not show every kind of object (ours).", ge=0)
    max_starting_frames: int = option(4, "Maximum number of starting frames in a window (ours).", ge=1)
    explained_iou: Number = option(0.4, "A detection that overlaps a track at least this much does not start a new one (ours).", ge=0, le=1)
    min_certainty: Number = option(0, "Treat an object as absent on frames where the mean probability of its mask's pixels is below this (ours).", ge=0, le=1)
    join_iou: Number = option(0.5, "Join tracks that overlap at least this much (ours).", ge=0, le=1)
    window_s: Number = option(180, "Track longer films in windows of this many seconds (ours).", gt=0)
    overlap_s: Number = option(20, "Overlap of the windows in seconds (ours).", ge=0)


class MaskletsOptions(Section):
    """Step 4 of the masklet generator."""

    procedure: Literal["ours", "paper", "concepts"] = option("ours", "paper is the published procedure, ours is this project's. concepts is ours with the agent concept_tracker instead of detector and tracker: SAM 3 finds and follows whatever is named, whenever it enters.")
    min_score: Number = option(0.02, "Do not assign a track to an expression if the probability that they match is below this (ours). SigLIP gives the right text 0.2 to 0.4 and a wrong one less than 0.001.", ge=0, le=1)
    drift_margin: Number = option(2, "Cut off the part of a track where another expression fits better by more than this on every frame (ours; in log-odds: 0.7 is twice the odds, 2.3 ten times).", ge=0)
    switch_cost: Number = option(10, "Let a track change its expression only if the total gain is at least this (ours; in log-odds).", ge=0)
    region_prompts: bool = option(False, "Also give each mask a box, a point and a scribble that questions can refer to it by.")


class TranscriptsOptions(Asking):
    """The video transcriber."""

    n_frames: int = option(16, "Evenly spaced frames to show of each segment.", ge=1)
    existence_tokens: int = option(8, "Maximum length in tokens of the reply to the first question (is the entity there?).", ge=1)
    behaviour_tokens: int = option(128, "Maximum length in tokens of the reply to the second question (what does it do?).", ge=1)
    batch_segments: int | None = option(256, "Segments to give the engine at once, with at most 2 GB of frames; null gives it the whole shard.", ge=1)


class StatementsOptions(AskingOfFilms):
    """The reader of transcripts."""

    lines_per_call: int = option(24, "The most lines about an entity, or statements to compare, that the LLM is given at a time.", ge=1)
    max_new_tokens: int = option(2048, "Maximum length of a reply in tokens.", ge=1)


class PairsPerMinute(Section):
    """Pairs per minute of film, by group."""

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

    pairs_per_minute: PairsPerMinute = option(PairsPerMinute(), "Pairs per minute of film, by group.")
    question_writer: Literal["llm", "phrasings"] = option("llm", "What writes the question groups (G2, G4, G6, G8): the agent llm, or fixed phrasings.")
    pairs_per_call: int = option(8, "Maximum number of pairs to ask the LLM for in one call, all about the same window, clip or film.", ge=1)
    time_answers: bool = option(True, "Allow answers that are times.")
    verify: bool = option(True, "Check pairs against their evidence.")
    check_motion: bool = option(False, "Require movements in a transcript to agree with the masklet. For fixed cameras only.")
    check_unseen: bool = option(True, "Reject pairs about an entity whose transcript and masklet disagree.")
    least_score: Number = option(0.05, "Doubt a masklet if the probability that it matches its expression is below this, unless it comes and goes as the transcript says.", ge=0, le=1)
    second_look: bool = option(False, "Also transcribe the first and last part of each segment, and require the segment's transcript to agree with them. This triples the number of questions to the video LLM.")
    proof_reader: Literal["llm", "judge", "none"] = option("llm", "Which agent checks the written pairs against the statements that they come from.")
    max_new_tokens: int = option(1536, "Maximum length of a reply in tokens.", ge=1)
    temperature: Number = option(0.7, "Sampling temperature of the question writer.", ge=0)


class Quality(Section):
    """Measuring the results against the drawn films' truth."""

    teacher_films: int = option(300, "Number of films on which to measure the detector and the tracker in isolation; 0 skips this.", ge=0)


class BenchmarkFiles(Section):
    """A benchmark's files."""

    annotations: str | None = option(None, "The benchmark's file (TempCompass: its folder). null leaves the benchmark out. {world} is the folder with the demo's own material.")
    videos: str | None = option(None, "The folder with the benchmark's films.")
    subtitles: str | None = option(None, "Video-MME only: a folder of subtitles (.srt) to show with the question.")
    masks: Literal["all", "one"] = option("all", "VideoRefer-Bench only: show the masks of all annotated frames, or of one (its single-frame mode, `frame_idx`).")


class JobResources(Section):
    """Resources that a stage's jobs request."""

    mem_mb: int = option(4000, "Memory in MB. A retry gets more.", ge=1)
    runtime_min: int = option(60, "Time limit in minutes. A retry gets more.", ge=1)
    gpus: int = option(0, "GPUs per job.", ge=0)
    threads: int = option(1, "CPU threads per job.", ge=1)


def _alike(name: str, names: tuple[str, ...], section: type[Section]) -> Any:
    """Create a section in which every option is the same kind of section."""
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
        "The run's name. Everything that it produces is in results/<run>.",
        pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$",
    )
    videos: str = option(
        "demo",
        "The raw films: a folder, a glob, an address s3://BUCKET/PREFIX, or a table (.csv, .tsv, .parquet) with the columns id and path. demo draws the demo's own films.",
        min_length=1,
    )
    corrections: str | list[str] = option(
        [],
        "One or more tables (.csv, .tsv, .parquet) of what people decided about films and results, see docs/corrections.md.",
    )
    limit: int | None = option(
        None,
        "Use only this many films, the first by id. null uses all.",
        ge=1,
    )
    rehearse: list[str] | None = option(
        None,
        "The ids of the films that the target try uses. null uses the first two.",
    )
    shards: int = option(64, "How many jobs to divide each stage's films among.", ge=1, le=65536)
    seed: int = option(0, "The seed for everything that is drawn or sampled.", ge=0)
    gpu: str = option(
        "A100", "The GPU for which check estimates hours, by its name in config/gpus.yaml."
    )
    strict: bool = option(
        False,
        "Treat a failed film as an error. Otherwise it is listed in the report and the run goes on.",
    )
    agents: dict[str, Any] = needed("The models, by role.")
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
        "The folder with the base data that recipes name. demo draws the demo's own.",
    )
    recipes: list[Annotated[str, Field(pattern="^[A-Za-z0-9-]+$")]] = option(
        ["base", "strefer"],
        "The mixtures to train on, each a file in config/recipes. The report compares all of them with the first.",
    )
    training_seeds: int = option(
        1,
        "How many students to train on each recipe, with consecutive seeds. Scores are averaged over them.",
        ge=1,
    )
    training: Training = option(Training(), "")
    teachers: Teachers = option(Teachers(), "")
    quality: Quality = option(Quality(), "")
    benchmarks: Benchmarks = option(Benchmarks(), "")
    resources: Resources = option(Resources(), "")
