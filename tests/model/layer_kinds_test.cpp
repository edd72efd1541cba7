#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "compute/devices_under_test.h"
#include "model/classifier_head.h"
#include "model/encoder.h"
#include "model/rank_classes.h"
#include "random_encoder.h"

// Every executor of an encoder compared with the operations one by one on the reference, over the
// kinds of layers: a kind that an executor lacks is declined, never wrong.
namespace fastintent {
namespace {

constexpr Shape kShape = {
    32, 2, 48, 2};  // widths in steps of 8, as the whole model on a GPU has them
// Sums of up to 48 products of order one, in float against double, through two layers.
constexpr double kTolerance = 1e-4;

struct Case {
  const char* name;
  Activation activation = Activation::gelu;
  bool biases = true;
  bool shifts = true;
  bool positions = true;
  bool segments = true;
  bool distance_bias = false;
  bool norms_before = false;
  bool gated = false;
  float rotary_base = 0;
  int64_t window = 0;  // of the first layer; the last attends to all
  bool head_norm = false;
  int64_t embedding = 0;  // width of the tables, if another than the layers'

  // What a complete model on a GPU lacks.
  bool only_composed() const {
    return norms_before || gated || rotary_base > 0 || window > 0 || head_norm;
  }
};

constexpr Case kCases[] = {
    {"bert"},
    {"gelu_tanh", Activation::gelu_tanh},
    {"relu", Activation::relu},
    {"silu", Activation::silu},
    {"quick_gelu", Activation::quick_gelu},
    {"tanh", Activation::tanh},
    {.name = "no_biases", .biases = false},
    {.name = "no_shifts", .shifts = false},
    {.name = "no_positions", .positions = false},
    {.name = "no_segments", .segments = false},
    {"nothing_optional", Activation::relu, false, false, false, false},
    {.name = "distance_bias", .distance_bias = true},
    {.name = "narrow_embeddings", .embedding = 16},
    {.name = "wide_embeddings", .embedding = 56},
    {.name = "norms_before", .norms_before = true},
    {.name = "gated", .gated = true},
    {.name = "gated_relu", .activation = Activation::relu, .gated = true},
    {.name = "rotary", .rotary_base = 100},
    {.name = "window", .window = 3},
    {.name = "head_norm", .head_norm = true},
    {.name = "modernbert",
     .biases = false,
     .shifts = false,
     .positions = false,
     .segments = false,
     .norms_before = true,
     .gated = true,
     .rotary_base = 100,
     .window = 3,
     .head_norm = true},
};

ModelConfig config_of(const Case& kind, Pooling pooling) {
  ModelConfig config = config_of(kShape, pooling);
  config.encoder.layer.activation = kind.activation;
  config.encoder.has_biases = kind.biases;
  config.encoder.has_shifts = kind.shifts;
  config.encoder.positions *= kind.positions ? 1 : 0;
  config.encoder.segments *= kind.segments ? 1 : 0;
  config.encoder.embedding = kind.embedding;
  if (kind.distance_bias) {
    // Distances up to 31; the longest text of the batch has 20 tokens.
    config.encoder.distance_bias_rows = 5;
    for (int distance = 0; distance < 63; ++distance) {
      config.encoder.distance_buckets.push_back(static_cast<uint8_t>(distance * distance / 3 % 5));
    }
  }
  config.encoder.length_limit = 80;
  LayerKind& layer = config.encoder.layer;
  layer.norm = kind.norms_before ? NormPlacement::before : NormPlacement::after;
  layer.feed_forward = kind.gated ? FeedForward::gated : FeedForward::plain;
  layer.rotary_base = kind.rotary_base;
  config.encoder.layer_kinds = {layer, layer};
  config.encoder.layer_kinds.front().window = kind.window;
  if (kind.head_norm) {
    config.head = HeadKind::pooler;
    config.encoder.own_head = {.pooling = pooling, .dense_has_bias = kind.biases, .has_norm = true};
  }
  return config;
}

// A model with random weights; for training they are in the backend's memory.
class KindModel {
 public:
  KindModel(Device device,
            const Case& kind,
            Pooling pooling,
            WeightUse use,
            Precision precision = Precision::fp32)
      : config_(config_of(kind, pooling)), backend_(create_backend(device)) {
    weights_ = random_weights(config_, 1);
    if (use == WeightUse::training) {
      OwnedWeights there = allocate_weights(*backend_, config_, config_.encoder.vocabulary);
      backend_->upload(flat(weights_), flat(there));
      backend_->upload(weights_.weights.encoder.word, there.weights.encoder.word);
      weights_ = std::move(there);
    }
    if (!kind.biases) {
      weights_.weights.head.classifier.bias = {};
    }
    prepared_ = prepare_model(*backend_, config_, weights_.weights, precision, use);
  }

  Backend& backend() { return *backend_; }
  PreparedModel& prepared() { return prepared_; }
  const ModelConfig& config() const { return config_; }

  Matrix download(Tensor tensor) {
    Matrix result(tensor.rows, tensor.columns);
    backend_->download(tensor, result.tensor());
    return result;
  }
  // All but the word table.
  Tensor flat(const OwnedWeights& weights) const {
    return {weights.flat.data(), 1, flat_parameter_count(config_)};
  }

 private:
  ModelConfig config_;
  std::unique_ptr<Backend> backend_;
  OwnedWeights weights_;
  PreparedModel prepared_;
};

PackedBatch batch() {
  return pack(random_sequences({9, 1, 20, 4}));
}

void expect_near(const char* what,
                 const Matrix& found,
                 const Matrix& expected,
                 double tolerance = kTolerance) {
  ASSERT_EQ(found.values.size(), expected.values.size()) << what;
  for (int64_t r = 0; r < expected.rows; ++r) {
    EXPECT_LE(largest_difference_of_row(found, expected, r), tolerance) << what << ", row " << r;
  }
}

class LayerKinds : public testing::TestWithParam<std::tuple<Device, Case>> {
 protected:
  static Device device() { return std::get<0>(GetParam()); }
  static const Case& kind() { return std::get<1>(GetParam()); }
};

constexpr Pooling kPoolings[] = {Pooling::first_token, Pooling::mean};

// The device's executor where it has one, and the operations one by one.
TEST_P(LayerKinds, GiveTheLogitsOfTheReference) {
  for (const Pooling pooling : kPoolings) {
    KindModel reference(Device::reference, kind(), pooling, WeightUse::inference);
    KindModel model(device(), kind(), pooling, WeightUse::inference);
    const PackedBatch texts = batch();
    Forward forward(reference.backend(), reference.prepared());
    const Matrix expected = reference.download(forward.logits(texts));

    Forward found(model.backend(), model.prepared());
    Matrix logits(expected.rows, expected.columns);
    std::vector<ScoredClass> best(static_cast<size_t>(expected.rows));
    found.ranked(texts, 1, {{best.data(), expected.rows, 1}, logits.tensor()});
    expect_near("ranked", logits, expected);
    expect_near("logits", model.download(found.logits(texts)), expected);

    Activations act(model.backend(), model.config(), Keep::scratch);
    const Pass pass{model.backend(), texts, {}};
    expect_near("composed", model.download(composed_logits(pass, model.prepared(), act)), expected);
  }
}

// Factors of 8 to 11 bits, with steps that pass through two layers of sums: the bound is twenty
// steps of bf16, the coarsest of them, at one.
TEST_P(LayerKinds, GiveAboutTheLogitsOfTheReferenceInLessThanFp32) {
  constexpr double kCoarse = 20.0 / 256;
  KindModel reference(Device::reference, kind(), Pooling::mean, WeightUse::inference);
  const PackedBatch texts = batch();
  Forward forward(reference.backend(), reference.prepared());
  const Matrix expected = reference.download(forward.logits(texts));
  const std::unique_ptr<Backend> backend = create_backend(device());
  for (const Precision precision : {Precision::fp16, Precision::bf16, Precision::int8}) {
    if (!backend->traits().multiplies(precision)) {
      continue;
    }
    KindModel model(device(), kind(), Pooling::mean, WeightUse::inference, precision);
    Forward found(model.backend(), model.prepared());
    Matrix logits(expected.rows, expected.columns);
    std::vector<ScoredClass> best(static_cast<size_t>(expected.rows));
    found.ranked(texts, 1, {{best.data(), expected.rows, 1}, logits.tensor()});
    expect_near(precision_name(precision).data(), logits, expected, kCoarse);
  }
}

// Of all weights, and of the embeddings' rows.
TEST_P(LayerKinds, GiveTheGradientsOfTheReference) {
  for (const Pooling pooling : kPoolings) {
    const PackedBatch texts = batch();
    const auto gradients = [&](Device on) {
      KindModel model(on, kind(), pooling, WeightUse::training);
      Backend& backend = model.backend();
      Activations act(backend, model.config(), Keep::everything);
      const Pass pass{backend, texts, {}};
      const Tensor logits = composed_logits(pass, model.prepared(), act);
      Matrix d_logits(logits.rows, logits.columns);
      Random random(2);
      fill(random, 1, d_logits.tensor());
      backend.upload(d_logits.tensor(), act.gradients.logits);

      OwnedWeights sums =
          allocate_weights(backend, model.config(), model.config().encoder.vocabulary);
      if (!kind().biases) {
        sums.weights.head.classifier.bias = {};
      }
      head_backward(
          pass, model.prepared(), act.gradients.logits, act, sums.weights.head, Write::overwrite);
      encoder_backward(
          pass, model.prepared(), act, texts.ids, sums.weights.encoder, Write::overwrite);
      return std::pair{model.download(model.flat(sums)), model.download(sums.weights.encoder.word)};
    };
    const auto [flat, word] = gradients(device());
    const auto [expected_flat, expected_word] = gradients(Device::reference);
    expect_near("flat", flat, expected_flat);
    expect_near("word", word, expected_word);
  }
}

// A device that declined would be correct but slow: no other test here would notice. A GPU declines
// some kinds.
TEST_P(LayerKinds, RunByTheDevicesOwnWay) {
  KindModel model(device(), kind(), Pooling::mean, WeightUse::inference);
  const PackedBatch texts = batch();
  const PreparedModel& prepared = model.prepared();
  if (device() == Device::cpu) {
    const Buffer out = model.backend().allocate(texts.tokens(), kShape.hidden);
    EXPECT_TRUE(model.backend().try_encode(inputs_of(texts),
                                           texts.starts,
                                           prepared.encoder,
                                           nullptr,
                                           out.tensor(texts.tokens(), kShape.hidden)));
  } else {
    std::vector<ScoredClass> best(static_cast<size_t>(texts.sequences()));
    EXPECT_NE(kind().only_composed(),
              model.backend().try_answer(inputs_of(texts),
                                         texts.starts,
                                         prepared.encoder,
                                         prepared.head,
                                         1,
                                         {{best.data(), texts.sequences(), 1}, {}}));
  }
}

INSTANTIATE_TEST_SUITE_P(AllKinds,
                         LayerKinds,
                         testing::Combine(testing::ValuesIn(devices_under_test()),
                                          testing::ValuesIn(kCases)),
                         [](const auto& test) {
                           return device_word(std::get<0>(test.param)) + "_" +
                                  std::get<1>(test.param).name;
                         });

}  // namespace
}  // namespace fastintent
