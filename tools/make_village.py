"""Writes the made-up text of a village that ships, for word vectors (`python tools/make_village.py`). The same each time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "resources" / "datasets" / "village"
NOTE = """A village: village.txt

Made up by tools/make_village.py: nothing in it was written or said by anybody.
Licence: MIT, as Layerloom.
"""
SENTENCES, SEED = 4500, 0

# What a word is told by here is only what stands around it: the words of a class stand in the same sentences.
CLASSES = {
    "animal": "dog cat horse cow sheep goat pig rabbit hen goose".split(),
    "food": "bread soup cheese cake rice pasta salad stew".split(),
    "fruit": "apple pear plum cherry peach lemon grape fig".split(),
    "drink": "tea coffee milk water juice wine".split(),
    "color": "red blue green yellow white black brown".split(),
    "trade": "baker farmer doctor teacher painter tailor carpenter miller".split(),
    "day": "monday tuesday wednesday thursday friday saturday sunday".split(),
    "number": "two three four five six seven eight nine".split(),
    "instrument": "violin piano flute guitar drum trumpet".split(),
    "vehicle": "train bus boat bicycle car tram".split(),
    "weather": "sunny rainy windy cloudy foggy snowy".split(),
    "garment": "coat hat shirt scarf skirt glove".split(),
    "city": "paris rome madrid berlin athens lisbon oslo vienna".split(),
    "country": "france italy spain germany greece portugal norway austria".split(),
    "male": "man boy father brother king prince".split(),
    "female": "woman girl mother sister queen princess".split(),
}
PEOPLES = "french italian spanish german greek portuguese norwegian austrian".split()  # in the order of the cities
SIGNS = ("old", "young", "busy", "friendly", "royal", "noble")  # what is said of a man and of a woman, in their order

TEMPLATES = (
    "the {animal} sleeps in the barn .", "the {animal} runs across the field .", "every {animal} eats hay .",
    "a {color} {animal} stands behind the gate .", "the farmer feeds the {animal} at night .",
    "we cook {food} for supper .", "a plate of {food} is on the table .", "the {food} is still warm .",
    "a ripe {fruit} hangs on the tree .", "we pick a {fruit} from the tree .", "the {fruit} tastes sweet .",
    "a cup of {drink} is on the table .", "they drink cold {drink} with {food} .", "pour some {drink} into the glass .",
    "the {trade} works until evening .", "our {trade} opens the shop on {day} .", "ask the {trade} for help .",
    "on {day} we go to the market .", "the market is closed every {day} .", "next {day} will be {weather} .",
    "it is {weather} today .", "the morning was cold and {weather} .", "the bell rings {number} times .",
    "the child counts {number} stars .", "somebody plays the {instrument} tonight .", "learn to play the {instrument} well .",
    "a song for {instrument} and {instrument} .", "take the {vehicle} into town .", "the {vehicle} leaves in {number} minutes .",
    "they travel by {vehicle} .", "wear a {color} {garment} today .", "the {garment} is made of wool .",
    "hang your {garment} behind the door .", "{city} is the capital of {country} .", "the {people} city of {city} .",
    "visit the streets of {city} .", "the {people} land of {country} .", "the border of {country} is near .",
    "{country} is a large country .", "the {signed_male} and his dog .", "he is a {signed_male} himself .",
    "the {signed_male} shaves his beard .", "the {signed_female} and her dog .", "she is a {signed_female} herself .",
    "the {signed_female} combs her hair .",
)  # fmt: skip


def sentences(draw: random.Random, count: int) -> Iterator[str]:
    """Sentences in small letters, their words and signs between blanks; the first words of a class come more often (Zipf)."""
    for _ in range(count):
        picked = {name: _pick(draw, words) for name, words in CLASSES.items()}
        at = CLASSES["city"].index(picked["city"])
        if draw.random() < 0.5:  # so that each land and its capital are met equally often
            at = draw.randrange(len(PEOPLES))
        picked |= {"city": CLASSES["city"][at], "country": CLASSES["country"][at], "people": PEOPLES[at]}
        for kind in ("male", "female"):
            sign = SIGNS[CLASSES[kind].index(picked[kind])]
            picked[f"signed_{kind}"] = f"{sign} {picked[kind]}"
        yield draw.choice(TEMPLATES).format(**picked)


def _pick(draw: random.Random, words: list[str]) -> str:
    return draw.choices(words, [1 / (place + 3) for place in range(len(words))])[0]


def main() -> None:
    """Write the text and its licence again."""
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / "village.txt").write_text(
        "".join(f"{line}\n" for line in sentences(random.Random(SEED), SENTENCES)), "utf-8"
    )
    (FOLDER / "SOURCE.txt").write_text(NOTE, "utf-8")


if __name__ == "__main__":
    main()
