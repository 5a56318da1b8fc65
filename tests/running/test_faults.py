"""What happens to machines that run for days, really done to a run: it is killed, the disk is full, a file is damaged."""

import json
import multiprocessing
import os
from pathlib import Path
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

import pytest

from dap.audio.sound_file import read_audio
from dap.commands.run import main
from dap.record.checkpoint import read_checkpoint
from dap.record.curves import read_curves
from dap.system.files import locked, write_whole
from tests.processes import as_an_ordinary_user, dap_run

SMALL = ["size.width=2", "size.n_fft=126", "size.hop_length=32", "data.seconds=0.5", "threads=1", "device=cpu"]
RUN = [*SMALL, "model=dcgan", "steps=30", "snapshot_every=5", "checkpoint_seconds=0", "stop_early=false"]
N_KILLS = 6


def _command(folder: Path, arguments: list[str]) -> None:
    """In a process that has imported everything already, so that what is killed is the work."""
    os.chdir(folder)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    sys.argv = ["dap-run", *arguments]
    main()


def start(folder: Path, *arguments: str) -> multiprocessing.Process:
    process = multiprocessing.get_context("fork").Process(target=_command, args=(folder, list(arguments)))
    process.start()
    return process


def completed(folder: Path, *arguments: str) -> float:
    """Run to the end; returns the seconds of computing that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    process = start(folder, *arguments)
    process.join()
    assert process.exitcode == 0
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def kill_after(process: multiprocessing.Process, seconds: float) -> None:
    """SIGKILL once it has computed for so long, however busy the machine is; it may have ended by then."""
    ticks = seconds * os.sysconf("SC_CLK_TCK")
    while process.is_alive():
        if int(Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11]) >= ticks:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.001)
    process.join()


def everything_is_whole(folder: Path) -> None:
    """Whatever is there under its own name can be read to its end."""
    for path in folder.rglob("*"):
        if path.name.startswith("."):
            continue
        if path.suffix == ".wav":
            read_audio(path)
        elif path.suffix == ".json":
            json.loads(path.read_text())
        elif path.name == "curves.csv":
            assert path.read_text().endswith("\n")
            read_curves(path)
        elif path.suffix == ".pt":
            identity = json.loads((folder / "run.json").read_text())["identity"]
            assert read_checkpoint(folder, identity) is not None
        elif path.suffix == ".html":
            assert path.read_text().endswith("</html>\n")


def results(folder: Path) -> dict[str, bytes]:
    names = ["restored.wav", "observation.wav", "metrics.json", "spectrograms.png", "curves.png"]
    names += [f"snapshots/{path.name}" for path in sorted(folder.glob("snapshots/*"))]
    curves = [line.rpartition(",")[0] for line in (folder / "curves.csv").read_text().splitlines()]  # without the seconds
    return {name: (folder / name).read_bytes() for name in names} | {"curves": "\n".join(curves).encode()}


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path, monkeypatch):
    """SIGKILL, six times: nothing half-written is believed, and the rerun ends as a run that was never killed."""
    with monkeypatch.context() as here:
        here.chdir(tmp_path)
        here.setattr(sys, "argv", ["dap-run", *RUN, "hydra.run.dir=warm_up"])
        with pytest.raises(SystemExit) as ended:
            main()  # what the forked processes need is there once
    assert ended.value.code == 0
    seconds = completed(tmp_path, *RUN, "hydra.run.dir=whole")
    expected = results(tmp_path / "whole")
    moments = random.Random(0)
    stages: dict[str, int] = {}
    for trial in range(N_KILLS):
        folder = tmp_path / f"killed_{trial}"
        process = start(tmp_path, *RUN, f"hydra.run.dir={folder}")
        kill_after(process, moments.uniform(0.0, 1.0) * seconds)
        everything_is_whole(folder)
        facts = json.loads((folder / "run.json").read_text()) if (folder / "run.json").exists() else {"status": "not begun"}
        stage = facts["status"] + (", with a checkpoint" if (folder / "checkpoint.pt").exists() else "")
        stages[stage] = stages.get(stage, 0) + 1
        completed(tmp_path, *RUN, f"hydra.run.dir={folder}")
        assert results(folder) == expected, f"killed in trial {trial}, {stage}"
        assert not list(folder.rglob("*.tmp")), "leftovers are cleaned up"
        shutil.rmtree(folder)
    print(f"killed {N_KILLS} times: {stages}")
    assert stages.get("running, with a checkpoint", 0) >= N_KILLS / 4, stages  # the moments were what they should be


@pytest.mark.slow
@pytest.mark.parametrize("limit_kib", [20, 200])
def test_a_full_disk_is_one_clear_line(tmp_path, limit_kib):
    """A limit on the size of a file is as a disk that is full while it is written."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails, instead of the process
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024 * limit_kib, 1024 * limit_kib))

    command = [str(Path(sys.executable).with_name("dap-run")), *SMALL, "steps=3", "snapshot_every=1", "checkpoint_seconds=0"]
    done = subprocess.run(
        [*command, "hydra.run.dir=out"], cwd=tmp_path, preexec_fn=limit, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert "File too large: 'out/" in done.stderr.replace(f"{tmp_path}/", "")
    assert done.stderr.count("\n") == 1
    everything_is_whole(tmp_path / "out")
    assert not list(tmp_path.rglob("*.tmp"))
    done = dap_run(*command[1:], "hydra.run.dir=out", folder=tmp_path)
    assert done.returncode == 0, done.stderr  # and with room again it goes on


@pytest.mark.slow
def test_a_full_file_system(tmp_path):
    """A real one, of 300 KiB."""
    small = tmp_path / "disk"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount a small disk here: {mounted.stderr.decode().strip()}")
    try:
        done = dap_run(*SMALL, "steps=40", "snapshot_every=1", "hydra.run.dir=disk/out", folder=tmp_path)
        assert done.returncode == 2
        assert "No space left on device: '" in done.stderr
        assert "Traceback" not in done.stderr
        everything_is_whole(small / "out")
        assert (small / "out" / "snapshots" / "step_000000.wav").exists()
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_folder_that_cannot_be_written_to(tmp_path):
    """As a user without root's powers."""
    (tmp_path / "out").mkdir(mode=0o555)
    done = dap_run(*SMALL, "steps=2", "hydra.run.dir=out/run", folder=tmp_path, before=as_an_ordinary_user)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "Permission denied" in done.stderr


def test_two_processes_in_one_folder(tmp_path):
    (tmp_path / "out").mkdir()
    with locked(tmp_path / "out"):
        done = dap_run(*SMALL, "steps=2", "hydra.run.dir=out", folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "out: another process is at work in it" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock"}


@pytest.mark.slow
def test_the_second_process_costs_the_first_nothing(tmp_path):
    first = start(tmp_path, *RUN, "hydra.run.dir=out")
    while not (tmp_path / "out" / "checkpoint.pt").exists():
        time.sleep(0.02)
    second = start(tmp_path, *RUN, "hydra.run.dir=out")
    second.join()
    first.join()
    assert (first.exitcode, second.exitcode) == (0, 2)
    everything_is_whole(tmp_path / "out")


def test_a_damaged_checkpoint_stops_the_rerun_until_restart(tmp_path):
    """It is refused with the reason, and begun afresh only when asked."""
    process = start(tmp_path, *RUN, "steps=100000", "hydra.run.dir=out")
    while not (tmp_path / "out" / "checkpoint.pt").exists():
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    path = tmp_path / "out" / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:-100])
    rerun = [*RUN, "steps=100000", "hydra.run.dir=out"]
    done = dap_run(*rerun, folder=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "checkpoint.pt: the checkpoint is damaged" in done.stderr
    assert "restart=true begins the run anew" in done.stderr
    damaged = path.stat().st_ino
    process = start(tmp_path, *rerun, "restart=true")
    while not path.exists() or path.stat().st_ino == damaged:
        assert process.is_alive()
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.join()


FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")


@pytest.mark.slow
def test_a_clock_that_is_set_back(tmp_path):
    """Ten years, in the middle of a run: durations and checkpoints go by the clock that cannot be set."""
    if not FAKETIME.exists() and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", "faketime"], capture_output=True, check=False)
    if not FAKETIME.exists():
        pytest.skip("no libfaketime here (Debian's package faketime), and it cannot be installed")
    clock = tmp_path / "clock"
    clock.write_text("+0d\n")
    faked = {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("dap-run")), *RUN, "steps=100000", "checkpoint_seconds=0.2", "hydra.run.dir=out"],
        cwd=tmp_path,
        env={**os.environ, "LD_PRELOAD": str(FAKETIME), **faked},
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoint = tmp_path / "out" / "checkpoint.pt"
    for set_back in (False, True):
        waited = time.monotonic()
        before = checkpoint.stat().st_ino if set_back else None
        while not checkpoint.exists() or checkpoint.stat().st_ino == before:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() - waited < 120, "no checkpoint"
            time.sleep(0.05)
        clock.write_text("-3650d\n")
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 143, stderr
    seconds = [row["seconds"] for row in read_curves(tmp_path / "out" / "curves.csv")]
    assert seconds == sorted(seconds)
    assert 0 <= json.loads((tmp_path / "out" / "run.json").read_text())["seconds"] < 300


def test_a_temporary_file_of_another_process_is_no_obstacle(tmp_path):
    (tmp_path / f".note.txt.{os.getpid()}.tmp").write_text("half")
    write_whole(tmp_path / "note.txt", "whole")
    assert (tmp_path / "note.txt").read_text() == "whole"
