"""The verb `generate`: a language model continues a prompt, a network that translates answers it, a generator makes samples."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from itertools import chain, islice

from graph.messages import RunError, msg, tr
from runtime.cli_make import make_samples, way_of
from runtime.cli_targets import find_run
from runtime.cli_translate import translate_prompt

TOKENS = 200  # if nothing else is wished


def generate(args: Namespace) -> int:
    """Print the prompt and what follows it, token by token as they are drawn; or its translation; or what is made of noise."""
    from runtime.generate import Sampling, write_on
    from runtime.predict import load_trained
    from runtime.translate import is_translator

    trained = load_trained(find_run(args.target, runs=args.out))
    if not args.prompt and (way := way_of(trained)) is not None:
        return make_samples(trained, way, args)
    if args.prompt is None:
        raise RunError(msg("This network goes on from a text. Give it one with --prompt TEXT."))
    if is_translator(trained):
        return translate_prompt(trained, args)
    if args.beams > 1:
        raise RunError(
            msg(
                "--beams goes with networks that answer a text with another one. Take --temperature 0 for the likeliest text."
            )
        )
    sampling = Sampling(args.temperature, args.top_k, args.top_p)
    writing = write_on(trained, args.prompt, sampling, seed=args.seed, cached=args.cached)
    if writing.reason is not None:
        why = tr("Each token costs a whole window: what was read cannot be kept. {reason}", reason=writing.reason)
        print(why, file=sys.stderr)
    pieces = islice(writing, args.count or TOKENS)
    first = next(pieces)  # what is wrong shows here, before anything is printed
    if args.json:
        said = [_tell("Token", piece) for piece in chain([first], pieces)]
        _tell("Generated", args.prompt + "".join(said))
    else:
        for piece in chain([args.prompt, first], pieces):
            print(piece, end="", flush=True)
        print()
    return 0


def _tell(event: str, text: str) -> str:
    print(json.dumps({"event": event, "text": text}, ensure_ascii=False), flush=True)
    return text
