#include "cuda/encoder_biases.h"

#include "cuda/cuda_weight.h"
#include "cuda/kernels/convert.h"
#include "cuda/memory.h"
#include "cuda/pieces.h"

namespace fastintent::cuda {
namespace {

// Calls run(linear) for each dense layer whose product adds the bias.
template <class Run>
void each_of(const PreparedEncoder& encoder, const Run& run) {
  const auto visit = [&](const PreparedLinear& linear) {
    if (linear.weight != nullptr && !linear.bias.empty()) {
      run(linear);
    }
  };
  visit(encoder.embedding_projection);
  for (const PreparedLayer& layer : encoder.layers) {
    visit(layer.query_key_value);
    visit(layer.query);
    visit(layer.key_value);
    visit(layer.intermediate);
  }
}

}  // namespace

Factors factors_of(const PreparedEncoder& encoder) {
  return CudaWeight::of(*encoder.layers.front().output.weight).factors();
}

EncoderBiases::EncoderBiases(Workspace& workspace, const PreparedEncoder& encoder) {
  if (const DistanceBias& bias = encoder.distance_bias; !bias.empty()) {
    buckets_ = allocate(workspace.stream.device(), bias.buckets.size());
    workspace.stream.upload(bias.buckets.data(), buckets_.get(), bias.buckets.size());
    distance_bias_ = on_device(bias, buckets_.as<uint8_t>());
  }
  const Factors factors = factors_of(encoder);
  if (bytes_of(factors) == sizeof(float)) {
    return;
  }
  const auto cut = [&](Pieces& pieces, const PreparedLinear& linear) {
    return pieces.take(static_cast<int64_t>(linear.bias.size()) * bytes_of(factors));
  };
  Pieces counted(nullptr);
  each_of(encoder, [&](const PreparedLinear& linear) { cut(counted, linear); });
  memory_ = allocate(workspace.stream.device(), counted.taken());
  Pieces pieces(memory_.as<std::byte>());
  each_of(encoder, [&](const PreparedLinear& linear) {
    std::byte* copy = cut(pieces, linear);
    const ConstTensor bias(linear.bias.data(), 1, static_cast<int64_t>(linear.bias.size()));
    convert_rows(workspace.stream, bias, factors, copy);
    copies_.emplace(linear.bias.data(), copy);
  });
}

const void* EncoderBiases::of(const PreparedLinear& linear) const {
  const auto copy = copies_.find(linear.bias.data());
  return copy != copies_.end() ? copy->second : linear.bias.data();
}

}  // namespace fastintent::cuda
