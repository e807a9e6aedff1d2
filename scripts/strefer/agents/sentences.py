"""Sentences of a cleaned reply: where they end, and which of them say no behaviour."""

from __future__ import annotations

import re

# A full stop behind these ends no sentence.
_ABBREVIATIONS = frozenset(
    "mr mrs ms dr prof st jr sr no vs etc approx ca fig e.g i.e a.m p.m u.s u.k mt lt sgt".split()
)
_END = re.compile(r"[.!?]+[\"')]*(?=\s+[\"'(]?[^\Wa-z]|\s*$)|[。！？]")
_OPEN_WORDS = frozenset(
    "a an the and or but while as with of to in on at by for from into onto over under near "
    "then which who that his her its their is are was were be being has have very".split()
)
_SHORT_CHARS = 200  # a text this short was hardly cut off by a limit of tokens

_PICTURE = r"(?:video|clip|footage|frames?|images?|scene|segment|shot|view|sequence)"
_IN_PICTURE = (
    r"(?:(?:in|during|throughout|from|within|on|of|at) (?:any of )?"
    rf"(?:this |the |these |that |any )?(?:\w+ )?(?:{_PICTURE}|screen|camera))"
)
_SEEN = rf"(?:visible|present|shown|seen|featured|depicted|here|there|in sight|{_IN_PICTURE})"
_NOT = r"(?:\bnot|n't|\bnever|\bno longer|\bcannot)"
_ADVERBS = r"(?: (?:actually|clearly|currently|really|fully|directly|anywhere|even|be|at all))*"
_TAIL = rf"(?: {_IN_PICTURE}| at all| here)*"
_ABSENT = re.compile(
    rf"(?:[^.!?;,]*{_NOT}{_ADVERBS} {_SEEN}{_TAIL}"
    rf"|[^.!?;,]*{_NOT}{_ADVERBS} appear(?: to be {_SEEN})?{_TAIL}"
    rf"|[^.!?;,]*\b(?:is|are|was|were|remains?) (?:absent|missing|nowhere (?:to be seen|in sight)"
    rf"|out of (?:the )?(?:view|frame|sight|shot)|off[- ](?:screen|camera)){_TAIL}"
    rf"|(?:the|this|these)(?: \w+)? {_PICTURE} (?:do|does|did)(?:n't| not)(?: \w+ly)? "
    r"(?:show|contain|feature|depict|include|have)\b[^.!?;,]*"
    r"|there(?:'s no| (?:is|are|was|were) (?:no|none|not any?)| isn't| aren't)\b"
    r"(?! (?:\w+ )?(?:movement|motion|change|activity|action)\b)[^.!?;,]*"
    rf"|no(?:ne of the)? [^.!?;,]*\b(?:is|are|can be)(?: \w+ly)? {_SEEN}{_TAIL}"
    r"|i see no\b[^.!?;,]*"
    r"|i (?:do not|don't|did not|didn't|can ?not|can't) see (?!(?:the|any|a) (?:\w+ )?"
    rf"{_PICTURE}\b)[^.!?;,]*"
    rf"|not {_SEEN}{_TAIL}|absent)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_GOES_ON = re.compile(r"\s*(?:[,;]|because\b|since\b|due\b|as\b)", re.IGNORECASE)
_OF_A_PART = re.compile(r"\w+(?:'s|s')? (?:face|head|body|hands?|legs?|feet|eyes)\b", re.IGNORECASE)
_THERE = re.compile(
    r"i (?:can )?(?:\w+ly )?see (?:the|a|an|him|her|it|them)\b[^.!?;,]*\W*|"
    r"(?:the|a|an|that|this|it|he|she|they)\b[^.!?;,]*\b(?:is|are|was|were|can be|appears?)"
    rf"(?: (?:\w+ly|also|to be|just))* {_SEEN}{_TAIL}\W*",
    re.IGNORECASE,
)
_UNCERTAIN = re.compile(r"\b(?:whether|if|unclear|only|hardly|barely|maybe|might|may|not|no)\b|n't")
_OF_PICTURE = re.compile(
    r"(?:(?:the|a|this) )?(?:camera|lens)\b(?! (?:man|operator|crew|wearer))|"
    rf"(?:the|this|these|that|all)(?: (?:video|short|next|last|first|whole|entire))* {_PICTURE}\b"
    r"(?! (?:shows?|depicts?|captures?|features?|follows?|presents?|(?:begins?|starts?|opens?|"
    r"ends?) with|focus(?:es)? on)\b)",
    re.IGNORECASE,
)
_TO_THE_ASKER = re.compile(
    r"(?:please )?(?:let me know|feel free to)\b|i hope (?:this|that|it) helps|"
    r"(?:would you like|if you (?:need|want|have)\b.*\b(?:details|questions|information))\b",
    re.IGNORECASE,
)
# With one of these, a sentence about the camera also says what an entity does.
_WITH_SOMEBODY = re.compile(
    r"\b(?:reveals?|revealing|shows?|showing|capturing|who|whose|where|"
    r"(?:as|while) (?:the|a|he|she|it))\b",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"(?:no (?:\w+ )?(?:action|activity|behaviou?r|movement)s?|yes|no|none|nothing|n/?a|nobody|"
    r"no one|unknown|unclear|unsure|uncertain|"
    r"(?:i'm )?not (?:sure|applicable|available|clear))\W*",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(
    r"(?:(?:sure|certainly|of course|okay|ok|great|well|hmm|unfortunately)\s*[,.!:]+|"
    r"(?:the |my |final |short )*(?:answer|response|reply|description|behaviou?rs?|actions?|"
    r"caption|a)\s*(?:is\s*)?:|"
    r"(?:here(?:'s| is| are)|below is)[^.:!?]{0,100}:|"
    r"(?:based on|according to|judging (?:by|from)|looking at|from|as (?:seen|shown) in|"
    r"after \w+ing|in|within|for) (?:this|the|these|all|what)\b[^.,:;!?]{0,60}"
    rf"\b(?:{_PICTURE}|see|provided|given)[^.,:;!?]{{0,30}}[,:])\s*",
    re.IGNORECASE,
)


def without_preamble(text: str) -> str:
    """The text without what a chat model says before it answers ("Sure! In this clip, …")."""
    while (match := _PREAMBLE.match(text)) and match.end() < len(text):
        text = text[match.end() :]
    return text


def split_sentences(text: str) -> tuple[list[str], str]:
    """Whole sentences, and the rest behind them: empty, or cut off. Full stops in quotes, numbers
    and abbreviations end none."""
    quotes = text.count('"') % 2 == 0
    sentences, start = [], 0
    for match in _END.finditer(text):
        words = text[max(start, match.start() - 20) : match.start()].split()
        word = words[-1].lower().lstrip("(\"'") if words else ""
        dot = match[0] == "." and match.end() < len(text)
        if dot and (word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha() and word != "i")):
            continue
        if quotes and text.count('"', start, match.end()) % 2:
            continue
        sentences.append(text[start : match.end()].strip())
        start = match.end()
    return sentences, text[start:].strip()


def ended(rest: str) -> str | None:
    """A sentence that lacks its full stop, with it; None if it was cut off."""
    words = rest.split()
    if not words or len(rest) > _SHORT_CHARS or not rest[-1].isalnum():
        return None
    return None if words[-1].lower() in _OPEN_WORDS else f"{rest}."


def says_absent(sentence: str) -> bool:
    """True if a sentence says that an entity is not there instead of what it does. "Her face is not
    visible; only her hands are" does not."""
    match = _ABSENT.match(sentence[:400])
    if not match:
        return False
    rest = match["rest"].strip(" .!?\"'")
    of_a_part = _OF_A_PART.search(match[0][: match.start("rest") - match.start()])
    return not rest or bool(_GOES_ON.match(rest) and not of_a_part)


def says_present(sentence: str) -> bool:
    """True if a sentence says only that an entity is there."""
    return bool(_THERE.fullmatch(sentence[:400])) and not _UNCERTAIN.search(sentence[:400].lower())


def says_nothing(text: str) -> bool:
    """True if a text is a word for no answer ("None", "Not sure")."""
    return bool(_NOTHING.fullmatch(text[:100]))


def is_of_the_picture(sentence: str) -> bool:
    """True if a sentence is about the camera, the clip or its frames and not about anyone in them,
    or if it speaks to whoever asked."""
    if _TO_THE_ASKER.match(sentence):
        return True
    return bool(_OF_PICTURE.match(sentence)) and not _WITH_SOMEBODY.search(sentence)
