"""The verb `predict`: what a trained network says of files, or of the test samples of its run."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graph.messages import tr
from runtime import cli_text
from runtime.cli_targets import find_run
from runtime.cli_translate import translate_lines
from runtime.events import Tested, to_json

if TYPE_CHECKING:
    from runtime.predict import Trained

MOST_SHOWN = 40  # characters of a text
MOST_SAMPLES = 64  # of the test part: the first
_SIGNS = {"\n": "↵", " ": "␣", "\t": "⇥"}

Record = Mapping[str, Any]  # one sample: `sample`, `target` if known, `prediction`, `confidence`


def predict(args: Namespace) -> int:
    """Print a line for each sample; without files the test figures before."""
    from runtime.predict import load_trained, test_again
    from runtime.predict_tags import is_tagger
    from runtime.predict_texts import is_language_model
    from runtime.translate import is_translator

    trained = load_trained(find_run(args.target, runs=args.out))
    if args.inputs and is_language_model(trained):
        return _continue_lines(trained, args)
    if args.inputs and is_tagger(trained):
        return _tag_lines(trained, args)
    if args.inputs and is_translator(trained):
        return translate_lines(trained, args)
    if args.inputs:
        records = file_records(trained, args.inputs)
    else:
        result = test_again(trained)
        print(to_json(result) if args.json else f"{tr('test')}  {cli_text.figures(result.test)}\n")
        records = sample_records(result)
    if args.json:
        for record in records:
            print(json.dumps(_event(record, trained.classes), ensure_ascii=False))
    elif records:
        print(text_table(records, trained.classes))
    return 0


def _continue_lines(trained: Trained, args: Namespace) -> int:
    """Print for each line of the files which tokens probably come next."""
    from runtime.predict_texts import continue_file

    found = [(path, number, line) for path in args.inputs for number, line in enumerate(continue_file(trained, path))]
    if args.json:
        for path, number, line in found:
            likely = [{"token": token, "probability": chance} for token, chance in line.tokens]
            record = {"event": "Continuation", "sample": f"{path}[{number}]", "text": line.text, "next": likely}
            print(json.dumps(record, ensure_ascii=False))
        return 0
    rows = [[_end_of(line.text), "   ".join(f"{_visible(t)} {p:.1%}" for t, p in line.tokens)] for _, _, line in found]
    print(cli_text.table([tr("text"), tr("most likely next")], rows, right=()))
    return 0


def _tag_lines(trained: Trained, args: Namespace) -> int:
    """Print for each line of the files its words, each with its tag behind it."""
    from runtime.predict_tags import tag_file

    for path in args.inputs:
        for number, line in enumerate(tag_file(trained, path)):
            if args.json:
                record = {"event": "Tagged", "sample": f"{path}[{number}]", "words": line.words, "tags": line.tags}
                print(json.dumps({**record, "confidence": line.shares, "left_out": line.left_out}, ensure_ascii=False))
                continue
            more = [tr("… {count} words more than the network reads", count=line.left_out)] if line.left_out else []
            print("  ".join([*(f"{word}/{tag}" for word, tag in zip(line.words, line.tags, strict=True)), *more]))
    return 0


def _end_of(text: str) -> str:
    """A text for a column: its last words."""
    return text if len(text) <= MOST_SHOWN else f"…{text[1 - MOST_SHOWN :]}"


def _visible(token: str) -> str:
    return "".join(_SIGNS.get(sign, sign) for sign in token)


def file_records(trained: Trained, paths: Iterable[Path]) -> list[Record]:
    """What the network says of every sample in the files."""
    from runtime.predict import predict_file

    records: list[Record] = []
    for path in paths:
        found = predict_file(trained, path)
        for row, answer in enumerate(found):
            sample = f"{path}[{row}]" if len(found) > 1 else str(path)
            records.append({"sample": sample, "prediction": answer.prediction, "confidence": answer.confidence})
    return records


def sample_records(result: Tested) -> list[Record]:
    """What the network says of the first test samples, each with its index in the data."""
    return [
        {"sample": s.index, "target": s.target, "prediction": s.prediction, "confidence": s.confidence}
        for s in result.predictions
        if s.number < MOST_SAMPLES
    ]


def text_table(records: Sequence[Record], classes: Sequence[str]) -> str:
    """The samples as a table."""
    titles = {"sample": tr("sample"), "target": tr("target"), "prediction": tr("prediction")}
    titles["confidence"] = tr("confidence")
    columns = [key for key in titles if records[0].get(key) is not None]
    rows = [[_shown(key, record[key], classes) for key in columns] for record in records]
    return cli_text.table([titles[key] for key in columns], rows, right=range(1, len(columns)))


def _event(record: Record, classes: Sequence[str]) -> Record:
    """One line of JSON; for classes, `prediction` and `target` are indices and `class` is the predicted one's name."""
    named = {"class": _shown("prediction", record["prediction"], classes)} if classes else {}
    return {"event": "Prediction", **record, **named}


def _shown(key: str, value: Any, classes: Sequence[str]) -> str:
    if key == "confidence":
        return f"{value:.1%}"
    if key in ("target", "prediction"):
        return classes[int(value)] if classes else f"{value:.6g}"
    return str(value)
