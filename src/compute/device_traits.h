#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// How much work a device wants at once, and from how many threads. As it stands: a processor's.
struct WorkSizes {
  /// Tokens of a batch that only goes forward. Rows of the widest activation of MiniLM-L6 (1536
  /// floats) then fill 1.5 MB, about a core's L2 on today's servers; products are at full speed
  /// from 64 rows up.
  int64_t forward_tokens = 256;
  /// Tokens of a training pass. Longer shares of a step run in several passes that accumulate, so
  /// memory does not grow with the batch: a token of MiniLM-L6 keeps about 160 KB for backward, a
  /// pass thus 160 MB at most.
  int64_t training_tokens = 1024;
  /// Training passes of at most this many tokens take longer to be ordered than to be done: they
  /// run through Backend::run_recorded, filled up to a multiple of token_step, so that few sizes
  /// stand for all. 0: none.
  int64_t recorded_tokens = 0;
  int64_t token_step = 1;
  /// Threads with a backend each that keep the device busy; 0: one for each core.
  int prediction_workers = 0;
  int training_workers = 0;
};

/// A precision in which a device multiplies.
struct SupportedPrecision {
  Precision precision = Precision::fp32;
  /// The layout of PreparedWeight::packed() of a weight for inference; empty where weights cannot be
  /// stored.
  std::string_view packed_layout = {};
};

/// What a device can do and how much work it wants, as values.
struct DeviceTraits {
  std::string name =
      {};  ///< "cpu (avx512)", "reference": shown by `fastintent info` and in reports
  std::vector<SupportedPrecision> precisions = {};  ///< fp32 first
  PrecisionChoice fastest = {};          ///< predicts fastest, by the device's features alone
  Precision training = Precision::fp32;  ///< trains fastest without a loss of accuracy
  WorkSizes work_sizes = {};
  /// The numbers of rows up to forward_tokens for which the device may choose different kernels,
  /// ascending.
  std::vector<int64_t> row_buckets = {};
  /// Whether the device records how it ran a bucket of one text, to replay it from the third time on.
  bool records_passes = false;
  /// Tensors and prepared weights of one backend are valid for all of its kind in the same space.
  int memory_space = 0;
  /// Whether tensors in host memory may be operands, and the host may read and write the backend's.
  bool shares_host_memory = true;

  /// Whether the device multiplies in `precision` (not automatic).
  bool multiplies(Precision precision) const { return find(precision) != nullptr; }
  /// The layout for `precision`; empty where it cannot be stored or the device lacks it.
  std::string_view packed_layout(Precision precision) const {
    const SupportedPrecision* found = find(precision);
    return found != nullptr ? found->packed_layout : std::string_view{};
  }

 private:
  const SupportedPrecision* find(Precision precision) const {
    for (const SupportedPrecision& each : precisions) {
      if (each.precision == precision) {
        return &each;
      }
    }
    return nullptr;
  }
};

}  // namespace fastintent
