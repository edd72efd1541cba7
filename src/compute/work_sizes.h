#pragma once

#include <cstdint>

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

}  // namespace fastintent
