"""Writes the made-up texts that ship: reviews, tagged sentences, dates (`python tools/make_texts.py`). The same each time."""

from __future__ import annotations

import csv
import datetime
import random
from collections.abc import Iterator
from pathlib import Path

DATASETS = Path(__file__).resolve().parent.parent / "resources" / "datasets"
NOTE = "{title}: {file}\n\nMade up by tools/make_texts.py: nothing in it was written or said by anybody.\nLicence: MIT, as Layerloom.\n"

THINGS = "the film|the story|the camera|this phone|the book|the meal|the hotel|the music|the service|the acting|the game".split(
    "|"
)
GOOD = "wonderful|excellent|charming|brilliant|delightful|fresh|superb|lovely|clever|great".split("|")
BAD = "awful|boring|terrible|dull|clumsy|disappointing|noisy|stale|poor|dreadful".split("|")
REVIEWS = (
    "{thing} was {very}{word}", "I found {thing} {very}{word}", "{thing} is {very}{word}, and {other} is {word2}",
    "what a {word} surprise: {thing}", "{thing} was not {opposite} at all, it was {word}", "honestly, {thing} felt {word}",
)  # fmt: skip

NOUNS = "dog|cat|teacher|river|garden|engine|letter|child|city|window|painter|bridge".split("|")
VERBS = "sees|likes|finds|paints|follows|builds|hears|opens|crosses|remembers".split("|")
ADJECTIVES = "old|small|green|quiet|bright|strange|slow|happy".split("|")
NAMES = "Ada|Alan|Grace|Emmy|Kurt|Sofia|Leonhard|Maryam".split("|")
ADVERBS = "often|never|always|quickly|today".split("|")

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def reviews(draw: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """A text and "good" or "bad"."""
    for number in range(count):
        good = number % 2 == 0
        words, others = (GOOD, BAD) if good else (BAD, GOOD)
        thing, other = draw.sample(THINGS, 2)
        text = draw.choice(REVIEWS).format(
            thing=thing, other=other, word=draw.choice(words), word2=draw.choice(words), opposite=draw.choice(others),
            very=draw.choice(("", "very ", "really ", "")),
        )  # fmt: skip
        yield text, "good" if good else "bad"


def sentences(draw: random.Random, count: int) -> Iterator[list[tuple[str, str]]]:
    """Words with their parts of speech."""

    def who() -> list[tuple[str, str]]:
        if draw.random() < 0.3:
            return [(draw.choice(NAMES), "NAME")]
        adjective = [(draw.choice(ADJECTIVES), "ADJ")] if draw.random() < 0.5 else []
        return [(draw.choice(("the", "a", "every")), "DET"), *adjective, (draw.choice(NOUNS), "NOUN")]

    for _ in range(count):
        adverb = [(draw.choice(ADVERBS), "ADV")] if draw.random() < 0.4 else []
        yield [*who(), *adverb, (draw.choice(VERBS), "VERB"), *who(), (".", "PUNCT")]


def dates(draw: random.Random, count: int) -> Iterator[tuple[str, str]]:
    """A date as people write it, and as computers do."""
    first = datetime.date(1900, 1, 1).toordinal()
    for _ in range(count):
        day = datetime.date.fromordinal(first + draw.randrange(150 * 365))
        month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
        forms = (
            f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}", f"{weekday}, {day.day} {month[:3]} {day.year}",
            f"{day.day}.{day.month}.{day.year}", f"{month[:3]} {day.day} {day.year}",
        )  # fmt: skip
        yield draw.choice(forms), day.isoformat()


def main() -> None:
    """Write every file again."""
    draw = random.Random(0)
    with (DATASETS / "reviews" / "reviews.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("text", "label"), *reviews(draw, 1000)])
    lines = ["".join(f"{word} {tag}\n" for word, tag in sentence) for sentence in sentences(draw, 800)]
    (DATASETS / "tagged" / "tagged.txt").write_text("\n".join(lines), "utf-8")
    rows = "".join(f"{said}\t{meant}\n" for said, meant in dates(draw, 3000))
    (DATASETS / "dates" / "dates.tsv").write_text(rows, "utf-8")
    for name, title in (
        ("reviews.csv", "Reviews"),
        ("tagged.txt", "Sentences with parts of speech"),
        ("dates.tsv", "Dates in words and in figures"),
    ):
        (DATASETS / Path(name).stem / "SOURCE.txt").write_text(NOTE.format(title=title, file=name), "utf-8")


if __name__ == "__main__":
    main()
