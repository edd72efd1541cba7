#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fastintent/options.h"

namespace fastintent {

/// How much work a device needs at a time, and from how many threads. The defaults are a
/// processor's.
struct WorkSizes {
  /// Tokens of a forward-only batch. Rows of the widest activation of MiniLM-L6 (1536 floats) then
  /// fill 1.5 MB, about a core's L2 on today's servers; products are at full speed from 64 rows up.
  int64_t forward_tokens = 256;
  /// Tokens of a training pass. A worker's longer share of a step runs in several passes that
  /// accumulate gradients, so memory does not grow with the batch: a token of MiniLM-L6 keeps about
  /// 160 KB for backward, so a pass keeps 160 MB at most.
  int64_t training_tokens = 1024;
  /// Training passes of at most this many tokens take longer to launch than to run: they run
  /// through Backend::run_recorded, padded to a multiple of token_step, so that a few sizes cover
  /// all passes. 0: no passes are recorded.
  int64_t recorded_tokens = 0;
  int64_t token_step = 1;
  /// Threads, each with its own backend, that keep the device busy; 0: one per core.
  int prediction_workers = 0;
  int training_workers = 0;
};

/// A precision in which a device multiplies.
struct SupportedPrecision {
  Precision precision = Precision::fp32;
  /// The layout of PreparedWeight::packed() for an inference weight; empty if weights cannot be
  /// stored.
  std::string_view packed_layout = {};
};

/// What a device can do and how much work it needs, as values.
struct DeviceTraits {
  /// "cpu (avx512)", "reference": shown by `fastintent info` and in reports.
  std::string name = {};
  std::vector<SupportedPrecision> precisions = {};  ///< fp32 first
  /// Those in which it predicts faster than in fp32, the fastest first, by its features alone.
  std::vector<PrecisionChoice> fast = {};
  /// The choice where there is no faster one.
  PrecisionChoice plain = {Precision::fp32, "this device multiplies nothing faster than fp32"};
  Precision training = Precision::fp32;  ///< trains fastest without a loss of accuracy
  WorkSizes work_sizes = {};
  /// The numbers of rows up to forward_tokens for which the device may choose different kernels,
  /// ascending.
  std::vector<int64_t> row_buckets = {};
  /// Whether the device records how it ran a bucket of one text, and replays the record from the
  /// third time on.
  bool records_passes = false;
  /// Tensors and prepared weights of one backend are valid for all backends of its kind in the same
  /// memory space.
  int memory_space = 0;
  /// Whether tensors in host memory may be operands, and the host may read and write the backend's
  /// memory.
  bool shares_host_memory = true;

  const PrecisionChoice& fastest() const { return fast.empty() ? plain : fast.front(); }
  /// Whether the device multiplies in `precision` (not automatic).
  bool multiplies(Precision precision) const { return find(precision) != nullptr; }
  /// The layout for `precision`; empty if the device lacks the precision or cannot store its
  /// weights.
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
