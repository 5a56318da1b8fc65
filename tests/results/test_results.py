"""What a folder of runs says: which runs are of a kind, their means over clips, and how two systems differ."""

import statistics

import pytest

from dap.results.averages import by_clip, paired, ranking, spread
from dap.results.results import Section, System, read_results
from tests.runs import write_run


def only_section(folder) -> Section:
    (section,) = read_results(folder).sections
    return section


def system(section: Section, label: str) -> System:
    (found,) = (system for system in section.systems if system.label == label)
    return found


def test_seeds_are_averaged_within_a_clip_first(tmp_path):
    for index, (clip, seed, value) in enumerate([("a", 0, 0.0), ("a", 1, 4.0), ("a", 2, 8.0), ("b", 0, 10.0)]):
        write_run(tmp_path / str(index), "harmonic", clip, {"si_sdr": value}, seed=seed)
    scores = system(only_section(tmp_path), "harmonic").scores("si_sdr")
    assert len(scores) == 4
    found = spread(list(by_clip(scores).values()))
    assert (found.mean, found.deviation, found.n) == (7.0, statistics.stdev([4.0, 10.0]), 2)


def test_an_override_makes_a_system_of_its_own_and_a_seed_or_a_device_does_not(tmp_path):
    ablation = "model.operator.anchoring=false"
    write_run(tmp_path / "0", "harmonic", "a", {"si_sdr": 9.0}, overrides=("device=cpu",))
    write_run(tmp_path / "1", "harmonic", "a", {"si_sdr": 7.0}, overrides=(ablation, "device=cuda"), seed=1)
    write_run(tmp_path / "2", "harmonic", "a", {"si_sdr": 8.0}, overrides=("snapshot_every=3",), seed=1)
    write_run(tmp_path / "3", "wiener", "a", {"si_sdr": 8.0}, overrides=("lr=2",))
    systems = only_section(tmp_path).systems
    assert [found.label for found in systems] == ["harmonic", "harmonic (anchoring=false)", "wiener"]
    assert systems[0].scores("si_sdr") == {("a", 0): 9.0, ("a", 1): 8.0}
    assert systems[1].settings == {"model.operator.anchoring": "false"}


def test_what_was_damaged_otherwise_is_another_section(tmp_path):
    for index, std in enumerate((0.1, 0.2)):
        for model in ("harmonic", "dilated_unet"):
            write_run(tmp_path / f"{index}{model}", model, "a", {"si_sdr": 1.0}, overrides=(f"task.noise_std={std}",))
    write_run(tmp_path / "9", "harmonic", "a", {"si_sdr": 1.0}, task="quantization")
    sections = read_results(tmp_path).sections
    assert [section.title for section in sections] == ["denoise, noise_std=0.1", "denoise, noise_std=0.2", "quantization"]
    assert [len(section.systems) for section in sections] == [2, 2, 1]


def test_files_swept_one_by_one_are_clips_not_settings(tmp_path):
    for index, path in enumerate(("x/a.wav", "x/b.wav")):
        write_run(tmp_path / str(index), "harmonic", path[2], {"si_sdr": 1.0}, overrides=(f"data.path={path}",), source=path)
    assert set(system(only_section(tmp_path), "harmonic").runs) == {("a", 0), ("b", 0)}


def test_clips_of_one_name_are_told_apart_by_their_files(tmp_path):
    for model in ("harmonic", "dilated_unet"):
        for speaker in ("p1", "p2"):
            write_run(tmp_path / model / speaker, model, "001", {"si_sdr": 1.0}, source=f"{speaker}/001.wav")
    section = only_section(tmp_path)
    assert len(section.units) == 2
    assert paired(*section.systems, "si_sdr").difference.n == 2


def test_the_same_clip_from_two_machines_is_one_clip(tmp_path):
    write_run(tmp_path / "0", "harmonic", "001", {"si_sdr": 3.0}, source="/home/a/001.wav")
    write_run(tmp_path / "1", "dilated_unet", "001", {"si_sdr": 1.0}, source="/data/001.wav")
    section = only_section(tmp_path)
    assert section.units == {("001", 0)}
    assert paired(*section.systems, "si_sdr").difference.mean == 2.0


def test_paired_differences_are_over_common_clips_and_seeds(tmp_path):
    ours = {("a", 0): 5.0, ("a", 1): 9.0, ("b", 0): 4.0, ("c", 0): 1.0}
    theirs = {("a", 0): 4.0, ("b", 0): 5.0, ("d", 0): 99.0}
    for name, scores in (("harmonic", ours), ("dilated_unet", theirs)):
        for (clip, seed), value in scores.items():
            write_run(tmp_path / f"{name}{clip}{seed}", name, clip, {"si_sdr": value}, seed=seed)
    section = only_section(tmp_path)
    found = paired(system(section, "harmonic"), system(section, "dilated_unet"), "si_sdr")
    assert (found.difference.mean, found.difference.n, found.n_better) == (0.0, 2, 1)
    back = paired(system(section, "dilated_unet"), system(section, "harmonic"), "si_sdr")
    assert (back.difference.mean, back.difference.deviation, back.n_better) == (0.0, found.difference.deviation, 1)
    assert paired(*section.systems, "psnr") is None


def test_lower_is_better_for_a_distance(tmp_path):
    for name, distance in (("harmonic", 1.0), ("dilated_unet", 2.0)):
        write_run(tmp_path / name, name, "a", {"log_spectral_distance": distance, "si_sdr": distance})
    section = only_section(tmp_path)
    first, second = ranking(section.systems, "log_spectral_distance")
    assert (first.label, second.label) == ("harmonic", "dilated_unet")
    found = paired(first, second, "log_spectral_distance")
    assert (found.difference.mean, found.n_better) == (-1.0, 1)
    assert ranking(section.systems, "si_sdr")[0].label == "dilated_unet"


def test_a_tie_is_not_better(tmp_path):
    for name in ("harmonic", "dilated_unet"):
        write_run(tmp_path / name, name, "a", {"si_sdr": 3.0})
    assert paired(*only_section(tmp_path).systems, "si_sdr").n_better == 0


def test_a_score_that_does_not_apply_is_no_number(tmp_path):
    write_run(tmp_path / "0", "harmonic", "a", {"si_sdr": None, "psnr": True})
    write_run(tmp_path / "1", "harmonic", "b", {"si_sdr": 2.0})
    found = system(only_section(tmp_path), "harmonic")
    assert found.scores("si_sdr") == {("b", 0): 2.0}
    assert found.scores("psnr") == {}


def test_a_sweep_under_way(tmp_path):
    write_run(tmp_path / "0", "harmonic", "a", {"si_sdr": 2.0})
    write_run(tmp_path / "1", "harmonic", "b", status="running")
    write_run(tmp_path / "2", "dilated_unet", "a", status="failed", reason="the fit diverged")
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "run.json").write_text('{"status": "refused", "reason": "no", "overrides": ["lr=x"]}')
    results = read_results(tmp_path)
    (section,) = results.sections
    assert section.units == {("a", 0), ("b", 0)}
    assert system(section, "harmonic").unfinished == {("b", 0)}
    assert system(section, "dilated_unet").runs == {}
    assert [run.status for run in results.unfinished] == ["running", "failed", "refused"]


def test_a_repeated_run_counts_once_and_a_later_success_replaces_a_failure(tmp_path):
    write_run(tmp_path / "0", "harmonic", "a", {"si_sdr": 2.0})
    write_run(tmp_path / "1", "harmonic", "a", {"si_sdr": 4.0})
    write_run(tmp_path / "2", "harmonic", "b", status="failed")
    write_run(tmp_path / "3", "harmonic", "b", {"si_sdr": 7.0})
    found = system(only_section(tmp_path), "harmonic")
    assert found.scores("si_sdr") == {("a", 0): 3.0, ("b", 0): 7.0}
    assert found.unfinished == set()


def test_mistakes(tmp_path):
    with pytest.raises(ValueError, match="nowhere: no such folder"):
        read_results(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no finished run below this folder"):
        read_results(tmp_path)
    (tmp_path / "run.json").write_text("[1]")
    with pytest.raises(ValueError, match=r"run\.json: expected a JSON object, got list"):
        read_results(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(ValueError, match=r"run\.json: not JSON"):
        read_results(tmp_path)
