#include <algorithm>

#include "cuda/kernels/attend.cuh"
#include "cuda/kernels/attend_tile.cuh"
#include "cuda/kernels/tile_attention.h"

// The implementation of each tile depends on its own number of keys alone: a row's bits must not
// depend on the longest sequence of the batch. A short text has a warp of its own: it needs no
// block barrier, and 12 to 20 warps with all their loads in flight keep a multiprocessor's share of
// the memory bandwidth busy. Up to 512 keys use a block; their scores fill 33 KB. More keys, and
// heads of an unusual width, use plain f32 arithmetic.
namespace fastintent::cuda {
namespace {

constexpr int kWarpKeys = 64;
constexpr int kBlockKeys = 512;
constexpr int kBlockWarps = 4;

// More than any GPU runs at once. A block without a tile ends at once; a block of a larger batch
// processes further tiles.
constexpr int64_t kMostBlocks = 2048;

// Tiles on the device, and the selection that a kernel processes.
struct TileList {
  const AttentionTile* tiles;
  const int32_t* count;
  int fewest_keys;
  int most_keys;

  __device__ bool takes(const AttentionTile& tile) const {
    return tile.keys >= fewest_keys && tile.keys <= most_keys;
  }
};

// A block has kGroups groups of kWarps warps; heads of one tile are neighbours. With groups of one
// warp, shared memory allows four blocks of four groups per multiprocessor, and so do 128
// registers.
template <class Value, int kWidth, int kWarps, int kGroups>
__global__ void __launch_bounds__(kGroups* kWarps* kWarp, kWarps == 1 ? kBlockWarps : 1)
    tile_attention_kernel(TileRows<Value> rows,
                          TileList list,
                          DistanceBiasOnDevice bias,
                          int heads) {
  if constexpr (kHasTiles<Value>) {
    using Shared = TileShared<Value, kWidth, kWarps>;
    const int group = static_cast<int>(threadIdx.x) / (kWarps * kWarp);
    const Shared shared(shared_memory<unsigned char>() + group * Shared::bytes(list.most_keys),
                        list.most_keys);
    const int64_t count = int64_t{*list.count} * heads;
    const int64_t step = int64_t{gridDim.x} * kGroups;
    for (int64_t i = int64_t{blockIdx.x} * kGroups + group; i < count; i += step) {
      const AttentionTile tile = list.tiles[i / heads];
      if (!list.takes(tile)) {
        continue;
      }
      const auto head = static_cast<int>(i % heads);
      attend_tile<Value, kWidth, kWarps>(
          shared, tile, rows.at(tile, int64_t{head} * kWidth), bias, head);
    }
  }
}

constexpr int kPlainWarps = kTile / kWarpRows;

template <class Value, int kColumns>
__global__ void plain_attention_kernel(HeadRows<Value> q,
                                       HeadRows<Value> k,
                                       HeadRows<Value> v,
                                       TileList list,
                                       HeadChunk shape,
                                       DistanceBiasOnDevice bias,
                                       Value* out,
                                       int64_t out_stride) {
  const int64_t count = int64_t{*list.count} * shape.heads * shape.chunks;
  for (int64_t i = blockIdx.x; i < count; i += gridDim.x) {
    const AttentionTile tile = list.tiles[shape.tile(i)];
    if (!list.takes(tile)) {
      continue;
    }
    attend<kPlainWarps, kColumns>(q, k, v, tile, shape.at(i), DropoutMask(), bias, out, out_stride);
  }
}

// One call of tile_attention.
template <class Value>
struct Call {
  const Stream& stream;
  TileRows<Value> rows;
  const AttentionTile* tiles;
  const int32_t* tile_count;
  int64_t most_tiles;
  int64_t longest_keys;
  int64_t heads;
  int64_t head_width;
  DistanceBiasOnDevice distance_bias;

  // Runs tiles with `fewest` to `most` keys; does nothing when there are none.
  template <int kWidth, int kWarps, int kGroups>
  void on_tensor_cores(int fewest, int most) const {
    if (longest_keys < fewest) {
      return;
    }
    const auto keys = static_cast<int>(std::min<int64_t>(most, longest_keys));
    launch(stream,
           tile_attention_kernel<Value, kWidth, kWarps, kGroups>,
           Launch{std::min(kMostBlocks, divide_up(most_tiles * heads, kGroups)),
                  kGroups * kWarps * kWarp,
                  kGroups * TileShared<Value, kWidth, kWarps>::bytes(keys)},
           rows,
           TileList{tiles, tile_count, fewest, keys},
           distance_bias,
           static_cast<int>(heads));
  }

  template <int kColumns>
  void plain_of_width(int fewest) const {
    if (longest_keys < fewest) {
      return;
    }
    const HeadChunk shape = head_chunks<kColumns>(heads, head_width);
    launch(stream,
           plain_attention_kernel<Value, kColumns>,
           Launch{std::min(kMostBlocks, blocks_for(most_tiles, shape)),
                  kPlainWarps * kWarp,
                  kAttendBytes<kPlainWarps, kColumns>},
           head_rows(rows.q, rows.q_stride, head_width),
           head_rows(rows.k, rows.kv_stride, head_width),
           head_rows(rows.v, rows.kv_stride, head_width),
           TileList{tiles, tile_count, fewest, static_cast<int>(longest_keys)},
           shape,
           distance_bias,
           rows.out,
           rows.out_stride);
  }
  void plain(int fewest) const {
    if (head_width <= kWarp) {
      plain_of_width<1>(fewest);
    } else {
      plain_of_width<2>(fewest);
    }
  }

  template <int kWidth>
  void of_width() const {
    // As many groups of one warp as fit into 48 KB, which every GPU allows a block.
    on_tensor_cores<kWidth, 1, kWidth <= 64 ? kBlockWarps : kBlockWarps / 2>(1, kWarpKeys);
    on_tensor_cores<kWidth, kBlockWarps, 1>(kWarpKeys + 1, kBlockKeys);
    plain(kBlockKeys + 1);
  }

  void run() const {
    if constexpr (sizeof(Value) == 2) {
      // 32 and 64 are the widths of BERT's family; some larger models use 128.
      if (head_width == 32) {
        return of_width<32>();
      }
      if (head_width == 64) {
        return of_width<64>();
      }
      if (head_width == 128) {
        return of_width<128>();
      }
    }
    plain(1);
  }
};

}  // namespace

void tile_attention(const Stream& stream, Factors factors, const TileAttentionOperands& operands) {
  const auto run = [&]<class Value>(Value*) {
    Call<Value>{stream,
                {static_cast<const Value*>(operands.q),
                 operands.q_stride,
                 static_cast<const Value*>(operands.k),
                 static_cast<const Value*>(operands.v),
                 operands.kv_stride,
                 static_cast<Value*>(operands.out),
                 operands.out_stride},
                operands.tiles,
                operands.tile_count,
                operands.most_tiles,
                operands.longest_keys,
                operands.heads,
                operands.head_width,
                operands.distance_bias}
        .run();
  };
  switch (factors) {
    case Factors::fp32:
    case Factors::tf32:
      return run(static_cast<float*>(nullptr));
    case Factors::fp16:
      return run(static_cast<Half*>(nullptr));
    case Factors::bf16:
      return run(static_cast<Bfloat16*>(nullptr));
  }
}

}  // namespace fastintent::cuda
