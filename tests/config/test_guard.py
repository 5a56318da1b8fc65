"""Nothing that a configuration says is run but dap's own parts, and nothing else that dap reads can run anything."""

import ast
from pathlib import Path
import time

from hydra.errors import HydraException
from omegaconf import OmegaConf
import pytest
import yaml

from dap.config import guard
from dap.config.build import find_target
from dap.config.yaml_size import MAX_BYTES, check_yaml
from tests.conftest import REPOSITORY
from tests.processes import dap_run, dap_run_here

TOUCH = "{_target_: os.system, command: touch RUN}"
LOGGED = "defaults: [override /hydra/job_logging: default]\nhydra: {job_logging: {"
EXPERIMENTS = {
    "callback": (f"hydra: {{callbacks: {{x: {TOUCH}}}}}", "hydra.callbacks.x._target_: expected a callback inside dap."),
    "nested": (
        f"hydra: {{callbacks: {{x: {{_target_: dap.config.multirun.SweepSummary, y: [{TOUCH}]}}}}}}",
        "hydra.callbacks.x.y.0._target_: expected no target here, got 'os.system'",
    ),
    "import_of_dap": (
        "hydra: {callbacks: {x: {_target_: dap.running.experiment.subprocess.run}}}",
        "expected a callback inside dap.",
    ),
    "no_callback": ("hydra: {callbacks: {x: {_target_: dap.tasks.denoise.Denoise}}}", "expected a callback inside dap."),
    "interpolated_target": ("hydra: {callbacks: {x: {_target_: '${oc.env:HOME}'}}}", "expected a callback inside dap."),
    "created": (
        f'hydra: {{callbacks: {{x: "${{oc.create:{TOUCH}}}"}}}}',
        "hydra.callbacks.x: expected its settings written out",
    ),
    "decoded": (
        f"hydra: {{callbacks: {{x: \"${{oc.decode:'{TOUCH}'}}\"}}}}",
        "hydra.callbacks.x: expected its settings written out",
    ),
    "all_decoded": (f"hydra: {{callbacks: \"${{oc.decode:'{{x: {TOUCH}}}'}}\"}}", "hydra.callbacks: expected its settings"),
    "referred_to": ("hydra: {callbacks: {x: '${task}'}}", "hydra.callbacks.x: expected its settings written out"),
    "launcher": (
        "hydra: {launcher: {_target_: os.system}}",
        "hydra.launcher._target_: expected a plugin inside hydra_plugins.",
    ),
    "sweeper": ("hydra: {sweeper: {_target_: os.system}}", "hydra.sweeper._target_: expected a plugin inside hydra_plugins."),
    "factory": (
        LOGGED + 'formatters: {x: {"()": os.system, command: touch RUN}}}}',
        "hydra.job_logging.formatters.x.(): expected one of colorlog.ColoredFormatter, got 'os.system'",
    ),
    "handler": (LOGGED + "handlers: {console: {class: os.system}}}}", "handlers.console.class: expected one of logging.Stream"),
    "imported": (LOGGED + "handlers: {console: {stream: 'ext://antigravity.x'}}}}", "handlers.console.stream: expected text"),
    "late": (LOGGED + "root: {level: '${oc.env:LEVEL}'}}}", "hydra.job_logging.root.level: expected text"),
    "log_anywhere": (
        LOGGED + "handlers: {file: {filename: /tmp/log}}}}",
        "handlers.file.filename: expected one of ${hydra",
    ),
    "attribute": (LOGGED + "handlers: {file: {'.': {baseFilename: /tmp/log}}}}}", "handlers.file..: expected no such setting"),
    "each_job": (
        "hydra: {mode: MULTIRUN, sweeper: {params: {+hydra.job_logging.handlers.x.class: 'os.system,os.abort'}}}",
        "hydra.job_logging.handlers.x.class: expected one of logging.StreamHandler",
    ),
    "environment": ("hydra: {job: {env_set: {PATH: /tmp}}}", "hydra.job.env_set.PATH: expected numbers of threads"),
    "absent_environment": ("hydra: {job: {env_copy: [NO_SUCH_NAME]}}", "cannot be composed: KeyError('NO_SUCH_NAME')"),
    "part": (f"task: {TOUCH}", "task._target_: expected a class or function inside dap. or torch.optim., got 'os.system'"),
    "writing_part": (
        "task: {_target_: dap.system.files.write_whole, path: RUN, content: x}",
        "task._target_: 'dap.system.files.write_whole' is no part that a configuration can make",
    ),
    "own_permission": ("trust: [os]", "trust: os can be trusted on the command line alone"),
    "told_override": (
        "hydra: {overrides: {task: ['trust=[os]']}}",
        "hydra.overrides: expected those of the command line alone",
    ),
    "told_hydra_override": (
        "hydra: {overrides: {hydra: ['trust=[os]']}}",
        "hydra.overrides: expected those of the command",
    ),
    "swept_permission": (
        "hydra: {mode: MULTIRUN, sweeper: {params: {++trust: '[os]'}}}",
        "hydra.sweeper.params.++trust: expected packages trusted by the command line itself, got '[os]'",
    ),
    "tag": ("!!python/object/apply:os.system [touch RUN]", "not a configuration file: could not determine a constructor"),
    "broken": ("a: [1", "not a configuration file: while parsing a flow sequence"),
    "deep": ("a: " + "[" * 5000, "not a configuration file: nested too deeply"),
    "digits": ("seed: " + "9" * 5000, "not a configuration file: Exceeds the limit (4300 digits)"),
    "bytes": ("a: \udcff", "not a configuration file: 'utf-8' codec can't decode byte 0xff"),
    "itself": ("a: &a [*a]", "nodes when its aliases are written out, expected at most 10000"),
    "long": ("#" * MAX_BYTES + "\n", f"bytes, expected at most {MAX_BYTES}"),
}
# what needs no file
ARGUMENTS = {
    "callback_override": (["+hydra.callbacks.x._target_=os.system"], "hydra.callbacks.x._target_: expected a callback"),
    "launcher_override": (["-m", "hydra.launcher._target_=os.system"], "hydra.launcher._target_: expected a plugin"),
    "swept_callback": (["-m", "+hydra.callbacks.x._target_=os.system,os.abort"], "Sweeping over Hydra's configuration"),
    "swept_experiment": (
        ["-m", "--config-dir=files", "experiment=toy_tones,factory"],
        "hydra.job_logging.formatters.x.(): expected one of colorlog.ColoredFormatter, got 'os.system'",
    ),
    "package": (["hydra.searchpath=[pkg://antigravity]"], "pkg://antigravity: expected a package of dap, hydra, hydra_plugins"),
    "package_path": (["--config-path=pkg://antigravity"], "pkg://antigravity: expected a package of dap, hydra"),
    "pickle": (["--experimental-rerun=job.pickle"], "--experimental-rerun: dap loads no pickles, got job.pickle"),
    "abbreviated": (["--exp", "job.pickle"], "--experimental-rerun: dap loads no pickles, got job.pickle"),
    "flag": (["--bogus"], "--bogus: no such flag; see dap-run --help"),
    "in_between": (
        ["steps=1", "--cfg", "job", "seed=1"],
        "seed=1: give all settings in a row, and flags before or behind them",
    ),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder of configurations by somebody who means ill."""
    folder = tmp_path_factory.mktemp("ill") / "files"
    (folder / "experiment").mkdir(parents=True)
    for name, (text, _) in EXPERIMENTS.items():
        content = f"# @package _global_\nsteps: 1\n{text}" if not text.startswith("!") else text
        (folder / "experiment" / f"{name}.yaml").write_text(content, errors="surrogateescape")
    return folder


@pytest.mark.parametrize("name", [*EXPERIMENTS, *ARGUMENTS])
def test_nothing_is_run(files, name, tmp_path):
    """The command, in this process: Hydra's own main with the checks before it, as `dap.commands.run.main` has it."""
    arguments, message = ARGUMENTS.get(name) or ([f"--config-dir={files}", f"experiment={name}"], EXPERIMENTS[name][1])
    (tmp_path / "files").symlink_to(files)
    done = dap_run_here(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("dap-run: error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not list(tmp_path.rglob("RUN"))
    assert not list(tmp_path.rglob("run.json"))


@pytest.mark.parametrize("arguments", [["--cfg", "job"], ["--info", "config"], ["-m"]])
def test_nothing_is_run_in_another_mode(files, arguments):
    done = dap_run(*arguments, f"--config-dir={files}", "experiment=factory", folder=files.parent)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines() == [
        "dap-run: error: hydra.job_logging.formatters.x.(): expected one of colorlog.ColoredFormatter, got 'os.system'"
    ]
    assert not list(files.parent.rglob("RUN"))


def test_what_is_let_through(tmp_path):
    """A callback of dap, Hydra's own loggers, a number of threads; an anchor of honest size."""
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\ndefaults: [override /hydra/job_logging: default, override /hydra/hydra_logging: hydra_debug]\n"
        "hydra: {job: {env_set: {OMP_NUM_THREADS: '1'}, env_copy: [HOME]}, "
        "callbacks: {mine: {_target_: dap.config.multirun.SweepSummary}}}\n"
        "task: {noise_std: &std 0.25}\ndata: {start: *std}\n"
    )
    done = dap_run(f"--config-dir={tmp_path}", "experiment=mine", "lr=-1", folder=tmp_path)
    assert done.stderr == "dap-run: error: lr: must be a number above 0, got -1.0\n"


def test_a_sampler_of_optuna_and_no_other():
    def cfg(**sweeper):
        return OmegaConf.create({"hydra": {"sweeper": {"_target_": "hydra_plugins.x.y.Sweeper", **sweeper}}})

    guard.check(cfg(sampler={"_target_": "optuna.samplers.TPESampler", "seed": 1}, storage="sqlite:///study.db"))
    for entry in (
        {"sampler": {"_target_": "optuna.samplers._base.os.system"}},
        {"sampler": {"_target_": "optuna.study.create_study"}},
        {"storage": "redis://host"},
        {"custom_search_space": "os.system"},
    ):
        with pytest.raises(HydraException, match=r"^hydra\.sweeper\.[\w.]+: expected"):
            guard.check(cfg(**entry))


@pytest.mark.parametrize(
    "path",
    [
        "dap.system.files.write_whole",
        "dap.audio.sound_file.write_audio",
        "dap.running.experiment.subprocess.run",
        "dap.data.download.download_archive",
        "dap.data.clip.read_clip",
        "dap.data.clip.Path",
        "dap.dsp.stft.torch.load",
        "dap.results.sweep.write_sweep",
        "torch.optim.os.system",
        "torch.optim",
        "dap.",
        "",
        None,
        ["dap.losses.elementwise.l1"],
    ],
)
def test_what_is_no_part(path):
    with pytest.raises(ValueError, match=r"^task\._target_: "):
        find_target(path, "task")


def test_an_alias_bomb_is_refused_at_once(tmp_path):
    """Some hundred bytes that would be 2·10³⁹ nodes; counting them is no harder than reading the file."""
    lines = ["a0: &a0 [x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 40))]
    path = tmp_path / "bomb.yaml"
    path.write_text("\n".join(lines))
    begun = time.monotonic()
    with pytest.raises(ValueError, match="nodes when its aliases are written out"):
        check_yaml(path)
    assert time.monotonic() - begun < 0.5


def test_ordinary_aliases_pass(tmp_path):
    path = tmp_path / "fine.yaml"
    path.write_text("a: &a {x: 1, y: [1, 2]}\nb: {<<: *a, z: 3}\nglob: '*.wav'\n")
    check_yaml(path)
    assert yaml.safe_load(path.read_text())["b"]["z"] == 3


FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "torch.hub.load",
    "yaml.load",
    "yaml.unsafe_load",
}
FORBIDDEN_MODULES = {"pickle", "cloudpickle", "dill", "shelve", "marshal", "joblib", "runpy", "code", "ctypes"}
LOADERS = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False), "numpy.load": ("allow_pickle", False)}


@pytest.mark.parametrize("path", sorted((REPOSITORY / "dap").rglob("*.py")), ids=lambda path: path.stem)
def test_no_pickle_no_shell_no_eval(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN_MODULES
            assert not {f"{node.module}.{alias.name}" for alias in node.names} & {*FORBIDDEN_CALLS, *LOADERS}
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            named = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert called not in FORBIDDEN_CALLS, f"line {node.lineno}"
            assert not called.startswith(("os.exec", "os.spawn", "torch.hub."))
            assert "shell" not in named, f"line {node.lineno}"
            assert not (called.startswith("subprocess.") and called.endswith(("getoutput", "getstatusoutput")))
            if called in LOADERS:
                name, value = LOADERS[called]
                assert named.get(name) == str(value), f"line {node.lineno}: {called} without {name}={value}"
            assert named.get("allow_pickle", "False") == "False"
            assert named.get("weights_only", "True") == "True"


def test_other_processes_have_the_checks_too(tmp_path):
    """Joblib's launcher sends its processes Hydra's loader and registry of sources, which must be these."""
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    launcher = "{_target_: hydra_plugins.hydra_joblib_launcher.joblib_launcher.JoblibLauncher, n_jobs: 1}"
    (tmp_path / "hydra" / "launcher").mkdir(parents=True)
    (tmp_path / "hydra" / "launcher" / "processes.yaml").write_text(launcher)
    done = dap_run("-m", f"--config-dir={tmp_path}", "hydra/launcher=processes", "steps=-1,-2", folder=tmp_path)
    assert "registered with a different class" not in done.stderr
    assert "cannot be" not in done.stderr
    assert len(list((tmp_path / "outputs").rglob("run.json"))) == 2, done.stderr
