"""What a user may have meant by an argument that Hydra cannot read, and by a setting that is another option's."""

from pathlib import Path

from omegaconf import OmegaConf

from dap.config.compose import CONFIGS


def meant_by(word: str) -> str:
    """What to type for a word that is no setting; ValueError's message.

    >>> meant_by("harmonic")
    'harmonic: type model=harmonic'
    >>> meant_by("help"), meant_by("nonsense")
    ('help: type --help', 'nonsense: expected SETTING=VALUE; see dap-run --help')
    """
    if word == "help":
        return "help: type --help"
    if Path(word).is_dir():
        return f"{word}: type data=folder data.path={word}; with method=restore data.degraded=true its files are restored"
    if Path(word).is_file():
        return f"{word}: type data=file data.path={word} data.degraded=true, and method=restore for the best restoration"
    groups = [path.parent.name for path in sorted(CONFIGS.glob(f"*/{word}.yaml"))] if word.isidentifier() else []
    if groups:
        return f"{word}: type {' or '.join(f'{group}={word}' for group in groups)}"
    return f"{word}: expected SETTING=VALUE; see dap-run --help"


def options_with(key: str) -> list[str]:
    """The options of a group, as GROUP=OPTION, that have a setting which the one that was chosen has not.

    >>> options_with("data.path")[:2], options_with("steps")
    (['data=file', 'data=folder'], [])
    >>> options_with("model.n_levels")
    ['model=wave_unet']
    """
    group, _, name = key.partition(".")
    if not name or "." in name or not group.isidentifier():
        return []
    return [f"{group}={path.stem}" for path in sorted((CONFIGS / group).glob("*.yaml")) if name in _settings(path, group)]


def _settings(path: Path, group: str) -> set[str]:
    """The names of an option's settings, of which some stand below the group's own name."""
    content = OmegaConf.to_container(OmegaConf.load(path))
    assert isinstance(content, dict), path
    return {*map(str, content), *map(str, content.get(group, {}))}
