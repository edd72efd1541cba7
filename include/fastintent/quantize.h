#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// How quantize_model prepares a folder.
struct QuantizationOptions {
  Precision precision = Precision::int8;  ///< or bf16
  bool overwrite = false;                 ///< replace a model in the output folder
  std::vector<std::string> texts = {};    ///< to compare the answers on; none may be blank
  std::vector<std::string> labels = {};   ///< one per text; empty: not known
  int threads = 0;                        ///< workers; 0: one for each core this process may use
  /// Called about ten times per second during the comparison. Returning false stops with
  /// `interrupted`.
  std::function<bool(int64_t done, int64_t total)> on_progress = {};
};

/// Compares a model's answers in another precision with its answers in 32 bits.
struct PrecisionAgreement {
  int64_t texts = 0;                    ///< number of texts that were compared
  double label_agreement = 1;           ///< share of the texts with the same intent
  float largest_confidence_change = 0;  ///< of their first intents
  std::optional<double> accuracy;       ///< where labels are known
  std::optional<double> fp32_accuracy;  ///< the same in fp32
};

/// What quantize_model wrote, and how its answers compare.
struct QuantizationReport {
  Precision precision = Precision::int8;        ///< of the packed weights
  int64_t fp32_bytes = 0;                       ///< of the matrices that were packed, in 32 bits
  int64_t packed_bytes = 0;                     ///< what a start reads instead
  std::optional<PrecisionAgreement> agreement;  ///< where there were texts
};

/// Copies the trained folder `model` to `output` and adds its weights packed in another precision
/// (fastintent.safetensors), which later starts read without further work, and the tables of a
/// tokenizer that is not WordPiece (fastintent.tokenizer.safetensors). All other files are unchanged:
/// any reader of Hugging Face folders finds the model in 32 bits, and so does fastintent when another
/// precision is requested by name. `output` is replaced completely or not at all.
///
/// The folder also works on a processor that packs the precision differently: the weights are then
/// packed at each start.
///
/// Throws invalid_argument for another precision, for a number of labels that differs from that of
/// the texts, and when one folder is inside the other; cannot_create when `output` is in use and
/// `overwrite` is off; missing_input or bad_checkpoint when `model` cannot be read.
QuantizationReport quantize_model(const std::filesystem::path& model,
                                  const std::filesystem::path& output,
                                  const QuantizationOptions& options = {});

}  // namespace fastintent
