#pragma once

#include "cuda/kernels/vectors.cuh"
#include "cuda/kernels/warp_sums.cuh"

namespace fastintent::cuda {

/// `kGroup` neighbours in a row as f32, by whole accesses of 16 bytes.
template <int kGroup, class Value>
__device__ void load_group(const Value* data, float* values) {
  const auto vector = load_vector<kGroup>(data);
  for (int i = 0; i < kGroup; ++i) values[i] = to_float(vector.values[i]);
}
template <int kGroup, class Value>
__device__ void store_group(const float* values, Value* data) {
  Vector<Value, kGroup> vector;
  for (int i = 0; i < kGroup; ++i) vector.values[i] = from_float<Value>(values[i]);
  store_vector(data, vector);
}

/// scale and shift [H] of layer normalisation, on the device.
struct NormParameters {
  const float* scale;
  const float* shift;
  float epsilon;
};

/// A row that a warp computes once and goes over several times, in groups of kGroup neighbours.
/// Each lane has kGroups of them in its registers; with kGroups = 0 any number, which `read`
/// computes again each time.
template <int kGroup, int kGroups, class Read>
class WarpRow {
 public:
  /// read(column, values) computes values[0 .. kGroup) of the columns from `column` on.
  __device__ WarpRow(const Read& read, int64_t width) : read_(read), width_(width) {
    for (int i = 0; i < kGroups; ++i) {
      if (column(i) < width_) read_(column(i), held_[i]);
    }
  }

  /// use(column, values) for each group of this lane.
  template <class Use>
  __device__ void each(const Use& use) const {
    if constexpr (kGroups > 0) {
      for (int i = 0; i < kGroups; ++i) {
        if (column(i) < width_) use(column(i), held_[i]);
      }
    } else {
      for (int i = 0; column(i) < width_; ++i) {
        float values[kGroup];
        read_(column(i), values);
        use(column(i), values);
      }
    }
  }

 private:
  // Lanes side by side, so that a warp's loads are one piece of memory.
  __device__ int64_t column(int i) const {
    const auto lane = static_cast<int>(threadIdx.x) % kWarp;
    return (int64_t{i} * kWarp + lane) * kGroup;
  }

  const Read& read_;
  int64_t width_;
  float held_[kGroups > 0 ? kGroups : 1][kGroup];
};

/// out = layer_norm of the row that `read` computes; as WarpRow. All lanes of a warp together.
template <int kGroup, int kGroups, class Value, class Read>
__device__ void normalize_row(const Read& read,
                              int64_t width,
                              const NormParameters& norm,
                              Value* out) {
  const WarpRow<kGroup, kGroups, Read> row(read, width);
  float sum = 0;
  row.each([&](int64_t, const float* values) {
    for (int i = 0; i < kGroup; ++i) sum += values[i];
  });
  const float mean = warp_sum(sum) / static_cast<float>(width);
  float squares = 0;
  row.each([&](int64_t, const float* values) {
    for (int i = 0; i < kGroup; ++i) squares += (values[i] - mean) * (values[i] - mean);
  });
  const float variance = warp_sum(squares) / static_cast<float>(width);
  const float inverse_deviation = 1.0F / sqrtf(variance + norm.epsilon);
  row.each([&](int64_t column, const float* values) {
    float scale[kGroup];
    float shift[kGroup];
    float results[kGroup];
    load_group<kGroup>(norm.scale + column, scale);
    load_group<kGroup>(norm.shift + column, shift);
    for (int i = 0; i < kGroup; ++i)
      results[i] = (values[i] - mean) * inverse_deviation * scale[i] + shift[i];
    store_group<kGroup>(results, out + column);
  });
}

}  // namespace fastintent::cuda
