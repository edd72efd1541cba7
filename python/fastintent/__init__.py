"""Fine-tunes and serves intent classifiers of the BERT family: see IntentClassifier.

    >>> from fastintent import IntentClassifier
    >>> classifier = IntentClassifier(model_path="models/intents")
    >>> classifier.predict("Where is my card?")
    IntentPrediction(intent='card_arrival', confidence=0.9713)

The errors stand in fastintent.errors.
"""

from fastintent._fastintent import (
    ClassFigures,
    Confusion,
    DownloadProgress,
    EpochReport,
    Evaluation,
    IntentClassifier,
    IntentPrediction,
    LabelledTexts,
    Mistake,
    PrecisionAgreement,
    PredictionStream,
    QuantizationReport,
    ReliabilityBin,
    StepReport,
    TrainingReport,
    __version__,
    device_names,
    find_model,
    quantize_model,
    read_labelled_texts,
)
from fastintent.errors import (
    BadCheckpointError,
    CannotCreateError,
    DeviceMissingError,
    FastintentError,
    InvalidArgumentError,
    InvalidDataError,
    IoError,
    MissingInputError,
    NoModelError,
    OutOfResourcesError,
    StoppedError,
)
from fastintent.scored_intent import ScoredIntent

__all__ = [
    "BadCheckpointError",
    "CannotCreateError",
    "ClassFigures",
    "Confusion",
    "DeviceMissingError",
    "DownloadProgress",
    "EpochReport",
    "Evaluation",
    "FastintentError",
    "IntentClassifier",
    "IntentPrediction",
    "InvalidArgumentError",
    "InvalidDataError",
    "IoError",
    "LabelledTexts",
    "MissingInputError",
    "Mistake",
    "NoModelError",
    "OutOfResourcesError",
    "PrecisionAgreement",
    "PredictionStream",
    "QuantizationReport",
    "ReliabilityBin",
    "ScoredIntent",
    "StepReport",
    "StoppedError",
    "TrainingReport",
    "__version__",
    "device_names",
    "find_model",
    "quantize_model",
    "read_labelled_texts",
]
