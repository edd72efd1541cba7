"""One exception class for each error code of the library, under one base.

Each is also the built-in exception that Python programmers would expect, so that
`except FileNotFoundError` and `except fastintent.MissingInputError` both work. The table of codes is
in docs/errors.md.
"""

from typing import ClassVar


class FastintentError(Exception):
    """Base of all errors of the library.

    The message names the operation, what was expected and what was found (and the file, line or
    tensor).
    """

    code: ClassVar[str]  #: the name of the ErrorCode in C++


class InvalidArgumentError(FastintentError, ValueError):
    """An option or a call is unusable as given."""

    code = "invalid_argument"


class InvalidDataError(FastintentError, ValueError):
    """A text, a data set or a label is unusable."""

    code = "invalid_data"


class MissingInputError(FastintentError, FileNotFoundError):
    """A file, folder or model that was named does not exist or cannot be opened."""

    code = "missing_input"


class BadCheckpointError(FastintentError, ValueError):
    """A model file is malformed, incomplete or inconsistent."""

    code = "bad_checkpoint"


class CannotCreateError(FastintentError, OSError):
    """An output may not or cannot be created."""

    code = "cannot_create"


class IoError(FastintentError, OSError):
    """Reading, writing or a download failed midway."""

    code = "io_error"


class DeviceMissingError(FastintentError, RuntimeError):
    """The requested device is absent or was not built in."""

    code = "device_missing"


class OutOfResourcesError(FastintentError, MemoryError):
    """Host or device memory ran out."""

    code = "out_of_resources"


class NoModelError(FastintentError, RuntimeError):
    """A prediction was requested before there was a trained model."""

    code = "no_model"


class OverloadedError(FastintentError, RuntimeError):
    """Too much work is queued; the same call may succeed later."""

    code = "overloaded"


class DeadlineExceededError(FastintentError, TimeoutError):
    """The call had not begun at its deadline."""

    code = "deadline_exceeded"


class StoppedError(FastintentError, RuntimeError):
    """The caller asked to stop; everything that was promised to be saved is saved.

    Ctrl-C raises KeyboardInterrupt instead, and exceptions of a callback are raised unchanged.
    """

    code = "interrupted"
