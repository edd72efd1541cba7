#include "cuda/encoder.h"

#include <fmt/format.h>

#include "cuda/encoder_steps.h"
#include "cuda/kernels/encoder_rows.h"
#include "cuda/linear.h"
#include "cuda/memory.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

// A graph of BERT-base takes some hundred kilobytes of the device's memory. Texts of one kind come
// in some ten buckets; who comes to this many begins anew.
constexpr size_t kMostBuckets = 256;

// Rows of activations then start on 16 bytes, as products, attention and norms read them, and so do
// those of queries, keys and values side by side. So it is in every model of the family.
constexpr int64_t kWidthStep = 8;

void require_width(int64_t width) {
  if (width % kWidthStep == 0) return;
  throw Error(
      ErrorCode::invalid_argument,
      fmt::format(
          "encode: expected a hidden width that is a multiple of {}, found {}", kWidthStep, width));
}

uint64_t number_of(const PreparedEncoder& encoder) {
  const PreparedLinear& first = encoder.layers.front().attention_output;
  return static_cast<const CudaWeight&>(*first.weight).number();
}

}  // namespace

void CudaEncoder::run(const TokenInputs& tokens,
                      std::span<const int32_t> starts,
                      const PreparedEncoder& encoder,
                      Tensor out) {
  take_over(encoder);
  const EncoderBucket bucket = bucket_of(starts);
  const size_t bytes = EncoderPlaces::in(nullptr, bucket, encoder).bytes;
  const EncoderPlaces places = EncoderPlaces::in(at_least(bytes), bucket, encoder);
  upload_.send(tokens, starts, bucket, places.input_block);
  const auto steps = [&] { run_encoder_steps(workspace_, encoder, biases_, bucket, places); };

  if (runs_.size() == kMostBuckets && !runs_.contains(bucket)) forget_runs();
  BucketRun& bucket_run = runs_[bucket];
  if (!bucket_run.direct) {
    steps();
    bucket_run.direct = true;
  } else {
    if (bucket_run.graph.native() == nullptr) bucket_run.graph = workspace_.stream.capture(steps);
    workspace_.stream.run(bucket_run.graph);
  }
  // Outside the graph, since `out` lies elsewhere each time.
  rows_as_floats(workspace_.stream, factors_of(encoder), places.hidden, out);
}

void CudaEncoder::take_over(const PreparedEncoder& encoder) {
  if (number_of(encoder) == number_) return;
  require_width(encoder.tables.word.columns);
  number_ = 0;
  forget_runs();
  biases_ = EncoderBiases();
  biases_ = EncoderBiases(workspace_, encoder);
  number_ = number_of(encoder);
}

void CudaEncoder::forget_runs() {
  workspace_.synchronize();  // they may still be running
  runs_.clear();
}

std::byte* CudaEncoder::at_least(size_t bytes) {
  if (memory_.size() < bytes) {
    workspace_.synchronize();
    for (auto& [bucket, run] : runs_) run.graph = Graph();  // they write to the old memory
    memory_ = DeviceMemory();
    memory_ = allocate(workspace_.stream.device(), bytes);
  }
  return memory_.as<std::byte>();
}

}  // namespace fastintent::cuda
