#include "cuda/kernels/attend.cuh"
#include "cuda/kernels/attention.h"

namespace fastintent::cuda {
namespace {

// A block processes a tile of queries, a head and a chunk of its columns. Short texts are bound by
// memory and by the latency of loading a tile once, long ones by shared memory, at about half the
// peak of f32.
template <int kWarps, int kColumns>
__global__ void attention_kernel(HeadRows<float> q,
                                 HeadRows<float> k,
                                 HeadRows<float> v,
                                 const AttentionTile* tiles,
                                 HeadChunk shape,
                                 DropoutOnDevice dropout,
                                 DistanceBiasOnDevice bias,
                                 Tensor out) {
  const AttentionTile tile = tiles[shape.tile(blockIdx.x)];
  if (tile.queries == 0) {
    return;
  }
  attend<kWarps, kColumns>(
      q, k, v, tile, shape.at(blockIdx.x), DropoutMask(dropout), bias, out.data, out.stride);
}

}  // namespace

void attention(Workspace& workspace, const AttentionOperands& operands, Tensor out) {
  const ConstTensor q = operands.q;
  const AttentionSpans& spans = operands.spans;
  const int64_t heads = operands.heads;
  if (q.rows == 0) {
    return;
  }
  const int64_t width = q.columns / heads;
  const auto sequences = static_cast<int64_t>(spans.query_starts.size()) - 1;
  with_attention_shape(attention_warps(q.rows, sequences), width, [&](auto warps, auto columns) {
    constexpr int kWarps = decltype(warps)::value;
    constexpr int kColumns = decltype(columns)::value;
    const HeadChunk shape = head_chunks<kColumns>(heads, width);
    std::vector<AttentionTile> tiles =
        attention_tiles(spans, kWarps * kWarpRows, static_cast<int32_t>(operands.window));
    tiles.resize(static_cast<size_t>(most_tiles(q.rows, sequences, kWarps * kWarpRows)));
    launch(workspace.stream,
           attention_kernel<kWarps, kColumns>,
           Launch{blocks_for(static_cast<int64_t>(tiles.size()), shape),
                  kWarps * kWarp,
                  kAttendBytes<kWarps, kColumns>},
           head_rows(q, width),
           head_rows(operands.k, width),
           head_rows(operands.v, width),
           workspace.arrays.on_device(std::span<const AttentionTile>(tiles)),
           shape,
           DropoutOnDevice(workspace, operands.dropout),
           on_device(operands.distance_bias,
                     workspace.arrays.on_device(operands.distance_bias.buckets)),
           out);
  });
}

}  // namespace fastintent::cuda
