"""The words of the demo world: what is drawn, how it is named, and what it can do."""

PERSON_COLOURS: tuple[str, ...] = ("red", "green", "blue", "yellow", "purple", "white")
ANIMAL_COLOURS: tuple[str, ...] = ("brown", "white", "black")
BIRD_COLOURS: tuple[str, ...] = ("red", "blue", "yellow")

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (214, 32, 38),
    "green": (28, 150, 60),
    "blue": (36, 76, 214),
    "yellow": (252, 214, 30),
    "purple": (146, 52, 186),
    "white": (246, 246, 246),
    "brown": (142, 84, 40),
    "black": (46, 46, 52),
}
HAIR: dict[str, tuple[int, int, int]] = {"black": (34, 28, 32), "blond": (244, 202, 72)}

NOUNS: dict[str, str] = {
    "man": "person",
    "woman": "person",
    "child": "person",
    "dog": "dog",
    "horse": "horse",
    "bird": "bird",
    "car": "car",
    "bus": "bus",
    "ball": "ball",
}
GENERALIZED_NOUNS: tuple[str, ...] = ("person", "dog", "horse", "bird", "car", "bus", "ball")
PERSON_NOUNS: tuple[str, ...] = ("man", "woman", "child")

PLACES: tuple[str, ...] = ("street", "lawn", "room", "beach", "snow")

ACTIONS: tuple[str, ...] = (
    "move_left",
    "move_right",
    "jump",
    "wave",
    "sit",
    "spin",
    "chase",
    "stay",
)
ACTIONS_OF: dict[str, tuple[str, ...]] = {
    "person": ACTIONS,
    "dog": ("move_left", "move_right", "jump", "sit", "spin", "chase", "stay"),
    "horse": ("move_left", "move_right", "jump", "spin", "stay"),
    "bird": ("move_left", "move_right", "spin", "stay"),
    "car": ("move_left", "move_right", "spin", "stay"),
    "bus": ("move_left", "move_right", "spin", "stay"),
    "ball": ("move_left", "move_right", "jump", "spin", "stay"),
}
_MOVE_VERBS = {
    "person": "walks",
    "dog": "runs",
    "horse": "runs",
    "bird": "flies",
    "car": "drives",
    "bus": "drives",
    "ball": "rolls",
}
_PLAIN_PHRASES = {
    "jump": "jumps",
    "wave": "waves",
    "sit": "sits",
    "spin": "spins around",
    "stay": "stands still",
}


def colours_of(noun: str) -> tuple[str, ...]:
    """The colours an entity of this noun (specific or generalized) may have."""
    if noun in ("dog", "horse"):
        return ANIMAL_COLOURS
    return BIRD_COLOURS if noun == "bird" else PERSON_COLOURS


def expression(noun: str, colour: str, hair: str | None) -> str:
    """The referring expression without an article: "man with blond hair in a red shirt"."""
    if noun not in NOUNS:
        raise ValueError(f"noun {noun!r} is not drawn; choose one of {', '.join(NOUNS)}")
    if noun not in PERSON_NOUNS:
        return f"{colour} {noun}"
    if hair not in HAIR:
        raise ValueError(f"hair {hair!r} of a {noun} must be one of {', '.join(HAIR)}")
    garment = "dress" if noun == "woman" else "shirt"
    return f"{noun} with {hair} hair in a {colour} {garment}"


def all_expressions() -> list[str]:
    """Every expression the world can draw, in the order of NOUNS."""
    expressions = []
    for noun in NOUNS:
        for hair in tuple(HAIR) if noun in PERSON_NOUNS else (None,):
            expressions += [expression(noun, colour, hair) for colour in colours_of(noun)]
    return expressions


def with_article(text: str) -> str:
    """The expression with its indefinite article."""
    return f"{'an' if text[0] in 'aeiou' else 'a'} {text}"


def action_phrase(noun: str, action: str, target_expression: str | None = None) -> str:
    """The phrase for an action of an entity with this noun (specific or generalized): "runs to the
    left".

    Raises ValueError for an action that this kind cannot do, or a chase without a target.
    """
    kind = NOUNS.get(noun, noun)
    if action not in ACTIONS_OF.get(kind, ()):
        raise ValueError(f"a {noun} cannot {action!r}; choose one of {ACTIONS_OF.get(kind, ())}")
    if action == "chase":
        if target_expression is None:
            raise ValueError("action 'chase' needs target_expression, the one that is chased")
        return f"chases the {target_expression}"
    if action in ("move_left", "move_right"):
        return f"{_MOVE_VERBS[kind]} to the {action.removeprefix('move_')}"
    return "bounces" if (kind, action) == ("ball", "jump") else _PLAIN_PHRASES[action]


def all_deeds() -> list[str]:
    """The phrases of all actions but chases, whose phrase names whom; each once."""
    phrases = (
        action_phrase(kind, action)
        for kind, actions in ACTIONS_OF.items()
        for action in actions
        if action != "chase"
    )
    return list(dict.fromkeys(phrases))
