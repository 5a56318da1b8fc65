"""dap-score: the command that compares two sound files, and turns every mistake of a user into one line.

Exit codes: 0 scored; 2 something asked for cannot be; 141 whoever read the output left.
"""

import argparse
from collections.abc import Sequence
import json
import os
import sys
from typing import Any, NoReturn

_EPILOG = "PESQ, STOI and the composite measures (CSIG, CBAK, COVL) are made for speech. A dash: it does not apply, and why."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        _say(f"{message}; see dap-score --help")
        sys.exit(2)


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the console script.

    Args:
        arguments: as on the command line; None takes them from there.
    """
    parser = _Parser("dap-score", description="Score an estimate against its reference.", epilog=_EPILOG)
    parser.add_argument("estimate", help="the sound file to score")
    parser.add_argument("reference", help="the clean one: the same rate, length and number of channels")
    parser.add_argument("--json", action="store_true", help="print JSON, with the names of metrics.json")
    options = parser.parse_args(arguments)
    try:
        scores = score_files(options.estimate, options.reference)
        print(json.dumps(scores, indent=2, ensure_ascii=False) if options.json else score_lines(scores), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ValueError, OSError) as error:
        _say(str(error))
        sys.exit(2)


def score_files(estimate_path: str, reference_path: str) -> dict[str, Any]:
    """`dap.metrics.scores.score` of two sound files.

    Raises:
        ValueError: a file that `read_audio` refuses, or files that differ in rate, channels or length.
    """
    from dap.audio.sound_file import read_audio  # here, because torch takes longer to import than --help to answer
    from dap.metrics.scores import score

    estimate, estimate_rate = read_audio(estimate_path)
    reference, reference_rate = read_audio(reference_path)
    for what, of_estimate, of_reference in (
        ("sample rate", f"{estimate_rate} Hz", f"{reference_rate} Hz"),
        ("number of channels", estimate.shape[0], reference.shape[0]),
        ("length", f"{estimate.shape[1]} samples", f"{reference.shape[1]} samples"),
    ):
        if of_estimate != of_reference:
            raise ValueError(
                f"{estimate_path} and {reference_path} differ in {what}: {of_estimate} and {of_reference}; bring them into line"
            )
    return score(estimate, reference, reference_rate)


def score_lines(scores: dict[str, Any]) -> str:
    """One line a score: title, value, unit, which direction is better, and the reason where it does not apply.

    >>> print(score_lines({"snr": 20.0, "pesq_wb": None, "not_scored": {"pesq_wb": "the clip is short"}}))
    SNR          20.000 dB  higher is better
    PESQ-wb           –     higher is better  (the clip is short)
    """
    from dap.metrics.scores import METRICS  # here for the same reason

    reasons = scores.get("not_scored", {})
    lines = []
    for name, metric in METRICS.items():
        if name in scores:
            value = "–" if scores[name] is None else f"{scores[name]:.3f}"
            better = "higher" if metric.higher_is_better else "lower"
            reason = f"  ({reasons[name]})" if name in reasons else ""
            lines.append(f"{metric.title:10}{value:>9} {metric.unit:2}  {better + ' is better':16}{reason}".rstrip())
    return "\n".join(lines)


def _say(message: str) -> None:
    print(f"dap-score: error: {' '.join(message.split())}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
