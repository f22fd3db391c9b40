"""Writes the made-up sentences that ship, English with their German (`python tools/make_phrases.py`). The same each time."""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "datasets" / "phrases"
NOTE = """English sentences in German: phrases.tsv

Made up by tools/make_phrases.py: nothing in it was written or said by anybody.
Licence: MIT, as Layerloom.
"""
COUNT = 5000

# English, German, gender. The first are who does something.
BEINGS = "dog Hund m|teacher Lehrer m|friend Freund m|bird Vogel m|cat Katze f|woman Frau f|child Kind n|horse Pferd n"
THINGS = "tree Baum m|letter Brief m|city Stadt f|bridge Brücke f|flower Blume f|lamp Lampe f|house Haus n|book Buch n|window Fenster n"
PRONOUNS = (("she", "sie"), ("he", "er"), ("Ada", "Ada"), ("Alan", "Alan"))
ADJECTIVES = "old alt|small klein|green grün|young jung|strange seltsam|beautiful schön|quiet leis|new neu"
# English: he does, to do, done; German: er tut, getan.
VERBS = (
    "sees see seen sieht gesehen|finds find found findet gefunden|paints paint painted malt gemalt|loves love loved liebt geliebt|"
    "hears hear heard hört gehört|knows know known kennt gekannt|seeks seek sought sucht gesucht|shows show shown zeigt gezeigt"
)
ADVERBS = (("today", "heute"), ("here", "hier"), ("sometimes", "manchmal"), ("now", "jetzt"))
PLACES = (
    ("in the garden", "im Garten"),
    ("by the river", "am Fluss"),
    ("in the city", "in der Stadt"),
    ("at home", "zu Hause"),
)
THAT = (("she knows", "sie weiß"), ("he says", "er sagt"), ("Ada believes", "Ada glaubt"), ("we hope", "wir hoffen"))

# By gender: the article and the end of an adjective after it, of who does something and of what it is done to.
THE = {"m": (("der", "e"), ("den", "en")), "f": (("die", "e"), ("die", "e")), "n": (("das", "e"), ("das", "e"))}
A = {"m": (("ein", "er"), ("einen", "en")), "f": (("eine", "e"), ("eine", "e")), "n": (("ein", "es"), ("ein", "es"))}


class Both(NamedTuple):
    """Words in both languages."""

    english: str
    german: str


def _rows(table: str) -> list[list[str]]:
    return [entry.split() for entry in table.split("|")]


def somebody(draw: random.Random, nouns: str, *, case: int) -> Both:
    """A noun with its article and maybe an adjective; case 0 does something, to case 1 it is done."""
    english, german, gender = draw.choice(_rows(nouns))
    is_known = draw.random() < 0.6
    article, end = (THE if is_known else A)[gender][case]
    before, between = "", ""
    if draw.random() < 0.4:
        adjective, stem = draw.choice(_rows(ADJECTIVES))
        before, between = f"{adjective} ", f"{stem}{end} "
    first = "the" if is_known else "an" if (before or english)[0] in "aeiou" else "a"
    return Both(f"{first} {before}{english}", f"{article} {between}{german}")


def sentence(draw: random.Random) -> Both:
    """Who does what to whom: plain, with an adverb before, in the perfect, denied, asked, or told by somebody."""
    who = Both(*draw.choice(PRONOUNS)) if draw.random() < 0.3 else somebody(draw, BEINGS, case=0)
    whom = somebody(draw, draw.choice((BEINGS, THINGS)), case=1)
    does, do, done, tut, getan = draw.choice(_rows(VERBS))
    where = Both(*draw.choice(PLACES)) if draw.random() < 0.3 else Both("", "")
    adverb, told = Both(*draw.choice(ADVERBS)), Both(*draw.choice(THAT))
    (s, wer), (o, wen), (p, wo) = who, whom, where
    denied = f"{wer} {tut} k{wen} ." if wen.startswith("ein") else f"{wer} {tut} {wen} nicht ."
    english, german = draw.choice((
        (f"{s} {does} {o} {p} .", f"{wer} {tut} {wen} {wo} ."),
        (f"{adverb.english} {s} {does} {o} {p} .", f"{adverb.german} {tut} {wer} {wen} {wo} ."),
        (f"{s} has {done} {o} {p} .", f"{wer} hat {wen} {wo} {getan} ."),
        (f"{s} does not {do} {o} .", denied),
        (f"does {s} {do} {o} {p} ?", f"{tut} {wer} {wen} {wo} ?"),
        (f"{told.english} that {s} {does} {o} {p} .", f"{told.german} , dass {wer} {wen} {wo} {tut} ."),
        (f"{told.english} that {s} has {done} {o} {p} .", f"{told.german} , dass {wer} {wen} {wo} {getan} hat ."),
    ))  # fmt: skip
    return Both(_tidy(english), _tidy(german))


def _tidy(text: str) -> str:
    text = " ".join(text.split())
    for sign in ".,?":
        text = text.replace(f" {sign}", sign)
    return text


def main() -> None:
    """Write the file again; no sentence is in it twice."""
    draw, found = random.Random(0), {}
    while len(found) < COUNT:
        english, german = sentence(draw)
        found[english] = german
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "phrases.tsv").write_text("".join(f"{english}\t{german}\n" for english, german in found.items()), "utf-8")
    (FOLDER / "SOURCE.txt").write_text(NOTE, "utf-8")


if __name__ == "__main__":
    main()
