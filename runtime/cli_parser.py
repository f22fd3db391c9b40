"""The grammar of the command line: verbs, their arguments, and what is said about a word that is none of them."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from graph.files import SUFFIX
from graph.messages import LayerloomError, Message, languages, msg, tr
from runtime import examples
from runtime.cli_grammar import TRAINING, VERBS


def language_of(argv: Sequence[str], environment: Mapping[str, str]) -> tuple[str, list[str]]:
    """The language code that `--language` or the environment asks for, and the arguments without that option."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--language", choices=languages())
    known, rest = parser.parse_known_args(argv)
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "en")
    code = known.language or ("zh_CN" if locale.startswith("zh") else locale.split(".")[0])
    return code, rest


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The arguments by name; `verb` is one of `VERBS`.

    Exits with status 2 where they are not right, with 0 after `--help`.

    Raises:
        LayerloomError: the first word is neither a verb nor a file.
    """
    parser = _parser()
    word = argv[0] if argv else ""
    if not word or (word not in VERBS and _may_be_file(word)):
        argv = ["open", *argv]
    elif word not in VERBS and not word.startswith("-"):
        raise LayerloomError(_unknown(word))
    args, unknown = parser.parse_known_args(argv)
    for word in unknown:
        _refuse(parser, tr("'{word}' does not belong here.", word=word), word, VERBS[args.verb].options)
    if getattr(args, "resume", None):
        _check_resuming(parser, args)
    if getattr(args, "source", None) and args.verb == "train":
        _check_source(parser, args)
    if args.verb == "runs":
        _check_runs(parser, args)
    if getattr(args, "overfit", False) and args.range_test:
        one, other = "--overfit", "--range-test"
        parser.error(tr("{one} does not go with {other}. Choose one of them.", one=one, other=other))
    return args


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=tr("Draw a neural network, train it while watching, take it away as ordinary PyTorch."),
        epilog=tr("Each verb explains itself: VERB --help. A FILE may be the name of a built-in example."),
        allow_abbrev=False,
    )
    parser.add_argument("--language", choices=languages(), help=tr("Language of what is printed."))
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        child = verbs.add_parser(name, help=str(verb.help), description=str(verb.help), allow_abbrev=False)
        for argument in verb.arguments:
            child.add_argument(*argument.flags, help=str(argument.says), **argument.settings)
    return parser


def _check_resuming(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse what a run that goes on could not heed."""
    of_training = (argument.flags[0].strip("-").replace("-", "_") for argument in TRAINING)
    for name in ("batch_size", "lr", "seed", "read_data", "overfit", "range_test", *of_training):
        given = getattr(args, name)
        if given is not None and given is not False:
            option = f"--{name.replace('_', '-')}"
            parser.error(tr("{option} does not go with --resume: a run goes on as it began.", option=option))


def _check_source(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse what does not begin a run."""
    for option, given in (("--resume", args.resume), ("--overfit", args.overfit), ("--range-test", args.range_test)):
        if given:
            parser.error(tr("{one} does not go with {other}. Choose one of them.", one="--from", other=option))


def _check_runs(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Refuse what says neither of which runs, nor one way to print them."""
    if args.target is None and args.compare is None:
        parser.error(tr("Say whose runs: a .layerloom file or a folder of runs."))
    wishes = {"--csv": args.csv, "--json": args.json, "--compare": args.compare is not None}
    given = [option for option, wish in wishes.items() if wish]
    if args.csv and len(given) > 1:
        one, other = "--csv", next(option for option in given if option != "--csv")
        parser.error(tr("{one} does not go with {other}. Choose one of them.", one=one, other=other))


def _unknown(word: str) -> Message:
    close = difflib.get_close_matches(word, [*VERBS, *examples.names()], n=1)
    known = {"word": word, "verbs": ", ".join(verb for verb in VERBS if verb != "open")}
    if close:
        return msg("'{word}' is neither a verb nor a file. Did you mean {close}?", **known, close=close[0])
    return msg("'{word}' is neither a verb nor a file. The verbs are: {verbs}.", **known)


def _refuse(parser: argparse.ArgumentParser, text: str, word: str, known: Iterable[str]) -> NoReturn:
    close = difflib.get_close_matches(word, list(known), n=1)
    parser.error(f"{text} {tr('Did you mean {word}?', word=close[0])}" if close else text)


def _may_be_file(word: str) -> bool:
    return Path(word).exists() or word.endswith(SUFFIX) or word in examples.names()
