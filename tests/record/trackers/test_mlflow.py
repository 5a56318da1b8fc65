"""MLflow's database, read back by its own client."""

import pytest
import torch

pytest.importorskip("mlflow", reason="pip install 'dap[mlflow]' to test it")

from mlflow import MlflowClient

from dap.audio.sound_file import read_audio
from dap.record.trackers.mlflow import MLflow
from tests.record.trackers.story import METRICS, SOUND, tell


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # MLflow's use of SQLAlchemy
def test_two_runs_of_a_sweep_are_in_one_database(tmp_path):
    for number in range(2):
        tell(MLflow(), tmp_path / str(number), clip=f"clip_{number}")
    assert {path.name for path in tmp_path.iterdir()} == {"0", "1", "mlflow.db", "mlflow_files"}
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("dap").experiment_id])
    assert sorted(run.data.params["clip"] for run in runs) == ["clip_0", "clip_1"]
    assert {run.info.status for run in runs} == {"FINISHED"}
    run = runs[0]
    assert run.data.metrics["restored/si_sdr"] == METRICS["restored"]["si_sdr"]
    losses = client.get_metric_history(run.info.run_id, "loss")
    assert {metric.step: metric.value for metric in losses} == {0: 1.0, 1: 0.5, 2: 0.25}
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == {"curves.png", "sounds"}
    path = client.download_artifacts(run.info.run_id, "sounds/restored_000001.wav", str(tmp_path))
    assert torch.equal(read_audio(path)[0], SOUND)
