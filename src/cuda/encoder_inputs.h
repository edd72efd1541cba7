#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "compute/operands.h"
#include "cuda/kernels/attention_tiles.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Sizes that a batch is rounded up to: all batches of one bucket run the same kernels in the same
/// shapes over the same places in memory.
struct EncoderBucket {
  int64_t tokens = 0;        ///< row_bucket of the tokens
  int64_t sequences = 0;     ///< row_bucket of the sequences
  int64_t longest_keys = 0;  ///< power of two that holds the longest sequence

  /// Attention tiles that such a batch has at most.
  int64_t most_tiles() const;

  // NOLINTNEXTLINE(modernize-use-nullptr): version 14 takes the comparison's 0 for a pointer
  friend auto operator<=>(const EncoderBucket&, const EncoderBucket&) = default;
};

EncoderBucket bucket_of(std::span<const int32_t> starts);

/// What the device has to know of a batch, in one block of memory.
struct EncoderInputs {
  struct Counts {
    int32_t tokens;
    int32_t sequences;
    int32_t tiles;
  };

  Counts* counts = nullptr;
  int32_t* ids = nullptr;                    // [tokens]
  int32_t* positions = nullptr;              // [tokens]
  int32_t* segments = nullptr;               // [tokens]
  int32_t* first_rows = nullptr;             // [sequences] first token of each
  AttentionTile* tiles = nullptr;            // [most_tiles] all queries
  AttentionTile* first_row_tiles = nullptr;  // [sequences] one query of each sequence
  size_t bytes = 0;                          // of them all

  /// As they lie in a block, on the host or the device, that batches of `bucket` use; with null
  /// only `bytes` counts.
  static EncoderInputs in(std::byte* block, const EncoderBucket& bucket);
};

/// Sends inputs to the device, each batch in one copy. One thread at a time.
class EncoderUpload {
 public:
  explicit EncoderUpload(Workspace& workspace) : workspace_(workspace) {}

  /// Packs a batch of `bucket` and copies it to `block` on the device, in the workspace's stream.
  void send(const TokenInputs& tokens,
            std::span<const int32_t> starts,
            const EncoderBucket& bucket,
            std::byte* block);

 private:
  // The host packs one batch while the device still copies from the other.
  struct Slot {
    PinnedMemory memory;
    std::optional<uint64_t> used_at;  // Workspace::waits when the device was last to copy from it
  };

  std::byte* free_slot(size_t bytes);

  Workspace& workspace_;
  std::array<Slot, 2> slots_;
  size_t next_ = 0;
};

}  // namespace fastintent::cuda
