"""Downloads by huggingface_hub, where libcurl is not installed. Called by the module."""

import ctypes
import os

from fastintent.errors import IoError, MissingInputError

# What fastintent reads, in the folder itself and in those of sentence-transformers' modules.
FILES = ["*.json", "vocab.txt", "model*.safetensors", "[0-9]*/*.safetensors"]
OTHER_FORMATS = ["onnx/*", "openvino/*"]
TRUE = {"1", "ON", "YES", "TRUE"}  # as huggingface_hub reads its variables


def has_libcurl():
    try:
        ctypes.CDLL("libcurl.so.4")
    except OSError:
        return False
    return True


def download_without_libcurl(model_name: str, show_progress: bool) -> None:
    """Does nothing where libcurl is installed or huggingface_hub is not; the library then reports what it lacks."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in TRUE or has_libcurl():
        return
    try:
        from huggingface_hub import errors, snapshot_download
        from huggingface_hub.utils import tqdm
    except ImportError:
        return

    class NoBar(tqdm):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **{**options, "disable": True})

    repository, _, revision = model_name.partition("@")
    try:
        snapshot_download(
            repository,
            revision=revision or "main",
            allow_patterns=FILES,
            ignore_patterns=OTHER_FORMATS,
            tqdm_class=None if show_progress else NoBar,
        )
    except (errors.RepositoryNotFoundError, errors.RevisionNotFoundError) as error:
        raise MissingInputError(
            f"download model: expected a model on the hub that this user may read, found: {error}"
        ) from error
    except Exception as error:
        raise IoError(f"download model: expected the files of {repository} from the hub, found: {error}") from error
