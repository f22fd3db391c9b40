"""What the verbs `generate` and `predict` print for a network that answers a sequence with another one."""

from __future__ import annotations

import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from graph.messages import tr
from runtime import cli_text

if TYPE_CHECKING:
    from runtime.predict import Trained
    from runtime.translation import Hypothesis, Translation


def translate_prompt(trained: Trained, args: Namespace) -> int:
    """Print what the network says for the prompt: the likeliest, or with several beams a table of what was found."""
    from runtime.translate import translate

    (found,) = translate(trained, [args.prompt], beams=args.beams, alpha=args.alpha)
    if args.json:
        hypotheses = [_fields(hypothesis) for hypothesis in found.hypotheses]
        print(json.dumps({"event": "Translated", "source": found.source, "hypotheses": hypotheses}, ensure_ascii=False))
    elif args.beams == 1:
        print(found.best.text)
    else:
        print(_table(found))
    return 0


def translate_lines(trained: Trained, args: Namespace) -> int:
    """Print for each line of the files what the network says."""
    from runtime.translate import translate_file

    for path in args.inputs:
        for number, found in enumerate(translate_file(trained, path)):
            if args.json:
                record = {"event": "Translation", "sample": f"{path}[{number}]", "source": found.source}
                print(json.dumps({**record, **_fields(found.best)}, ensure_ascii=False))
            else:
                print(found.best.text)
    return 0


def _table(found: Translation) -> str:
    rows = [[h.text, f"{h.log_probability:.4f}", f"{h.score:.4f}"] for h in found.hypotheses]
    return cli_text.table([tr("text"), tr("log probability"), tr("score")], rows, right=(1, 2))


def _fields(hypothesis: Hypothesis) -> dict[str, Any]:
    return {
        "text": hypothesis.text,
        "log_probability": hypothesis.log_probability,
        "score": hypothesis.score,
        "ended": hypothesis.is_ended,
    }
