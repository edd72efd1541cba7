#include "cuda/kernels/attention.h"

#include "cuda/kernels/attend.cuh"
#include "cuda/kernels/attention_launch.h"

namespace fastintent::cuda {
namespace {

// A block takes a tile of queries, a head and a chunk of its columns; heads of one tile are
// neighbours, which read the same rows. With short texts it is bound by memory and by the latency
// of loading a tile once, with long ones by shared memory, at about half the peak of f32.
template <int kWarps, int kColumns>
__global__ void attention_kernel(HeadRows<float> q,
                                 HeadRows<float> k,
                                 HeadRows<float> v,
                                 const AttentionTile* tiles,
                                 HeadChunk shape,
                                 Dropout dropout,
                                 Tensor out) {
  int index = static_cast<int>(blockIdx.x);
  shape.chunk = index % shape.chunks;
  index /= shape.chunks;
  shape.head = index % shape.heads;
  attend<kWarps, kColumns>(
      q, k, v, tiles[index / shape.heads], shape, dropout, out.data, out.stride);
}

}  // namespace

void attention(Workspace& workspace,
               ConstTensor q,
               ConstTensor k,
               ConstTensor v,
               const AttentionSpans& spans,
               int64_t heads,
               const Dropout& dropout,
               Tensor out) {
  if (q.rows == 0) return;
  const int64_t width = q.columns / heads;
  const auto sequences = static_cast<int64_t>(spans.query_starts.size()) - 1;
  const auto rows = [&](ConstTensor tensor) {
    return HeadRows<float>{
        tensor.data, tensor.stride, heads_are_vectors(tensor.data, tensor.stride, width)};
  };
  with_attention_shape(
      attention_warps(q.rows, sequences), width, [&](auto warps, auto columns) {
        constexpr int kWarps = decltype(warps)::value;
        constexpr int kColumns = decltype(columns)::value;
        const int64_t chunks = divide_up(width, kChunkColumns<kColumns>);
        const std::vector<AttentionTile> tiles = attention_tiles(spans, kWarps * kWarpRows);
        launch(workspace.stream,
               attention_kernel<kWarps, kColumns>,
               Launch{static_cast<int64_t>(tiles.size()) * heads * chunks,
                      kWarps * kWarp,
                      kAttendBytes<kWarps, kColumns>},
               rows(q),
               rows(k),
               rows(v),
               workspace.arrays.on_device(std::span<const AttentionTile>(tiles)),
               HeadChunk{static_cast<int>(heads), 0, static_cast<int>(width),
                         static_cast<int>(chunks), 0},
               dropout,
               out);
      });
}

}  // namespace fastintent::cuda
