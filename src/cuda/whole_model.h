#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>

#include "compute/answers.h"
#include "compute/layer.h"
#include "cuda/batch_inputs.h"
#include "cuda/encoder_biases.h"
#include "cuda/encoder_steps.h"
#include "cuda/head_steps.h"
#include "cuda/workspace.h"

namespace fastintent::cuda {

/// Runs a complete model, from tokens to answers. Activations, including the residual stream, are
/// stored in the type in which products read their factors; LayerNorm, softmax, the classifier and
/// all sums are f32.
///
/// Every batch runs in the shapes of its bucket. The second batch of a bucket is captured as a
/// graph, which later ones replay, so that the device gets one launch instead of about seven per
/// layer. A text's bits are the same in every bucket and batch, captured or not.
///
/// One thread at a time.
class WholeModel {
 public:
  explicit WholeModel(Workspace& workspace) : workspace_(workspace) {}

  /// Whether it supports every kind of the encoder's layers, and the head. Supported are layers that
  /// normalise after a block, with a plain feed-forward of any activation, embedded positions and
  /// attention to the complete sequence, and heads without a norm.
  static bool supports(const PreparedEncoder& encoder, const PreparedHead& head);

  /// As Backend::try_answer, for an encoder that it supports. Throws out_of_resources or
  /// std::bad_alloc when memory is short; a smaller batch may still run then.
  void answer(const TokenInputs& tokens,
              std::span<const int32_t> starts,
              const PreparedEncoder& encoder,
              const PreparedHead& head,
              double temperature,
              const Answers& answers);

 private:
  struct BucketRun {
    bool direct = false;  // done before, so that the products have chosen their algorithms
    Graph graph;          // or none yet
  };
  struct Places {
    EncoderPlaces encoder;
    HeadPlaces head;
  };
  /// For a weight of the encoder and of the classifier.
  using Numbers = std::array<uint64_t, 2>;

  static Numbers numbers_of(const PreparedEncoder& encoder, const PreparedHead& head);
  void take_over(const PreparedEncoder& encoder, const PreparedHead& head);
  void forget_runs();
  Places places(const BatchBucket& bucket,
                const PreparedEncoder& encoder,
                const PreparedHead& head);
  std::byte* at_least(size_t bytes);
  void take_home(const HeadPlaces& places, const Answers& answers);

  Workspace& workspace_;
  BatchUpload upload_{workspace_};
  PinnedMemory home_;  // answers on the host, without gaps

  /// For the model that ran last: a worker's backend serves one model.
  Numbers numbers_{};  // zeros: none
  EncoderBiases biases_;
  std::map<BatchBucket, BucketRun> runs_;

  DeviceMemory memory_;
};

}  // namespace fastintent::cuda
