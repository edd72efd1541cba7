#include <functional>

#include "backend_test.h"

// The checks belong to Backend and are the same for every device: testing the reference is enough.
namespace fastintent {
namespace {

void expect_error(ErrorCode code, const std::string& message, const std::function<void()>& call) {
  try {
    call();
    FAIL() << "expected the error: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_EQ(error.what(), message);
  }
}

void expect_refused(const std::string& message, const std::function<void()>& call) {
  expect_error(ErrorCode::invalid_argument, message, call);
}

class ShapeChecksTest : public testing::Test {
 protected:
  std::unique_ptr<Backend> backend_ = create_backend(Device::reference);
  Matrix a_{4, 6};
  Matrix b_{4, 6};
  Matrix c_{4, 6};
  Matrix narrow_{4, 5};
  Matrix square_{6, 6};
  std::vector<float> six_ = std::vector<float>(6);
  std::vector<float> four_ = std::vector<float>(4);
  std::vector<float> five_ = std::vector<float>(5);
  LayerNorm layer_norm_{six_, six_, 1e-12F};
  std::unique_ptr<PreparedWeight> weight_ =
      backend_->prepare_weight(square_.tensor(), Precision::fp32, WeightUse::inference);
};

TEST_F(ShapeChecksTest, Memory) {
  expect_refused("allocate: expected a size of at least [0,0], found [-1,3]",
                 [&] { backend_->allocate(-1, 3); });
  expect_error(ErrorCode::out_of_resources,
               "allocate: expected memory for [4611686018427387904,4] floats, found too little",
               [&] { backend_->allocate(int64_t{1} << 62, 4); });
  expect_error(ErrorCode::out_of_resources,
               "allocate: expected memory for [1099511627776,4096] floats, found too little",
               [&] { backend_->allocate(int64_t{1} << 40, 4096); });
  expect_refused("upload: expected out [4,5], found [4,6]",
                 [&] { backend_->upload(narrow_.tensor(), a_.tensor()); });
  expect_refused("download: expected host [4,6], found [4,5]",
                 [&] { backend_->download(a_.tensor(), narrow_.tensor()); });
  expect_refused("upload: expected host [4,6], found a tensor without memory",
                 [&] { backend_->upload({nullptr, 4, 6}, a_.tensor()); });
  expect_refused("upload: expected host with rows at least 6 apart, found 5",
                 [&] { backend_->upload({a_.values.data(), 4, 6, 5}, a_.tensor()); });
}

TEST_F(ShapeChecksTest, BufferHoldsWholeTiles) {
  const Buffer buffer = backend_->allocate(17, 3);
  EXPECT_EQ(buffer.size(), 32 * 3);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 64, 0U);
  EXPECT_EQ(buffer.tensor(32, 3).rows, 32);
  EXPECT_EQ(buffer.tensor(16, 6).columns, 6);
  EXPECT_EQ(buffer.tensor(0, 1000).rows, 0);
  for (int64_t i = 0; i < buffer.size(); ++i) {
    EXPECT_EQ(buffer.data()[i], 0.0F);
  }
  const std::string suffix = " in whole tiles of 16 rows, found 96 floats";
  expect_error(ErrorCode::out_of_resources, "buffer: expected room for [33,3]" + suffix, [&] {
    buffer.tensor(33, 3);
  });
  expect_error(ErrorCode::out_of_resources, "buffer: expected room for [17,4]" + suffix, [&] {
    buffer.tensor(17, 4);
  });
  expect_error(ErrorCode::out_of_resources,
               "buffer: expected room for [4611686018427387904,4]" + suffix,
               [&] { buffer.tensor(int64_t{1} << 62, 4); });
  expect_error(ErrorCode::out_of_resources, "buffer: expected room for [-1,4]" + suffix, [&] {
    buffer.tensor(-1, 4);
  });
}

TEST_F(ShapeChecksTest, Weights) {
  expect_refused("prepare_weight: expected weight with rows and columns, found [0,6]", [&] {
    backend_->prepare_weight({a_.values.data(), 0, 6}, Precision::fp32, WeightUse::inference);
  });
  expect_refused("refresh_weight: expected rows from 0 to 6, found 2 rows from 5",
                 [&] { backend_->refresh_weight(*weight_, 5, 2); });
}

TEST_F(ShapeChecksTest, Linear) {
  expect_refused("linear: expected in [*,6], found [4,5]", [&] {
    backend_->linear(narrow_.tensor(), *weight_, {}, Activation::none, b_.tensor());
  });
  expect_refused("linear: expected out [4,6], found [4,5]", [&] {
    backend_->linear(a_.tensor(), *weight_, {}, Activation::none, narrow_.tensor());
  });
  expect_refused("linear: expected bias [6], found [5]", [&] {
    backend_->linear(a_.tensor(), *weight_, five_, Activation::none, b_.tensor());
  });
  expect_refused("linear: expected pre_activation [4,6], found [4,5]", [&] {
    backend_->linear(a_.tensor(), *weight_, {}, Activation::gelu, b_.tensor(), narrow_.tensor());
  });
  const auto backward = [&](ConstTensor pre, Tensor d_in, Tensor d_weight) {
    backend_->linear_backward(a_.tensor(),
                              *weight_,
                              Activation::gelu,
                              pre,
                              b_.tensor(),
                              {d_in, Write::overwrite, d_weight, six_, Write::overwrite});
  };
  expect_refused("linear_backward: expected pre_activation [4,6], found [0,0]",
                 [&] { backward({}, c_.tensor(), square_.tensor()); });
  expect_refused("linear_backward: expected d_in [4,6], found [4,5]",
                 [&] { backward(c_.tensor(), narrow_.tensor(), square_.tensor()); });
  expect_refused("linear_backward: expected d_weight [6,6], found [4,6]",
                 [&] { backward(c_.tensor(), c_.tensor(), c_.tensor()); });
}

TEST_F(ShapeChecksTest, Attention) {
  const auto attend = [&](std::vector<int32_t> queries, std::vector<int32_t> keys, int64_t heads) {
    backend_->attention({a_.tensor(), b_.tensor(), c_.tensor(), {queries, keys}, heads, {}},
                        square_.tensor());
  };
  expect_refused("attention: expected a number of heads that divides 6, found 4",
                 [&] { attend({0, 4}, {0, 4}, 4); });
  expect_refused("attention: expected query_starts from 0 to 4, found 0 to 3",
                 [&] { attend({0, 3}, {0, 4}, 2); });
  expect_refused("attention: expected key_starts from 0 to 4, found none",
                 [&] { attend({0, 4}, {}, 2); });
  expect_refused("attention: expected key_starts that never fall, found 2 after 3 (at 2)",
                 [&] { attend({0, 1, 2, 4}, {0, 3, 2, 4}, 2); });
  expect_refused("attention: expected key_starts [2], found [3]",
                 [&] { attend({0, 4}, {0, 3, 4}, 2); });
  expect_refused("attention: expected a key for every query, found none (sequence 1)",
                 [&] { attend({0, 2, 4}, {0, 4, 4}, 2); });
  expect_refused("attention: expected out [4,6], found [6,6]", [&] { attend({0, 4}, {0, 4}, 2); });
  const std::vector<int32_t> starts{0, 4};
  expect_refused("attention: expected v [4,6], found [4,5]", [&] {
    backend_->attention({a_.tensor(), b_.tensor(), narrow_.tensor(), {starts, starts}, 2, {}},
                        c_.tensor());
  });
  expect_refused("attention_backward: expected d_k [4,6], found [4,5]", [&] {
    backend_->attention_backward({a_.tensor(), a_.tensor(), a_.tensor(), {starts, starts}, 2, {}},
                                 a_.tensor(),
                                 {b_.tensor(), narrow_.tensor(), c_.tensor()});
  });
}

TEST_F(ShapeChecksTest, AddAndNormalize) {
  const auto add = [&](ConstTensor residual, const LayerNorm& norm, Dropout dropout) {
    backend_->add_and_normalize(a_.tensor(), residual, norm, dropout, c_.tensor());
  };
  expect_refused("add_and_normalize: expected residual [4,6], found [4,5]",
                 [&] { add(narrow_.tensor(), layer_norm_, {}); });
  expect_refused("add_and_normalize: expected shift [6], found [5]",
                 [&] { add(b_.tensor(), {six_, five_, 0}, {}); });
  expect_refused("add_and_normalize: expected a dropout rate of at least 0 and below 1, found 1",
                 [&] { add(b_.tensor(), layer_norm_, {1, 0}); });
  const auto backward = [&](const NormalizedRows& kept, Tensor d_in, Tensor d_residual) {
    backend_->add_and_normalize_backward(
        kept, six_, {0.5F, 1}, a_.tensor(), d_in, d_residual, {six_, six_, Write::overwrite});
  };
  expect_refused("add_and_normalize_backward: expected kept inverse_deviation [4], found [5]",
                 [&] { backward({b_.tensor(), five_}, b_.tensor(), c_.tensor()); });
  expect_refused(
      "add_and_normalize_backward: expected d_in apart from d_residual under dropout, found the "
      "same tensor",
      [&] { backward({b_.tensor(), four_}, c_.tensor(), c_.tensor()); });
}

TEST_F(ShapeChecksTest, Embed) {
  const auto embed =
      [&](std::vector<int32_t> ids, std::vector<int32_t> positions, std::vector<int32_t> segments) {
        backend_->embed({ids, segments, positions},
                        {square_.tensor(), a_.tensor(), b_.tensor()},
                        layer_norm_,
                        {},
                        c_.tensor());
      };
  expect_refused("embed: expected token id from 0 to 5, found 6 (at 2)",
                 [&] { embed({0, 1, 6, 3}, {0, 1, 2, 3}, {}); });
  expect_refused("embed: expected position from 0 to 3, found -1 (at 0)",
                 [&] { embed({0, 1, 2, 3}, {-1, 1, 2, 3}, {}); });
  expect_refused("embed: expected segment from 0 to 3, found 4 (at 3)",
                 [&] { embed({0, 1, 2, 3}, {0, 1, 2, 3}, {0, 0, 0, 4}); });
  expect_refused("embed: expected positions [4], found [3]",
                 [&] { embed({0, 1, 2, 3}, {0, 1, 2}, {}); });
  expect_refused("embed: expected out [3,*], found [4,6]",
                 [&] { embed({0, 1, 2}, {0, 1, 2}, {}); });
  const std::vector<int32_t> slots{0, 6, 1, 2};
  expect_refused("add_rows: expected slot from 0 to 5, found 6 (at 1)",
                 [&] { backend_->add_rows(a_.tensor(), slots, square_.tensor()); });
}

TEST_F(ShapeChecksTest, Pool) {
  const auto pool = [&](std::vector<int32_t> starts) {
    backend_->pool(a_.tensor(), starts, Pooling::mean, b_.tensor());
  };
  expect_refused("pool: expected a token in every sequence, found none (sequence 1)",
                 [&] { pool({0, 2, 2, 3, 4}); });
  expect_refused("pool: expected out [2,6], found [4,6]", [&] { pool({0, 2, 4}); });
}

TEST_F(ShapeChecksTest, SoftmaxCrossEntropy) {
  const std::vector<int32_t> labels{0, 1, 2, 3};
  const std::vector<int32_t> beyond{0, 1, 2, 6};
  const auto loss = [&](std::span<const int32_t> given, const CrossEntropy& options) {
    backend_->softmax_cross_entropy(a_.tensor(), given, options, four_, b_.tensor());
  };
  expect_refused(
      "softmax_cross_entropy: expected label from 0 to 5, or -1 for none, found 6 (at 3)",
      [&] { loss(beyond, {}); });
  expect_refused("softmax_cross_entropy: expected losses [4], found [5]", [&] {
    backend_->softmax_cross_entropy(a_.tensor(), labels, {}, five_, b_.tensor());
  });
  expect_refused("softmax_cross_entropy: expected class_weights [6], found [5]",
                 [&] { loss(labels, {0, five_, 1}); });
  expect_refused("softmax_cross_entropy: expected normalizer above 0, found 0",
                 [&] { loss(labels, {0, {}, 0}); });
  expect_refused("softmax_cross_entropy: expected label_smoothing from 0 to 1, found 1.5",
                 [&] { loss(labels, {1.5F, {}, 1}); });
}

TEST_F(ShapeChecksTest, Update) {
  const AdamwState state{six_, six_, six_};
  const auto step = [&](const AdamwUpdate& update) { backend_->adamw_step({&update, 1}); };
  expect_refused("sum_gradients: expected part [6], found [5]", [&] {
    const std::vector<std::span<const float>> parts{six_, five_};
    backend_->sum_gradients(parts, six_);
  });
  expect_refused("sum_gradients: expected at least one part, found none",
                 [&] { backend_->sum_gradients({}, six_); });
  expect_refused("adamw_step: expected gradient [6], found [5]", [&] { step({state, five_, {}}); });
  expect_refused("adamw_step: expected second_moment [6], found [5]",
                 [&] { step({{six_, six_, five_}, six_, {}}); });
  std::vector<int32_t> last_steps(3);
  const std::vector<int32_t> rows{0, 3};
  const std::vector<AdamwRates> rates(1);
  expect_refused("adamw_step_rows: expected row from 0 to 2, found 3 (at 1)",
                 [&] { backend_->adamw_step_rows(state, rows, {}, last_steps, rates); });
  expect_refused("adamw_step_rows: expected rates of at least one step, found none",
                 [&] { backend_->adamw_step_rows(state, rows, {}, last_steps, {}); });
  const std::vector<int32_t> first_rows{0, 1};
  expect_refused("adamw_step_rows: expected gradient [2,2], found [4,6]", [&] {
    backend_->adamw_step_rows(state, first_rows, a_.tensor(), last_steps, rates);
  });
}

}  // namespace
}  // namespace fastintent
