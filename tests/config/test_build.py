"""Making objects from a configuration: nothing foreign, nothing misspelt, nothing of the wrong type."""

import pytest

from dap.config.build import build


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "torch.load",
        "builtins.eval",
        "dap.audio.sound_file.soundfile.write",
        "dap.running.experiment.subprocess",
        "dap.audio.sound_file.os",
        3,
        None,
    ]
    + [
        "dap.config.build.importlib.import_module",
        "dap.methods.prior.fit.torch.load",
        "torch.optim.sgd.torch.load",
        "dap.nothing.Here",
        "dap.audio.sound_file",
    ],
)
def test_targets_outside_dap_are_refused(target):
    with pytest.raises(ValueError, match=r"^task\._target_: "):
        build({"_target_": target}, "task")


def test_an_optimiser_of_torch_is_allowed():
    assert callable(build({"_target_": "torch.optim.Adam", "_partial_": True, "lr": 0.1}, "optimizer"))


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (
            {"_target_": "dap.tasks.denoise.Denoise", "noise_sd": 1.0},
            r"^key\.noise_sd: no such setting; Denoise has noise_std, snr_db, noise, noise_path, spread_db$",
        ),
        (
            {"_target_": "dap.tasks.denoise.Denoise", "noise_std": "0.1"},
            r"^key\.noise_std: expected a number or null, got '0\.1'$",
        ),
        ({"_target_": "dap.tasks.denoise.Denoise", "noise_std": True}, "expected a number or null, got True"),
        ({"_target_": "dap.tasks.denoise.Denoise", "noise_std": -1}, r"^key: noise_std must be"),
        ({"_target_": "dap.methods.stopping.EMV", "patience": 1.5}, r"^key\.patience: expected a whole number, got 1\.5$"),
        ({"_target_": "dap.data.folder.Folder", "path": None}, r"^key\.path: expected text, got None$"),
        (
            {"_target_": "dap.layers.harmonic.HarmonicConv2d", "kernel_size": [7]},
            r"expected \[a whole number, a whole number\], got \[7\]",
        ),
        ({"_target_": "dap.data.tones.Tones", "frequencies_hz": "a"}, r"expected a list of a number, got 'a'"),
    ],
)
def test_messages(node, message):
    with pytest.raises(ValueError, match=message):
        build(node, "key")


def test_nested_and_partial():
    node = {
        "_target_": "dap.models.spectrogram_unet.SpectrogramUNet",
        "_partial_": True,
        "operator": {"_target_": "dap.layers.convolution.Conv2d", "_partial_": True, "kernel_size": 3},
        "width": 4,
    }
    network = build(node, "model")(in_channels=2, out_channels=1, size=(9, 9))
    assert network.down[0][0].kernel_size == (3, 3)
    with pytest.raises(ValueError, match=r"^model: in_channels, out_channels, width"):
        build(node, "model")(in_channels=0, out_channels=1, size=(9, 9))


def test_plain_values_pass_through():
    assert build({"a": [1, {"b": None}]}, "key") == {"a": [1, {"b": None}]}
