"""What users get wrong, through the command: one clear line, exit code 2, and nothing left behind."""

import pytest
import torch

from dap.audio.sound_file import write_audio
from tests.audio.test_sound_file import damaged
from tests.processes import as_an_ordinary_user, dap_run, dap_run_here

SETTINGS_THAT_CANNOT_BE = {
    "unknown_option": ("model=harmonica", "model/harmonica"),
    "misspelt_key": ("stesp=3", "stesp: no such setting, did you mean steps?"),
    "misspelt_key_in_a_group": ("task.noise_sd=0.1", "task.noise_sd: no such setting, did you mean task.noise_std?"),
    "added_key": ("+stesp=3", "stesp: no such setting"),
    "added_key_in_a_group": ("+task.noise_sd=0.1", "task.noise_sd: no such setting"),
    "wrong_type": ("steps=many", "steps: Value 'many'"),
    "wrong_type_in_a_group": ("task.noise_std=loud", "task.noise_std: expected a number or null, got 'loud'"),
    "a_file": ("long.wav", "long.wav: type data=file data.path=long.wav data.degraded=true"),
    "a_folder": ("files", "files: type data=folder data.path=files"),
    "an_option": ("harmonic", "harmonic: type model=harmonic"),
    "help": ("help", "help: type --help"),
    "a_word": ("stesp", "stesp: expected SETTING=VALUE; see dap-run --help"),
    "of_another_option": ("data.path=long.wav", "data.path: no such setting of what is chosen: it is one of data=file, "),
    "no_value": ("data=file", "data.path: needs a value"),
    "zero_steps": ("steps=0", "steps: must be at least 1, got 0"),
    "negative_steps": ("steps=-5", "steps: must be at least 1, got -5"),
    "zero_lr": ("lr=0", "lr: must be a number above 0, got 0"),
    "negative_lr": ("lr=-0.1", "lr: must be a number above 0, got -0.1"),
    "zero_hop": ("size.hop_length=0", "hop_length must be between 1 and n_fft = 1022 samples, got 0"),
    "hop_above_window": ("size.hop_length=1023", "hop_length must be between 1 and n_fft = 1022 samples, got 1023"),
    "negative_sigma": ("task.noise_std=-0.1", "task: noise_std must be a finite number, at least 0, got -0.1"),
    "unknown_noise": ("task.noise=blue", "task: noise must be one of white, pink, brown, tpdf or null, got 'blue'"),
    "two_noises": ("task.noise=pink task.noise_path=long.wav", "task: give one of noise and noise_path, got pink and long.wav"),
    "no_such_noise": ("task.noise_path=rain.wav", "rain.wav: no such file"),
    "silent_noise": ("task.noise_path=silence.wav", "silence.wav: the recording of noise is silent"),
    "one_level": ("task=quantization task.n_levels=1", "task: n_levels must be from 2 to 16777216, got 1"),
    "levels_and_bits": (
        "task=quantization task.n_levels=8 task.n_bits=4",
        "task: give one of n_levels and n_bits, got 8 and 4",
    ),
    "zero_mu": ("task=quantization task.mu_law=0", "task: mu_law must be a number above 0 or null, got 0"),
    "level_and_sdr": ("task=clipping task.level=0.5", "task: give one of level and input_sdr_db and set the other to null"),
    "no_level": ("task=clipping task.input_sdr_db=0", "task: input_sdr_db must be a finite number above 0 or null, got 0"),
    "not_quantised": (
        "task=quantization data=file data.path=long.wav data.degraded=true",
        "is none of the 16 levels (data.peak=null leaves the level of the file as it is)",
    ),
    "factor_one": ("task=super_resolution task.factor=1", "task: factor must be at least 2, got 1"),
    "half_a_factor": ("task=super_resolution task.factor=2.5", "task.factor: expected a whole number, got 2.5"),
    "unknown_interpolation": (
        "task=super_resolution task.interpolation=cubic",
        "task: interpolation must be one of sinc, linear, got 'cubic'",
    ),
    "gap_outside": ("task=inpainting task.gaps=[[1.9,2.5]]", "gap [1.9, 2.5] s is not inside the clip of 2.214 s"),
    "all_gap": (
        "task=inpainting task.gaps=[[0,0.5]] data=file data.path=long.wav",
        "the gaps cover the whole clip of 0.500 s: nothing is left to observe",
    ),
    "half_a_gap": ("task=inpainting task.gaps=[[1]]", "task: gaps must be a list of [start, end] in s, got [[1]]"),
    "two_kinds_of_gap": (
        "task=inpainting task.gaps=[[1,1.1]] task.n_gaps=3",
        "task: give one of gaps, n_gaps, missing_share, mask_path, got gaps and n_gaps",
    ),
    "too_many_gaps": ("task=inpainting task.n_gaps=99", "99 gaps of 800 samples do not fit into 35420 samples"),
    "mask_of_another_length": (
        "task=inpainting task.mask_path=long.wav",
        "long.wav: the mask must be of one channel and 35420 samples as the clip, got (4000,)",
    ),
    "gaps_of_a_damaged_file": (
        "task=inpainting data=file data.path=long.wav data.degraded=true",
        "where a clip is damaged already its gaps cannot be drawn: give gaps or mask_path",
    ),
    "empty_chain": ("task=chain task.tasks=[]", "task: tasks must be at least one task, got none"),
    "chain_of_names": (
        "task=chain task.tasks=[denoise]",
        "task.tasks: expected a list of settings with a _target_, got ['denoise']",
    ),
    "wrong_link": (
        "task=chain task.tasks=[{_target_:dap.tasks.super_resolution.SuperResolution,factor:1}]",
        "task.tasks[0]: factor must be at least 2, got 1",
    ),
    "negative_snapshots": ("snapshot_every=0", "snapshot_every: must be at least 1, got 0"),
    "too_deep": (
        "model=epfl_autoencoder model.depth=20",
        "a depth of 20 needs at least 2097152 samples, got 35420: the deepest is log2(samples) − 1",
    ),
    "too_many_levels": ("model=wave_unet model.n_levels=30", "n_levels = 30 is too deep for maps of 35420: at most 15"),
    "too_many_scales": ("model=skip_unet model.n_scales=20", "n_scales = 20 is too deep for maps of 512 × 140: at most 9"),
    "too_many_poolings": ("model=harmonic model.depth=12", "depth = 12 is too deep for maps of 512 × 140: at most 9"),
    "too_many_strides": ("model=demucs model.depth=12", "depth = 12 is too deep for maps of 35420: at most 7"),
    "too_many_blocks": (
        "model=multires_harmonic model.n_scales=15",
        "n_scales = 15 is too deep for maps of 512 × 140: at most 9",
    ),
    "fill_without_gaps": (
        "method=autoregressive",
        "Autoregressive restores task=clipping or inpainting, and nothing of denoise",
    ),
    "filter_of_gaps": (
        "method=wiener task=inpainting",
        "DecisionDirectedFilter restores task=denoise or quantization, and nothing of inpainting",
    ),
    "known_noise_unknown": (
        "method=wiener method.noise=known",
        "noise=known needs noise_std, the standard deviation of the noise",
    ),
    "network_without_weights": ("method=dfl", "DFL needs weights, the path of a file with those of a trained network"),
    "absent_data_set": (
        "data=ljspeech data.path=nowhere",
        "data: no LJSpeech at nowhere: nowhere/LJSpeech-1.1/metadata.csv is not there; unpack https://data.keithito.com",
    ),
    "upsampler_it_cannot_use": (
        "model=demucs upsampler=dct",
        "upsampler: model=demucs upsamples in its own way and takes no other",
    ),
    "no_cuda": ("device=cuda", "device: cuda was asked for, but torch finds no CUDA device here"),
    "unknown_device": ("device=gpu", "device: must be auto, cpu or cuda, got 'gpu'"),
    "zero_threads": ("threads=0", "threads: must be at least 1 or null, got 0"),
    "foreign_target": ("task._target_=os.system", "expected a class or function inside dap. or torch.optim., got 'os.system'"),
    "foreign_target_added": ("+task.noise_std={_target_:os.system,command:ls}", "noise_std"),
    "unwritable_output": ("hydra.run.dir=locked/out", "Permission denied: 'locked/out'"),
    "oracle_without_reference": (
        "stopping=oracle data=file data.path=long.wav data.degraded=true",
        "the oracle needs a reference",
    ),
    "shorter_than_a_frame": (
        "data=file data.path=short.wav",
        "the clip has 1000 samples, shorter than one STFT frame of n_fft = 1022",
    ),
    "silence": ("data=file data.path=silence.wav", "silence.wav: the clip is silent"),
    "no_permission": ("data=file data.path=secret.wav", "secret.wav: no permission to read it"),
}
OF_THE_PROCESS = {"unwritable_output", "no_permission", "no_cuda"}  # root may do everything, and may have a GPU
DAMAGED = ["missing", "folder", "empty", "text", "truncated_wav", "truncated_flac", "no_data", "zero_length"]
DAMAGED += ["no_channels", "adpcm", "claims", "nan", "inf"]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    """A folder with what the commands name, and what is wrong with each damaged file: its name, its path, the message."""
    folder = tmp_path_factory.mktemp("mistakes")
    write_audio(folder / "short.wav", torch.randn(1, 1000), 8000)
    write_audio(folder / "long.wav", torch.randn(1, 4000), 8000)
    write_audio(folder / "silence.wav", torch.zeros(1, 4000), 8000)
    write_audio(folder / "secret.wav", torch.randn(1, 4000), 8000)
    (folder / "secret.wav").chmod(0)
    (folder / "locked").mkdir(mode=0o555)
    (folder / "files").mkdir()
    files = damaged(folder / "files")
    assert list(files) == DAMAGED
    return folder, files


@pytest.mark.parametrize("name", [*SETTINGS_THAT_CANNOT_BE, *DAMAGED])
def test_a_mistake_is_one_clear_line(sounds, tmp_path, name):
    folder, files = sounds
    for path in folder.iterdir():
        (tmp_path / path.name).symlink_to(path)
    if name in files:
        path, message = files[name]
        arguments, message = ["data=file", f"data.path={path}"], message.split("|")[0]
    else:
        command, message = SETTINGS_THAT_CANNOT_BE[name]
        arguments = command.split(" ")
    if name in OF_THE_PROCESS:
        done = dap_run("steps=1", *arguments, folder=tmp_path, before=as_an_ordinary_user)
    else:
        done = dap_run_here("steps=1", *arguments, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("dap-run: error: ")
    assert message in lines[0]
    assert done.stdout == ""
    left = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not left, "nothing is left behind"
