"""Which files of a data set train, which choose the best weights, and which only test."""

from collections.abc import Sequence
from dataclasses import dataclass

from dap.data.draw import uniform


@dataclass(frozen=True)
class Split:
    """Indices of clips, no clip in two of them."""

    train: list[int]
    valid: list[int]
    test: list[int]


def split_files(
    names: Sequence[str], n_train: int | None, n_valid: int, n_test: int, test_names: Sequence[str] | None, seed: int
) -> Split:
    """Share out a data set by whole files: what is drawn depends on the seed and the names alone.

    Args:
        names: of the clips.
        n_train: how many train, at most; None takes all that the others leave.
        n_valid, n_test: how many are held out.
        test_names: the files to test on, in place of ``n_test`` drawn ones.
        seed: of the draw.

    Raises:
        ValueError: a number out of range, a test name that is none of the names, or no file left to train on.

    >>> split_files(["a", "b", "c", "d"], None, 1, 1, ["c"], seed=0)
    Split(train=[0, 1], valid=[3], test=[2])
    """
    for name, number in (("n_train", n_train), ("n_valid", n_valid), ("n_test", n_test)):
        if number is not None and number < 1:
            raise ValueError(f"{name} must be at least 1, got {number}")
    unknown = sorted(set(test_names or []) - set(names))
    if unknown:
        raise ValueError(f"test_names: no clip {', '.join(unknown)} in the data, which has {', '.join(names[:30])}")
    drawn = sorted(range(len(names)), key=lambda index: (uniform(seed, names[index]), names[index]))
    test = drawn[:n_test] if test_names is None else [index for index in drawn if names[index] in test_names]
    left = [index for index in drawn if index not in test]
    valid, train = left[:n_valid], left[n_valid:][:n_train]
    if not train or not test:
        raise ValueError(
            f"the data has {len(names)} files: too few to hold {n_valid} out for validation and {len(test)} for testing"
        )
    return Split(sorted(train), sorted(valid), sorted(test))
