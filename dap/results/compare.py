"""Several runs' curves in one picture, and how long each stays near its best."""

from dataclasses import dataclass
import json
from pathlib import Path

from dap.record.curves import Row, column, read_curves
from dap.record.plots import draw_comparison

TOLERANCE_DB = 1.0


@dataclass(frozen=True)
class Course:
    """A run's name and curves."""

    name: str
    rows: list[Row]

    def psnr_at(self, step: int) -> float | None:
        steps, values = column(self.rows, "psnr_reference")
        return dict(zip(steps, values, strict=True)).get(float(step))

    def best(self) -> tuple[int, float]:
        """Step and value of the highest PSNR to the reference."""
        steps, values = column(self.rows, "psnr_reference")
        value = max(values)
        return int(steps[values.index(value)]), value

    def steps_near_best(self) -> int:
        """Steps whose PSNR to the reference is within `TOLERANCE_DB` of the best."""
        _, best = self.best()
        return sum(value >= best - TOLERANCE_DB for value in column(self.rows, "psnr_reference")[1])


def read_courses(folder: Path) -> list[Course]:
    """The runs below a folder, in the order of their paths, named by what tells them apart.

    Raises:
        ValueError: no run with a reference there.
    """
    found = []
    for path in sorted(folder.rglob("curves.csv")):
        facts = json.loads((path.parent / "run.json").read_text())
        rows = read_curves(path)
        if column(rows, "psnr_reference")[1]:
            found.append((facts, rows))
    if not found:
        raise ValueError(f"{folder}: no run with a reference below this folder")
    overrides = [[*facts.get("overrides", []), f"clip={facts['clip']}"] for facts, _ in found]
    common = set(overrides[0]).intersection(*overrides[1:]) if len(overrides) > 1 else set()
    names = [", ".join(part for part in parts if part not in common) for parts in overrides]
    return [Course(name or facts["system"], rows) for name, (facts, rows) in zip(names, found, strict=True)]


def comparison_table(courses: list[Course], steps: tuple[int, ...] = (50, 200, 1000)) -> str:
    """PSNR to the reference at some steps, the best, and how many steps lie within 1 dB of it.

    >>> rows = [{"step": float(step), "psnr_reference": 20.0 - abs(step - 2)} for step in range(5)]
    >>> print(comparison_table([Course("a", rows)], steps=(0, 2)))
                                           at 0     at 2     best  at step   steps within 1 dB
    a                                     18.00    20.00    20.00        2                   3
    """
    lines = [
        f"{'':34}" + "".join(f"{f'at {step}':>9}" for step in steps) + f"{'best':>9}{'at step':>9}{'steps within 1 dB':>20}"
    ]
    for course in courses:
        cells = [course.psnr_at(step) for step in steps]
        step, best = course.best()
        shown = "".join(f"{'–' if cell is None else f'{cell:.2f}':>9}" for cell in cells)
        lines.append(f"{course.name:34}{shown}{best:>9.2f}{step:>9}{course.steps_near_best():>20}")
    return "\n".join(lines)


def comparison_picture(courses: list[Course]) -> bytes:
    """PSNR to the reference (solid) and to the observation (dashed) over the steps, as PNG."""
    return draw_comparison({course.name: course.rows for course in courses})
