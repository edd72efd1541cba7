#include "model/calibration.h"

#include <fmt/format.h>

#include <cmath>

#include "fastintent/devices.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr int kFormatVersion = 1;  // increases when an older reader would misread the file

[[noreturn]] void fail(const JsonDocument& document, std::string_view expected, double found) {
  throw Error(
      ErrorCode::bad_checkpoint,
      fmt::format(
          "read calibration: expected {}, found {} ({})", expected, found, document.name()));
}

}  // namespace

Calibration parse_calibration(const JsonDocument& document) {
  const int64_t version = document.integer("format_version");
  if (version != kFormatVersion) {
    fail(document,
         fmt::format("format_version {}, all that this release reads", kFormatVersion),
         static_cast<double>(version));
  }
  Calibration calibration;
  calibration.temperature = document.number_or("temperature", calibration.temperature);
  if (!std::isfinite(calibration.temperature) || calibration.temperature <= 0) {
    fail(document, "a positive, finite temperature", calibration.temperature);
  }
  if (document.has("review_threshold")) {
    const double threshold = document.number_or("review_threshold", 0);
    if (!(threshold >= 0 && threshold <= 1)) {
      fail(document, "a review_threshold from 0 to 1", threshold);
    }
    calibration.review_threshold = threshold;
  }
  if (document.has("label_agreement")) {
    const JsonDocument shares = document.section("label_agreement");
    for (const auto& [name, value] : shares.value().items()) {
      const double share = shares.number_or(name, -1);
      if (!(share >= 0 && share <= 1)) {
        fail(shares, fmt::format("a share from 0 to 1 as '{}'", shares.path(name)), share);
      }
      if (const auto precision = parse_precision(name)) {
        calibration.label_agreement[*precision] = share;
      }
    }
  }
  return calibration;
}

Calibration read_calibration(const SnapshotPath& folder) {
  const SnapshotPath file = folder / kCalibrationFile;
  if (!file.exists()) {
    return {};
  }
  return parse_calibration(JsonDocument::read(file));
}

void write_calibration(const std::filesystem::path& folder, const Calibration& calibration) {
  JsonWriter document;
  document.begin_object();
  document.member("format_version", kFormatVersion);
  document.member("temperature", calibration.temperature);
  if (calibration.review_threshold) {
    document.member("review_threshold", *calibration.review_threshold);
  }
  if (!calibration.label_agreement.empty()) {
    document.key("label_agreement");
    document.begin_object();
    for (const auto& [precision, share] : calibration.label_agreement) {
      document.member(precision_name(precision), share);
    }
    document.end_object();
  }
  document.end_object();
  write_json(folder / kCalibrationFile, document);
}

}  // namespace fastintent
