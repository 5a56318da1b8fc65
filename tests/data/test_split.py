"""Files shared out: no file in two parts, and the same parts for the same names."""

import pytest

from dap.data.split import split_files

NAMES = [f"song{index}" for index in range(20)]


def test_parts_have_nothing_in_common():
    split = split_files(NAMES, None, 3, 4, None, seed=1)
    assert sorted([*split.train, *split.valid, *split.test]) == list(range(20))
    assert (len(split.valid), len(split.test)) == (3, 4)
    assert len(split_files(NAMES, 5, 3, 4, None, seed=1).train) == 5


def test_what_is_held_out_follows_from_seed_and_names():
    split = split_files(NAMES, None, 3, 4, None, seed=1)
    assert split_files(NAMES, None, 3, 4, None, seed=2) != split
    backwards = split_files(NAMES[::-1], None, 3, 4, None, seed=1)
    assert {NAMES[::-1][index] for index in backwards.test} == {NAMES[index] for index in split.test}


def test_files_can_be_held_out_by_name():
    split = split_files(NAMES, None, 2, 1, ["song3", "song7"], seed=0)
    assert split.test == [3, 7]
    assert not set(split.test) & {*split.train, *split.valid}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, 0, 1, None), "n_valid must be at least 1, got 0"),
        ((None, 19, 1, None), "the data has 20 files: too few to hold 19 out for validation and 1 for testing"),
        ((None, 1, 1, ["solo"]), "test_names: no clip solo in the data, which has song0, song1"),
        ((None, 1, 1, []), "too few to hold 1 out for validation and 0 for testing"),
    ],
)
def test_wrong_numbers(arguments, message):
    with pytest.raises(ValueError, match=message):
        split_files(NAMES, *arguments, seed=0)
