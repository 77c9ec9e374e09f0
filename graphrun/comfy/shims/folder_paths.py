"""Stand-in: where files are. The folders are those of the run that asks."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

from graphrun.catalog.running import settings
from graphrun.comfy import missing, places
from graphrun.errors import InputError

supported_pt_extensions = {".ckpt", ".pt", ".pt2", ".bin", ".pth", ".safetensors", ".pkl", ".sft"}
extension_mimetypes_cache = {"webp": "image", "fbx": "model"}

_MODELS = missing.words(
    """
    checkpoints loras vae text_encoders diffusion_models clip_vision style_models embeddings
    diffusers vae_approx controlnet gligen upscale_models latent_upscale_models hypernetworks
    photomaker classifiers model_patches audio_encoders
    """
)
_LEGACY = {"unet": "diffusion_models", "clip": "text_encoders"}

Entry = tuple[list[str], set[str]]


class _Folders(MutableMapping[str, Any]):
    """Paths and endings by the kind of model; kinds that ComfyUI knows are there from the start.

    What packs add stays. The folder of the run's own models is kept up with the run.
    """

    def __init__(self) -> None:
        self._entries: dict[str, Any] = {}
        self._own: dict[str, str] = {}

    def __getitem__(self, name: str) -> Any:
        if name in _MODELS and name not in self._entries:
            self._own[name] = ""
            self._entries[name] = ([""], set(supported_pt_extensions))
        if name not in self._entries:
            raise KeyError(name)
        if name in self._own:
            self._keep_up(name)
        return self._entries[name]

    def _keep_up(self, name: str) -> None:
        paths, here = self._entries[name][0], str(_absolute(settings().models) / name)
        if self._own[name] in paths:
            paths[paths.index(self._own[name])] = here
        self._own[name] = here

    def __setitem__(self, name: str, entry: Any) -> None:
        self._own.pop(name, None)
        self._entries[name] = entry

    def __delitem__(self, name: str) -> None:
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*_MODELS, *self._entries)))

    def __len__(self) -> int:
        return len(list(iter(self)))


folder_names_and_paths = _Folders()


def _absolute(path: Path) -> Path:
    return Path(os.path.normpath(path.absolute()))


def map_legacy(folder_name: str) -> str:
    """Today's name of a kind of model."""
    return _LEGACY.get(folder_name, folder_name)


def get_output_directory() -> str:
    return str(places.folder("output"))


def get_input_directory() -> str:
    return str(places.folder("input"))


def get_temp_directory() -> str:
    return str(places.folder("temp"))


def get_user_directory() -> str:
    """A folder for what packs keep: beside the previews, as it is not kept between runs."""
    return str(places.folder("temp") / "user")


def get_directory_by_type(type_name: str) -> str | None:
    return str(places.folder(type_name)) if type_name in places.KINDS else None


def annotated_filepath(name: str) -> tuple[str, str | None]:
    plain, kind = places.annotated(name)
    return plain, str(places.folder(kind)) if kind else None


def get_annotated_filepath(name: str, default_dir: str | None = None) -> str:
    """The path that a name stands for, whether or not there is a file.

    Raises:
        InputError: it leads out of the folder.
    """
    plain, folder = annotated_filepath(name)
    root = folder or default_dir or get_input_directory()
    path = os.path.normpath(Path(root, plain))
    if not Path(path).resolve().is_relative_to(Path(root).resolve()):
        raise InputError(f"{name!r} is not in the folder {root}", code="outside_folder")
    return path


def exists_annotated_filepath(name: str) -> bool:
    try:
        return Path(get_annotated_filepath(name)).exists()
    except (InputError, ValueError):
        return False


def get_save_image_path(
    filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
) -> tuple[str, str, int, str, str]:
    """The folder, the file's name, the next number, the subfolder, the prefix without tokens."""
    place = places.numbered(filename_prefix, Path(output_dir), int(image_width), int(image_height))
    return str(place.folder), place.name, place.counter, place.subfolder, place.prefix


def add_model_folder_path(
    folder_name: str, full_folder_path: str, is_default: bool = False
) -> None:
    """One more folder for a kind of model, in front of the others if it is the default."""
    name = map_legacy(folder_name)
    if name not in folder_names_and_paths:
        folder_names_and_paths[name] = ([], set())
    paths = folder_names_and_paths[name][0]
    if full_folder_path in paths:
        if not is_default:
            return
        paths.remove(full_folder_path)
    paths.insert(0 if is_default else len(paths), full_folder_path)


def get_folder_paths(folder_name: str) -> list[str]:
    paths: list[str] = folder_names_and_paths[map_legacy(folder_name)][0]
    return paths[:]


def recursive_search(
    directory: str, excluded_dir_names: Iterable[str] | None = None
) -> tuple[list[str], dict[str, float]]:
    """All files below a folder by their path in it, and when each folder was last changed."""
    files: list[str] = []
    times: dict[str, float] = {}
    excluded = set(excluded_dir_names or ())
    for folder, folders, names in os.walk(directory, followlinks=True):
        folders[:] = [one for one in folders if one not in excluded]
        times[folder] = Path(folder).stat().st_mtime
        files += [os.path.relpath(Path(folder, name), directory) for name in names]
    return files, times


def filter_files_extensions(files: Iterable[str], extensions: Iterable[str]) -> list[str]:
    """Those with one of the endings, sorted; without any endings, all."""
    endings = tuple(extensions)
    return sorted(f for f in files if not endings or Path(f).suffix.lower() in endings)


def filter_files_content_types(files: list[str], content_types: list[str]) -> list[str]:
    """Those that are an image, a video, an audio file, a model, by their ending."""

    def kind(file: str) -> str:
        known = extension_mimetypes_cache.get(file.rpartition(".")[2].lower())
        return known or (mimetypes.guess_type(file, strict=False)[0] or "").partition("/")[0]

    return [file for file in files if kind(file) in content_types]


def get_filename_list(folder_name: str) -> list[str]:
    """Names of the models of a kind, in all its folders."""
    paths, endings = folder_names_and_paths[map_legacy(folder_name)]
    found: set[str] = set()
    for path in paths:
        files, _ = recursive_search(path, [".git"])
        found.update(filter_files_extensions(files, endings))
    return sorted(found)


def get_full_path(folder_name: str, filename: str) -> str | None:
    """The first file of that name in the folders of a kind; the name leads out of none of them."""
    if map_legacy(folder_name) not in folder_names_and_paths:
        return None
    plain = os.path.relpath(Path("/", filename), "/")
    for path in get_folder_paths(folder_name):
        full = str(Path(path, plain))
        if Path(full).is_file():
            return full
    return None


def get_full_path_or_raise(folder_name: str, filename: str) -> str:
    """`get_full_path`.

    Raises:
        FileNotFoundError: there is no such file.
    """
    found = get_full_path(folder_name, filename)
    if found is None:
        where = " or ".join(get_folder_paths(folder_name)) or "any folder"
        raise FileNotFoundError(f"there is no {folder_name} model {filename!r} in {where}")
    return found


def _folder_now(name: str) -> str | None:
    kinds = {"output_directory": "output", "input_directory": "input", "temp_directory": "temp"}
    if name in kinds:
        return str(places.folder(kinds[name]))
    own = {"models_dir": settings().models, "base_path": settings().models.parent}
    if name == "user_directory":
        return get_user_directory()
    return str(_absolute(own[name])) if name in own else None


_missing = missing.names(
    __name__,
    "cache_helper filename_list_cache set_output_directory set_input_directory set_temp_directory "
    "set_user_directory get_system_user_directory get_public_user_directory get_input_subfolders "
    "is_dangerous_path CacheHelper cached_filename_list_ get_filename_list_",
)


def __getattr__(name: str) -> Any:
    """The folders are asked for as names of the module too."""
    found = _folder_now(name)
    return _missing(name) if found is None else found
