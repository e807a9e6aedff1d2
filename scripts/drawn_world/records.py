"""The records of a film's plan: who is in it, where, when, and what everyone does."""

from dataclasses import dataclass

FPS = 8.0
WIDTH_PX = 128
HEIGHT_PX = 128
FADE_S = 1.0  # a cross-dissolve lasts this long, centred on the scenes' boundary


@dataclass(frozen=True)
class EntityPlan:
    """One entity of a film; `entity_id` is its place in `FilmPlan.entities`."""

    entity_id: int
    noun: str
    generalized_noun: str
    colour: str
    hair: str | None
    expression: str
    size_px: int


@dataclass(frozen=True)
class PlacePlan:
    """A background: the kind of place, its colouring, and the seed of its furniture."""

    name: str
    palette: int
    seed: int


@dataclass(frozen=True)
class Role:
    """One entity's action in one scene.

    It is drawn from `enter_s` to `exit_s` (film time); these equal the scene's limits unless it
    walks in late or out early. `x_start_px` → `x_end_px` is the path of the middle of its feet
    over that time; `feet_y_px` its ground line. `facing` is 1 (right) or -1 (left).
    `phase` shifts the cycle of its limbs, in frames.
    """

    entity_id: int
    action: str
    target_id: int | None
    enter_s: float
    exit_s: float
    x_start_px: float
    x_end_px: float
    feet_y_px: float
    facing: int
    phase: int


@dataclass(frozen=True)
class ScenePlan:
    """`transition` says how this scene begins: "start", "cut" or "fade"."""

    start_s: float
    end_s: float
    place: PlacePlan
    transition: str
    roles: tuple[Role, ...]


@dataclass(frozen=True)
class FilmPlan:
    """A whole film; `hard_cases` are the tags that are true of it."""

    film_id: str
    seed: int
    fps: float
    n_frames: int
    width_px: int
    height_px: int
    entities: tuple[EntityPlan, ...]
    scenes: tuple[ScenePlan, ...]
    hard_cases: tuple[str, ...]

    @property
    def duration_s(self) -> float:
        return self.n_frames / self.fps
