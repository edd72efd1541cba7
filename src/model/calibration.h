#pragma once

#include <filesystem>
#include <optional>

#include "checkpoint/json_document.h"

namespace fastintent {

/// How far a trained model's probabilities can be trusted: what training learnt of it on rows held
/// out. Hugging Face's format has no place for it, so it lies in a file of its own,
/// fastintent.json:
///
///     {"format_version": 1, "temperature": 0.91, "review_threshold": 0.44}
///
/// Other readers of the folder pass it over; they find the logits as they always were.
struct Calibration {
  /// Confidence is softmax(logits / temperature): below 1 sharpens, above 1 softens.
  double temperature = 1;
  /// From 0 to 1: a prediction with less confidence is one for people to look at.
  std::optional<double> review_threshold;
};

/// The calibration in `folder`; where there is no fastintent.json, temperature 1 and no threshold.
/// Keys it does not know are passed over.
///
/// Throws bad_checkpoint for a newer format version, a temperature that is not positive and finite,
/// or a threshold outside 0 to 1.
Calibration read_calibration(const std::filesystem::path& folder);

/// As above, of the contents of the file.
Calibration parse_calibration(const JsonDocument& document);

/// Throws cannot_create or io_error.
void write_calibration(const std::filesystem::path& folder, const Calibration& calibration);

}  // namespace fastintent
