#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "compute/operands.h"
#include "cuda/kernels/attention_tiles.h"
#include "cuda/kernels/head_rows.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Sizes that a batch is rounded up to: all batches of one bucket run the same kernels in the same
/// shapes over the same places in memory.
struct BatchBucket {
  int64_t tokens = 0;        ///< row_bucket of the tokens
  int64_t sequences = 0;     ///< row_bucket of the sequences
  int64_t longest_keys = 0;  ///< power of two that holds the longest sequence

  /// The largest number of attention tiles of such a batch.
  int64_t most_tiles() const;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const BatchBucket&, const BatchBucket&) = default;
};

BatchBucket bucket_of(std::span<const int32_t> starts);

/// The description of a batch on the device, in one block of memory.
struct BatchInputs {
  struct Counts {
    int32_t tokens;
    int32_t sequences;
    int32_t tiles;
  };

  Counts* counts = nullptr;
  Ranking* ranking = nullptr;
  int32_t* ids = nullptr;                    // [tokens]
  int32_t* positions = nullptr;              // [tokens]
  int32_t* segments = nullptr;               // [tokens]
  int32_t* starts = nullptr;                 // [sequences + 1] first token of each, and the end
  AttentionTile* tiles = nullptr;            // [most_tiles] all queries
  AttentionTile* first_row_tiles = nullptr;  // [sequences] one query of each sequence
  size_t bytes = 0;                          // of them all

  /// Cuts the arrays for batches of `bucket` from a block, on the host or the device; with null it
  /// only computes `bytes`.
  static BatchInputs in(std::byte* block, const BatchBucket& bucket);
};

/// Uploads inputs to the device, each batch in one copy. One thread at a time.
class BatchUpload {
 public:
  explicit BatchUpload(Workspace& workspace) : workspace_(workspace) {}

  /// Packs a batch of `bucket` and copies it to `block` on the device, in the workspace's stream.
  void send(const TokenInputs& tokens,
            std::span<const int32_t> starts,
            const Ranking& ranking,
            const BatchBucket& bucket,
            std::byte* block);

 private:
  std::byte* free_memory(size_t bytes);

  Workspace& workspace_;
  PinnedMemory memory_;
  std::optional<uint64_t> used_at_;  // Workspace::waits when the device last had to copy from it
};

}  // namespace fastintent::cuda
