#include "cuda/whole_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "cuda/cuda_weight.h"
#include "cuda/memory.h"
#include "fastintent/error.h"

namespace fastintent::cuda {
namespace {

// A graph of BERT-base occupies some hundred kilobytes of the device's memory. Texts of one kind
// need about ten buckets; at this many buckets, all are dropped.
constexpr size_t kMostBuckets = 256;

// With such a width, rows of activations start on 16 bytes, as products, attention and norms read
// them, and so do queries, keys and values side by side. Every model of the family has such a
// width.
constexpr int64_t kWidthStep = 8;

void require_width(int64_t width) {
  if (width % kWidthStep == 0) {
    return;
  }
  throw Error(
      ErrorCode::invalid_argument,
      fmt::format(
          "answer: expected a hidden width that is a multiple of {}, found {}", kWidthStep, width));
}

// A temperature outside the range of f32 would become 0 or infinite, and the probabilities NaN.
float as_float(double temperature) {
  using Float = std::numeric_limits<float>;
  return static_cast<float>(std::clamp<double>(temperature, Float::min(), Float::max()));
}

}  // namespace

bool WholeModel::supports(const PreparedEncoder& encoder, const PreparedHead& head) {
  const bool plain_head = head.dense_norm.scale.empty();
  return plain_head && std::ranges::all_of(encoder.layers, [](const PreparedLayer& layer) {
           LayerKind supported;
           supported.activation = layer.kind.activation;
           return layer.kind == supported;
         });
}

void WholeModel::answer(const TokenInputs& tokens,
                        std::span<const int32_t> starts,
                        const PreparedEncoder& encoder,
                        const PreparedHead& head,
                        double temperature,
                        const Answers& answers) {
  take_over(encoder, head);
  const BatchBucket bucket = bucket_of(starts);
  const Places at = places(bucket, encoder, head);
  upload_.send(tokens,
               starts,
               {static_cast<int32_t>(answers.best.columns), as_float(temperature)},
               bucket,
               at.encoder.input_block);
  const auto steps = [&] {
    run_encoder_steps(workspace_, encoder, biases_, bucket, at.encoder);
    run_head_steps(workspace_,
                   head,
                   bucket,
                   at.encoder.inputs,
                   factors_of(encoder),
                   at.encoder.hidden,
                   at.head);
  };

  if (runs_.size() == kMostBuckets && !runs_.contains(bucket)) {
    forget_runs();
  }
  BucketRun& run = runs_[bucket];
  if (!run.direct) {
    steps();
    run.direct = true;
  } else {
    if (run.graph.empty()) {
      run.graph = workspace_.stream.capture(steps);
    }
    if (run.graph.empty()) {
      steps();  // and the next batch is captured
    } else {
      workspace_.stream.run(run.graph);
    }
  }
  // Outside the graph, since the number of answers depends on the texts and on the request.
  take_home(at.head, answers);
}

void WholeModel::take_home(const HeadPlaces& places, const Answers& answers) {
  const TensorView<ScoredClass>& best = answers.best;
  const size_t bytes = static_cast<size_t>(best.size()) * sizeof(ScoredClass);
  if (home_.size() < bytes) {
    const size_t roomy = std::max(bytes, 2 * home_.size());  // as at_least
    home_ = PinnedMemory();
    home_ = PinnedMemory(roomy);
  }
  workspace_.stream.download(places.best, home_.get(), bytes);
  if (const Tensor& logits = answers.logits; !logits.empty()) {
    const size_t row_bytes = static_cast<size_t>(logits.columns) * sizeof(float);
    workspace_.stream.copy_rows(places.logits,
                                row_bytes,
                                logits.data,
                                static_cast<size_t>(logits.stride) * sizeof(float),
                                row_bytes,
                                static_cast<size_t>(logits.rows));
  }
  workspace_.synchronize();
  const auto* row = reinterpret_cast<const ScoredClass*>(home_.get());
  for (int64_t text = 0; text < best.rows; ++text, row += best.columns) {
    std::copy_n(row, best.columns, best.row(text));
  }
}

WholeModel::Numbers WholeModel::numbers_of(const PreparedEncoder& encoder,
                                           const PreparedHead& head) {
  const auto number = [](const PreparedLinear& linear) {
    return CudaWeight::of(*linear.weight).number();
  };
  return {number(encoder.layers.front().attention_output), number(head.classifier)};
}

void WholeModel::take_over(const PreparedEncoder& encoder, const PreparedHead& head) {
  const Numbers numbers = numbers_of(encoder, head);
  if (numbers == numbers_) {
    return;
  }
  require_width(encoder.tables.word.columns);
  require_width(encoder.width());
  numbers_ = {};
  forget_runs();
  biases_ = EncoderBiases();
  biases_ = EncoderBiases(workspace_, encoder);
  numbers_ = numbers;
}

WholeModel::Places WholeModel::places(const BatchBucket& bucket,
                                      const PreparedEncoder& encoder,
                                      const PreparedHead& head) {
  const Factors factors = factors_of(encoder);
  const size_t encoder_bytes = EncoderPlaces::in(nullptr, bucket, encoder).bytes;
  const size_t head_bytes = HeadPlaces::in(nullptr, bucket, factors, head).bytes;
  std::byte* block = at_least(encoder_bytes + head_bytes);
  return {EncoderPlaces::in(block, bucket, encoder),
          HeadPlaces::in(block + encoder_bytes, bucket, factors, head)};
}

void WholeModel::forget_runs() {
  workspace_.synchronize();  // they may still be running
  runs_.clear();
}

std::byte* WholeModel::at_least(size_t bytes) {
  if (memory_.size() < bytes) {
    workspace_.synchronize();
    for (auto& [bucket, run] : runs_) {
      run.graph = Graph();  // they write to the old memory
    }
    // Twice as much as before, so that slowly growing batches soon have enough memory for all.
    const size_t roomy = std::max(bytes, 2 * memory_.size());
    memory_ = DeviceMemory();
    memory_ = allocate_at_best(workspace_.stream.device(), roomy, bytes);
  }
  return memory_.as<std::byte>();
}

}  // namespace fastintent::cuda
