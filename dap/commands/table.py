"""dap-table: the results below a folder as a table, in Markdown, LaTeX and CSV.

Exit codes: 0 done; 2 something asked for cannot be.
"""

import argparse
from dataclasses import replace
import os
from pathlib import Path
import sys

_PAGE = """The finished runs below FOLDER as a table: a row a system, mean and deviation over clips, and paired differences.
It can be made while a sweep is under way. Votes that listeners saved from the page of dap-listen (votes*.json in FOLDER) are
a column of it."""


def main() -> None:
    """Entry point of the console script."""
    parser = argparse.ArgumentParser("dap-table", description=_PAGE)
    parser.add_argument("folder", type=Path, help="a sweep's (outputs/sweeps/DATE_TIME), or any with runs below it")
    parser.add_argument("--scores", metavar="A,B", help="which, by their names in metrics.json; by default what suits the task")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where to write; by default FOLDER")
    parser.add_argument("--paper", metavar="NAME", help="a paper's table to stand beside; by default the experiment's, if any")
    parser.add_argument("--by", choices=["clip"], help="a row a clip and system instead, ours alone, in table_by_clip.*")
    arguments = parser.parse_args()
    try:
        print(tabulate(arguments.folder, arguments.scores, arguments.out, arguments.paper, arguments.by == "clip"), flush=True)
    except BrokenPipeError:  # whoever read the table, `head` say, has seen enough; its files are written
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except (ValueError, OSError) as error:
        print(f"dap-table: error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


def tabulate(folder: Path, scores: str | None, out: Path | None, paper: str | None, by_clip: bool) -> str:
    """Write table.md, table.tex and table.csv; returns the Markdown, and where the files are.

    Raises:
        ValueError: nothing to tabulate, a score or a paper's table that there is not, a votes file that is none.
    """
    from dap.results.level_table import LevelTable, level_table, sections_by_level
    from dap.results.published import published_for, read_published
    from dap.results.result_table import ResultTable, average_table, clip_table, default_scores
    from dap.results.results import read_results
    from dap.results.table_formats import render_csv, render_latex, render_markdown
    from dap.results.table_notes import level_notes, table_notes, unfinished_notes
    from dap.results.votes import read_votes, shares
    from dap.system.files import write_whole  # here, because torch takes longer to import than --help to answer

    chosen = _scores(scores)
    asked = read_published(paper) if paper is not None else None
    results, votes = read_results(folder), read_votes(folder)
    if asked is not None and all(section.task != asked.task for section in results.sections):
        tasks = ", ".join(dict.fromkeys(section.task for section in results.sections))
        raise ValueError(f"--paper: {paper} is of the task {asked.task}, these runs are of {tasks}")
    tables = []
    for section in results.sections:
        published = published_for(section.runs) if asked is None else asked if asked.task == section.task else None
        if published is not None and published.levels is not None:
            published = None  # it has a table of its own
        names = chosen or default_scores(section, published)
        table = clip_table(section, names) if by_clip else average_table(section, names, published, shares(votes, section))
        tables.append(replace(table, notes=table_notes(section, table, published, votes)))
    benchmark = asked or published_for([run for section in results.sections for run in section.runs])
    levels = None if benchmark is None or chosen else sections_by_level(results, benchmark)
    shown: list[ResultTable | LevelTable] = [*tables]
    if benchmark is not None and levels is not None:
        of_levels = level_table(levels, benchmark, by_clip)
        shown = [replace(of_levels, notes=level_notes(levels, of_levels, benchmark))]
    elif asked is not None and asked.levels is not None:
        raise ValueError(f"--paper: {paper} is of one score, and of runs that differ in {asked.levels.setting} alone")
    notes = unfinished_notes(results.unfinished)
    out = folder if out is None else out
    out.mkdir(parents=True, exist_ok=True)
    name = "table_by_clip" if by_clip else "table"
    markdown = render_markdown(shown, notes)
    write_whole(out / f"{name}.md", markdown)
    write_whole(out / f"{name}.tex", render_latex(shown, notes))
    write_whole(out / f"{name}.csv", render_csv(tables))
    return f"{markdown}\ntable: {out / name}.md, .tex, .csv"


def _scores(names: str | None) -> list[str]:
    """The scores that a comma-separated list names; none of None."""
    from dap.metrics.scores import METRICS

    chosen = [name.strip() for name in names.split(",")] if names is not None else []
    unknown = [name for name in chosen if name not in METRICS]
    if unknown:
        raise ValueError(f"--scores: no such score: {', '.join(unknown)}; there are {', '.join(METRICS)}")
    return list(dict.fromkeys(chosen))


if __name__ == "__main__":
    main()
