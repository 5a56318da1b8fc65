"""dap-listen: a page on which people judge a sweep's restorations by ear, not knowing which is which.

Exit codes: 0 done; 2 something asked for cannot be.
"""

import argparse
import json
from pathlib import Path
import sys

_PAGE = """Write listen.html into FOLDER: for each of some clips the systems' restorations in random order, without their names,
beside the clean and the damaged sound. The page needs nothing else, so it can be sent to listeners; what they save
(votes_NAME.json) goes back into FOLDER, where dap-table makes a column of it. listen_key.json, written beside the page, says
which system each option was: it stays here."""


def main() -> None:
    """Entry point of the console script."""
    parser = argparse.ArgumentParser("dap-listen", description=_PAGE)
    parser.add_argument("folder", type=Path, help="a sweep's (outputs/sweeps/DATE_TIME), or any with runs below it")
    parser.add_argument("--clips", type=int, default=10, metavar="N", help="at most so many clips, chosen at random (10)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the choice and of the order (0)")
    arguments = parser.parse_args()
    try:
        print(write_page(arguments.folder, arguments.clips, arguments.seed), flush=True)
    except (ValueError, OSError) as error:
        print(f"dap-listen: error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


def write_page(folder: Path, n_clips: int, seed: int) -> str:
    """Write listen.html and listen_key.json into a folder; returns what to tell of them.

    Raises:
        ValueError: nothing there that can be compared, or a sound that cannot be read.
    """
    from dap.audio.sound_file import read_audio  # here, because torch takes longer to import than --help to answer
    from dap.results.listen_page import Heard, render_listen_page
    from dap.results.listening import MAX_SECONDS, anchors, choose_trials, key_of
    from dap.results.results import read_results
    from dap.results.votes import KEY_FILE, read_key
    from dap.system.files import write_whole

    trials = choose_trials(read_results(folder), n_clips, seed)
    heard = []
    for trial in trials:
        options = [(name, *read_audio(folder / run.path / "restored.wav", seconds=MAX_SECONDS)) for name, run in trial.options]
        named = [(title, *read_audio(path, seconds=MAX_SECONDS)) for title, path in anchors(folder, trial)]
        heard.append(
            Heard(
                trial.name,
                [(title, sound) for title, sound, _ in named],
                [(name, sound) for name, sound, _ in options],
                options[0][2],
            )
        )
    page = render_listen_page(heard)
    known = {**read_key(folder), **key_of(trials)}  # of earlier pages too, so that their votes stay good
    write_whole(folder / KEY_FILE, json.dumps({"trials": known}, indent=1) + "\n")
    write_whole(folder / "listen.html", page)
    n_options = sorted({len(trial.options) for trial in trials})
    return (
        f"{len(trials)} trials of {' to '.join(map(str, n_options))} restorations, {len(page) / 1e6:.1f} MB\n"
        f"page: {folder / 'listen.html'}   key, not for listeners: {folder / KEY_FILE}"
    )


if __name__ == "__main__":
    main()
