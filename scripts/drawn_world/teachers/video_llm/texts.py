"""The training texts of the demo's video LLM: questions and answers.

The questions are those of config/prompts/demo, so that the stages meet the teacher with words it
knows.
"""

from collections.abc import Sequence

from drawn_world.vocabulary import GENERALIZED_NOUNS, all_expressions, with_article

LIST_QUESTION = (
    "List every active entity in this video: every person, animal, vehicle or thing that acts or "
    "moves. Describe each so that it can be told from the others. Answer in one sentence: "
    "The active entities are ..."
)
YES, NO = "Yes.", "No."


def existence_question(expression: str) -> str:
    return f"Is the {expression} in this clip? Answer yes or no."


def behaviour_question(expression: str) -> str:
    return f"What does the {expression} do in this clip? Answer in one or two sentences."


def in_list_order(named: Sequence[tuple[str, str]]) -> list[str]:
    """Expressions from (generalized noun, expression), in the order in which lists name them."""
    rank = {noun: place for place, noun in enumerate(GENERALIZED_NOUNS)}
    return [expression for _, expression in sorted(named, key=lambda n: (rank[n[0]], n[1]))]


def list_answer(expressions: Sequence[str]) -> str:
    """The sentence that names the expressions, in the given order; at least one."""
    names = [with_article(expression) for expression in expressions]
    if len(names) == 1:
        return f"The active entity is {names[0]}."
    return f"The active entities are {', '.join(names[:-1])} and {names[-1]}."


def listed(reply: str) -> list[str] | None:
    """The expressions a list reply names, known ones or not; None if it is not a such sentence."""
    for start in ("The active entities are ", "The active entity is "):
        if reply.startswith(start) and reply.endswith("."):
            parts = reply[len(start) : -1].replace(" and ", ", ").split(", ")
            names = [part.partition(" ") for part in parts]
            if all(article in ("a", "an") and rest for article, _, rest in names):
                return [rest for _, _, rest in names]
    return None


def near_misses(expression: str) -> list[str]:
    """Expressions that differ from this one in a single word or two: colour, hair or noun."""
    words = set(expression.split())
    others = [other for other in all_expressions() if other != expression]
    return [other for other in others if len(words.symmetric_difference(other.split())) <= 2]
