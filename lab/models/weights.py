"""Where a model's weights lie on this machine, whether they are whole, and what their hash is.

Light: reads names, sizes and bytes; never loads torch. A model's weights are the safetensors files
of its entry's variant; pickled weights are not looked at.
"""

import hashlib
import json
import logging
import os
from pathlib import Path

import psutil

from lab.models.registry import ModelEntry
from lab.models.settings import ModelSettings

log = logging.getLogger(__name__)

MODEL_LIBRARIES = ("diffusers", "transformers")
WEIGHT_STEMS = ("diffusion_pytorch_model", "model")


def find_weights(entry: ModelEntry) -> Path | None:
    """The folder of a whole copy of the model, or None. Hub models are sought in the Hub's cache."""
    folder = ModelSettings().mini_weights if entry.bundled else _snapshot(entry)
    return folder if folder is not None and _is_whole(folder, entry.variant) else None


def find_controlnet(entry: ModelEntry) -> Path | None:
    """The folder of the model's ControlNet, or None where there is none on this machine."""
    if entry.controlnet is None:
        return None
    if entry.bundled:
        folder = ModelSettings().mini_weights.with_name("controlnet")
    else:
        from huggingface_hub import try_to_load_from_cache

        asked = entry.controlnet
        found = try_to_load_from_cache(asked.repository, "config.json", revision=asked.revision)
        if not isinstance(found, str):
            return None
        folder = Path(found).parent
    whole = (folder / "config.json").is_file() and _component_weights(folder, entry.controlnet.variant)
    return folder if whole else None


def controlnet_sha256(folder: Path, variant: str | None) -> str:
    """The SHA-256 of a ControlNet's weights, which are one file."""
    (file,) = _component_weights(folder, variant)
    return _file_sha256(file)


def _snapshot(entry: ModelEntry) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(entry.repository, "model_index.json", revision=entry.revision)
    return Path(found).parent if isinstance(found, str) else None


def _is_whole(folder: Path, variant: str | None) -> bool:
    """Every model named in `model_index.json` has its configuration and all its weight files."""
    try:
        index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        return all(
            bool(_component_weights(folder / name, variant))
            for name, value in index.items()
            if _is_model(name, value, folder)
        )
    except (OSError, ValueError):
        return False


def _is_model(name: str, value: object, folder: Path) -> bool:
    """Whether an entry of the index has weights: schedulers, tokenizers and processors have none."""
    if name.startswith("_") or not isinstance(value, list) or len(value) != 2 or value[0] is None:
        return False
    if str(value[1]).endswith(("Scheduler", "Tokenizer", "TokenizerFast", "Processor", "Extractor")):
        return False
    return not (folder / name).is_dir() or (folder / name / "config.json").is_file()


def _component_weights(folder: Path, variant: str | None) -> list[Path]:
    """The weight files of one part of the model, empty if any is missing."""
    suffix = f".{variant}" if variant else ""
    for stem in WEIGHT_STEMS:
        single = folder / f"{stem}{suffix}.safetensors"
        if single.is_file():
            return [single]
        for index in (
            folder / f"{stem}.safetensors.index{suffix}.json",
            folder / f"{stem}{suffix}.safetensors.index.json",
        ):
            if index.is_file():
                names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
                shards = [folder / name for name in sorted(names)]
                return shards if all(shard.is_file() for shard in shards) else []
    return []


def weight_files(folder: Path, variant: str | None) -> list[Path]:
    """All weight files of a model's folder, sorted by name."""
    parts = sorted(part for part in folder.iterdir() if (part / "config.json").is_file())
    return [file for part in parts for file in _component_weights(part, variant)]


def weights_sha256(folder: Path, variant: str | None) -> str:
    """One hash for the model: SHA-256 over `<relative name> <SHA-256>` of each weight file, in order.

    A file is read once; its hash is then remembered by path, size and time of change.
    """
    lines = [
        f"{file.relative_to(folder).as_posix()} {_file_sha256(file)}\n"
        for file in weight_files(folder, variant)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_sha256(file: Path) -> str:
    state, remembered = file.stat(), _remembered()
    key = f"{file.resolve()}|{state.st_size}|{state.st_mtime_ns}"
    if key not in remembered:
        with file.open("rb") as stream:
            remembered[key] = hashlib.file_digest(stream, "sha256").hexdigest()
        _remember(remembered)
    return remembered[key]


def _memory_file() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "genai-lab" / "weights.json"


def _remembered() -> dict[str, str]:
    try:
        hashes = json.loads(_memory_file().read_text(encoding="utf-8"))
        return {str(key): str(value) for key, value in hashes.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _remember(hashes: dict[str, str]) -> None:
    file = _memory_file()
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(hashes, indent=0), encoding="utf-8")
        part.replace(file)
    except OSError as error:  # a read-only home costs only time
        log.info("The weights' hashes were not remembered: %s", error)


def has_gpu() -> bool:
    """Whether an NVIDIA GPU may be used, without asking torch."""
    return ModelSettings().device != "cpu" and Path("/dev/nvidiactl").exists()


def memory_gib() -> float:
    """This machine's memory in GiB."""
    return float(psutil.virtual_memory().total) / 2**30
