"""What dap takes for granted of Hydra's inside: a release that changes it fails here, and says where."""

import inspect
import subprocess
import sys

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.core_plugins import file_config_source, importlib_resources_config_source
import hydra._internal.hydra
from hydra._internal.utils import get_args_parser
import pytest

from dap.config import hydra_internals


@pytest.mark.parametrize(
    ("theirs", "ours", "method"),
    [
        (ConfigLoaderImpl, hydra_internals.CheckedLoader, "load_configuration"),
        (file_config_source.FileConfigSource, hydra_internals.FileConfigSource, "load_config"),
        (
            importlib_resources_config_source.ImportlibResourcesConfigSource,
            hydra_internals.ImportlibResourcesConfigSource,
            "__init__",
        ),
    ],
)
def test_what_is_replaced_is_there_and_takes_the_same(theirs, ours, method):
    assert issubclass(ours, theirs)
    wanted = list(inspect.signature(getattr(theirs, method)).parameters)
    taken = inspect.signature(getattr(ours, method)).parameters
    named = [name for name, parameter in taken.items() if parameter.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert named == wanted[: len(named)]
    several = any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in taken.values())
    assert several or named == wanted


def test_hydra_looks_its_loader_up_where_it_is_replaced():
    assert "ConfigLoaderImpl(" in inspect.getsource(hydra._internal.hydra.Hydra.create_main_hydra2)


def test_hydra_then_reads_and_composes_by_them():
    """In a process of its own, because what is replaced stays so."""
    program = """
from hydra import compose, initialize_config_dir
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.global_hydra import GlobalHydra
from dap.config.compose import CONFIGS
from dap.config.hydra_internals import CheckedLoader, FileConfigSource, ImportlibResourcesConfigSource, install

install()
assert SourcesRegistry.instance().resolve("file") is FileConfigSource
assert SourcesRegistry.instance().resolve("pkg") is ImportlibResourcesConfigSource
with initialize_config_dir(str(CONFIGS), version_base="1.3"):
    assert type(GlobalHydra.instance().config_loader()) is CheckedLoader
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_the_flag_that_loads_a_pickle_is_known_by_its_name():
    assert "experimental_rerun" in vars(get_args_parser().parse_args([]))
