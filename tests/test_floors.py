"""The house: a module imports only from its own room and those below, by one ordered list of folders."""

import pytest

from tests.architecture import REPOSITORY, ROOMS, arrows, drawn, imports_of, libraries_of, modules, room_of


@pytest.mark.parametrize("module", modules())
def test_imports_come_from_below(module):
    here = ROOMS.index(room_of(module))
    assert not [imported for imported in imports_of(module) if ROOMS.index(room_of(imported)) > here]


def test_models_and_tasks_do_not_know_each_other():
    assert not {("models", "tasks"), ("tasks", "models")} & set(arrows())


def test_the_house_stays_small():
    assert {room_of(module) for module in modules()} == set(ROOMS)
    assert len(ROOMS) <= 18
    assert len(arrows()) <= 65
    assert len([path for path in (REPOSITORY / "dap").iterdir() if path.is_file()]) <= 4


@pytest.mark.slow
def test_the_map_is_true():
    """Else: scripts/architecture."""
    assert {path.name: path.read_text() for path in drawn()} == {path.name: content for path, content in drawn().items()}


@pytest.mark.parametrize(
    ("library", "places"),
    [
        ("hydra", {"config", "commands.run"}),
        ("hydra._internal", {"config.hydra_internals"}),
        ("omegaconf", {"config", "running.benchmark", "running.experiment", "running.parts", "commands.run"}),
        ("soundfile", {"audio.sound_file", "audio.stream"}),
        ("torchaudio", {"dsp.resample"}),
        ("tensorboard", {"record.trackers.tensorboard"}),
        ("wandb", {"record.trackers.wandb"}),
        ("mlflow", {"record.trackers.mlflow"}),
        ("matplotlib", {"record.plots", "record.frequency_figure", "record.mel_pictures"}),
    ],
)
def test_libraries_stay_in_their_rooms(library, places):
    users = [module.removeprefix("dap.") for module in modules() if library in libraries_of(module)]
    assert not [user for user in users if not any(f"{user}.".startswith(f"{place}.") for place in places)]
