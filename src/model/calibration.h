#pragma once

#include <filesystem>
#include <map>
#include <optional>

#include "base/folder_snapshot.h"
#include "checkpoint/json_document.h"
#include "fastintent/options.h"

namespace fastintent {

/// The file in a model's folder.
inline constexpr const char* kCalibrationFile = "fastintent.json";

/// The reliability of a trained model's probabilities and of its faster precisions, measured in
/// training on held-out rows. Hugging Face's format has no field for it, so it is stored in a separate
/// file, fastintent.json:
///
///     {"format_version": 1, "temperature": 0.91, "review_threshold": 0.44,
///      "label_agreement": {"bf16": 1, "int8": 0.998}}
///
/// Other readers of the folder ignore the file; the logits are unchanged.
struct Calibration {
  /// Confidence is softmax(logits / temperature): below 1 sharpens, above 1 softens.
  double temperature = 1;
  /// From 0 to 1: a prediction with less confidence should be reviewed by people.
  std::optional<double> review_threshold;
  /// The share of the rows, 0 to 1, that have the same label in that precision as in fp32.
  std::map<Precision, double> label_agreement = {};
};

/// Reads the calibration in `folder`; without fastintent.json, temperature is 1 and there is no
/// threshold. Unknown keys are ignored.
///
/// Throws bad_checkpoint for a newer format version, a temperature that is not positive and finite,
/// or a threshold or a share outside 0 to 1.
Calibration read_calibration(const SnapshotPath& folder);

/// The same, from the contents of the file.
Calibration parse_calibration(const JsonDocument& document);

/// Throws cannot_create or io_error.
void write_calibration(const std::filesystem::path& folder, const Calibration& calibration);

}  // namespace fastintent
