"""The described films as an LLM of 32B reads and words them, by hand.

A reading is JSON: `several` (entities that are more than one thing); `lines`, each with segment,
entity and what it does in three forms; `same` and `contrary` (clauses); `looks`, second looks at a
cell in other words: segment, entity, whether they say the "same" or the "opposite", the line, and
what it does; `pairs` that answer a wanted pair, by its form and what is to be asked (regions as
"<expression>"), and by what a statement says that it `rests_on`, if it is asked of several times.
"""

import json
import re

from helpers.described_films import FILMS, described_film
from strefer.agents.replies import parse_sentences
from strefer.agents.reply_text import answer_of
from strefer.files import ROOT
from strefer.instructions.metadata.join import join_film
from strefer.prompts import load_prompt
from strefer.records import Entity, References, Transcript, Video
from strefer.statements.with_llm import read_by_llm

NAMES = tuple(path.stem for path in FILMS)
PROMPTS = {
    role: str(ROOT / "config" / "prompts" / f"{role}.txt")
    for role in ("statement_reader", "relation_reader", "question_writer", "proof_reader")
}
ASKING = {
    "max_new_tokens": 1500,
    "lines_per_call": 24,
    "attempts": 2,
    "retry_temperature": 0.7,
    "seed": 0,
}


class ReadFilm:
    """A described film and its reading."""

    def __init__(self, name):
        self.name, self.film = name, described_film(name)
        path = FILMS[0].parents[1] / "read_films" / f"{name}.json"
        self.reading = json.loads(path.read_text(encoding="utf-8"))
        self.entities = tuple(Entity(**entity) for entity in self.film["entities"])
        self.duration_s = float(self.film["duration_s"])
        self.lines = {(s, e): forms for s, e, *forms in self.reading["lines"]}

    @property
    def video(self):
        digest = self.name.encode().hex().ljust(64, "0")
        return Video(f"{self.name}.mp4", digest, self.duration_s, 25.0, 1000, 640, 360)

    def transcripts(self):
        return [
            self._transcript(number, segment["start_s"], segment["end_s"], number)
            for number, segment in enumerate(self.film["segments"])
        ]

    def parts(self):
        """Two second looks a segment: in other words where the reading has some."""
        looks = {(s, e): line for s, e, _, line, _ in self.reading["looks"]}
        found = []
        for number, segment in enumerate(self.film["segments"]):
            middle_s = (segment["start_s"] + segment["end_s"]) / 2
            for start_s, end_s in ((segment["start_s"], middle_s), (middle_s, segment["end_s"])):
                found.append(self._transcript(number, start_s, end_s, len(found), looks))
        return found

    def _transcript(self, segment, start_s, end_s, number, looks=()):
        lines, unknown = [], {}
        for entity, cell in enumerate(self.film["segments"][segment]["cells"]):
            said = looks[segment, entity] if (segment, entity) in looks else cell["behaviour"]
            try:
                lines.append(said and parse_sentences(answer_of(said)) if cell["shown"] else None)
            except ValueError:
                lines.append(None)
                unknown[str(entity)] = "behaviour: cut off"
            if cell["shown"] is None:
                unknown[str(entity)] = "existence: it cannot be read"
        return Transcript(number, float(start_s), float(end_s), tuple(lines), unknown=unknown)

    def statements(self, chat, looks=False):
        """As the stage of statements reads the film."""
        prompts = {role: load_prompt(path) for role, path in PROMPTS.items()}
        parts = self.parts() if looks else []
        films = [(self.entities, self.transcripts(), parts)]
        return read_by_llm(films, chat, prompts, ASKING)[0]

    def joined(self, chat, looks=False):
        statements = self.statements(chat, looks)
        return join_film(self.video.digest, self.duration_s, self.entities, statements, None)

    @property
    def references(self):
        return References(self.entities)

    # What the LLM says

    def __call__(self, request):
        """The reply to a prompt, as the `answer` of a `ScriptedChat`."""
        if request.text.startswith("You turn descriptions"):
            return self._read(request.text)
        if request.text.startswith("Below are things"):
            return self._relate(request.text)
        if request.text.startswith("You write questions"):
            return self._write(request.text)
        return self._proof_read(request.text)

    def _read(self, text):
        names = [entity.expression for entity in self.entities]
        entity = names.index(re.search('Lines about "(.*)":', text)[1])
        known = {
            t.lines[entity]: self.lines.get((n, entity)) for n, t in enumerate(self.transcripts())
        }
        known |= {
            line: [does, None, None] for _, e, _, line, does in self.reading["looks"] if e == entity
        }
        read = []
        for number, line in _numbered(text):
            does, doing, do = known.get(line) or (None, None, None)
            forms = {"does": does, "doing": doing, "do": do}
            read.append({"line": number, "shown": "yes"} | forms)
        several = "several" if entity in self.reading["several"] else "one"
        return json.dumps({"number": several, "lines": read})

    def _relate(self, text):
        clauses = {clause: number for number, clause in _numbered(text)}

        def known(name):
            pairs = self.reading[name]
            return [[clauses[a], clauses[b]] for a, b in pairs if {a, b} <= clauses.keys()]

        return json.dumps({"same": known("same"), "contrary": known("contrary")})

    def _write(self, text):
        pairs, facts = [], dict(_numbered(text.rpartition("Wanted:")[0]))
        for number, form, ask, cited in wanted_of(text):
            found = self.pair(form, ask, [facts[one] for one in cited])
            if found is not None:
                regions = re.findall(r"<region\d>", ask)
                told = {
                    key: found[key] for key in ("question", "answer", "options") if key in found
                }
                told = {"wanted": number, "options": [], "statements": cited} | told
                said = json.dumps(told, ensure_ascii=False)
                for place in range(3):
                    region = regions[place] if place < len(regions) else "<region9>"
                    said = re.sub(rf"\bR{place + 1}\b", region, said)
                pairs.append(json.loads(said))
        return "Here they are:\n" + json.dumps({"pairs": pairs}, ensure_ascii=False)

    def pair(self, form, ask, facts):
        """What was written for a wanted pair, or None if it is declined."""
        asked = re.sub(r"<region\d>", "<>", ask)
        fitting = (
            pair
            for pair in self.reading["pairs"]
            if (pair["form"], pair["ask"]) == (form, asked)
            and any(pair.get("rests_on", "") in fact for fact in facts)
        )
        return next(fitting, None)

    def written(self, question):
        """The pair that a question belongs to, whatever its regions."""
        return next(
            p
            for p in self.reading["pairs"]
            if re.sub(r"\bR\d\b", "<>", p["question"]) == re.sub(r"<region\d?>", "<>", question)
        )

    def _proof_read(self, text):
        shown = re.findall(r"^(\d+)\. .*?Question: (.*?\?)(?: Options:.*)? Answer:", text, re.M)
        told = [
            {"pair": int(number), "verdict": "follows"} | self.written(question).get("proof", {})
            for number, question in shown
            if int(number) and question in text.rpartition("Statements:")[2]
        ]
        return json.dumps({"pairs": told})


def wanted_of(text):
    """(number, form and answer, what to ask, cited statements) of a writer's prompt."""
    wanted = text.rpartition("Wanted:\n")[2]
    lines = re.findall(
        r"^(\d+)\. ([a-z/, ]+): (.*) \(rests on statements? ([\d, ]+)\)", wanted, re.M
    )
    return [(int(n), form, ask, json.loads(f"[{cited}]")) for n, form, ask, cited in lines]


def _numbered(text):
    """(number, text) of the numbered lines at a prompt's end."""
    lines = re.findall(r"^(\d+)\. (.*)$", text[text.rindex("\n\n") :], re.M)
    return [(int(number), line) for number, line in lines]
