#include <functional>
#include <numeric>

#include "backend_test.h"

// The reference's gradients against slopes of its forward operations. A loss is the sum of an
// operation's results times fixed random numbers, which are then the gradient of the results.
namespace fastintent {
namespace {

// Fourth-order differences: with this step their own error is of order step^4 / 30 = 3e-8 times a
// fifth derivative, and rounding of results to float gives some 1e-7 / step.
constexpr float kStep = 0.03125F;
constexpr double kTolerance = 2e-4;

class FiniteDifferencesTest : public testing::Test {
 protected:
  using Loss = std::function<double()>;

  // Slopes of `loss` along each value of `argument`, a tensor in host memory that `loss` reads.
  static Matrix slopes(const Loss& loss, Matrix& argument) {
    Matrix result(argument.rows, argument.columns);
    for (size_t i = 0; i < argument.values.size(); ++i) {
      const float value = argument.values[i];
      const auto at = [&](float steps) {
        argument.values[i] = value + steps * kStep;
        return loss();
      };
      const double slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12.0 * kStep);
      argument.values[i] = value;
      result.values[i] = static_cast<float>(slope);
    }
    return result;
  }

  static void expect_slopes(const std::string& name,
                            const Matrix& gradient,
                            const Loss& loss,
                            Matrix& argument) {
    expect_close(name, gradient, slopes(loss, argument), kTolerance);
  }

  static double product(const Matrix& a, const Matrix& b) {
    return std::inner_product(a.values.begin(), a.values.end(), b.values.begin(), 0.0);
  }

  Random random_;
  std::unique_ptr<Backend> reference_ = create_backend(Device::reference);
};

TEST_F(FiniteDifferencesTest, Linear) {
  for (const Activation activation : {Activation::none,
                                      Activation::gelu,
                                      Activation::gelu_tanh,
                                      Activation::silu,
                                      Activation::quick_gelu,
                                      Activation::tanh}) {
    Matrix in = random_.matrix(5, 4);
    Matrix weight = random_.matrix(3, 4);
    Matrix bias = random_.matrix(1, 3);
    const Matrix d_out = random_.matrix(5, 3);
    Matrix out(5, 3);
    Matrix pre_activation(5, 3);
    const auto prepared =
        reference_->prepare_weight(weight.tensor(), Precision::fp32, WeightUse::training);
    const Loss loss = [&] {
      reference_->linear(
          in.tensor(), *prepared, bias.values, activation, out.tensor(), pre_activation.tensor());
      return product(out, d_out);
    };
    loss();
    Matrix d_in(5, 4);
    Matrix d_weight(3, 4);
    Matrix d_bias(1, 3);
    Matrix used_up = d_out;
    reference_->linear_backward(
        in.tensor(),
        *prepared,
        activation,
        pre_activation.tensor(),
        used_up.tensor(),
        {d_in.tensor(), Write::overwrite, d_weight.tensor(), d_bias.values, Write::overwrite});
    expect_slopes("d_in", d_in, loss, in);
    expect_slopes("d_weight", d_weight, loss, weight);
    expect_slopes("d_bias", d_bias, loss, bias);
  }
}

// relu has no slope at zero, so its arguments stay away from it.
TEST_F(FiniteDifferencesTest, LinearWithRelu) {
  Matrix in(2, 1);
  in.values = {0.5F, -0.5F};
  Matrix weight(1, 1, 1);
  const auto prepared =
      reference_->prepare_weight(weight.tensor(), Precision::fp32, WeightUse::training);
  Matrix out(2, 1);
  Matrix d_out(2, 1, 1);
  Matrix d_in(2, 1);
  Matrix d_weight(1, 1);
  const Loss loss = [&] {
    reference_->linear(in.tensor(), *prepared, {}, Activation::relu, out.tensor());
    return out.values[0] + out.values[1];
  };
  reference_->linear_backward(
      in.tensor(),
      *prepared,
      Activation::relu,
      in.tensor(),
      d_out.tensor(),
      {d_in.tensor(), Write::overwrite, d_weight.tensor(), {}, Write::overwrite});
  expect_slopes("d_in", d_in, loss, in);
  expect_slopes("d_weight", d_weight, loss, weight);
}

TEST_F(FiniteDifferencesTest, Attention) {
  const std::vector<int32_t> starts{0, 1, 6, 9};
  const std::vector<int32_t> fewer{0, 1, 2, 4};
  for (const std::vector<int32_t>& query_starts : {starts, fewer}) {
    for (const Dropout dropout : {Dropout{}, Dropout{0.3F, 11}}) {
      const int64_t queries = query_starts.back();
      Matrix q = random_.matrix(queries, 6);
      Matrix k = random_.matrix(9, 6);
      Matrix v = random_.matrix(9, 6);
      const Matrix d_out = random_.matrix(queries, 6);
      Matrix out(queries, 6);
      // The distances -4 to 4; the longest sequence has five tokens.
      Matrix table = random_.matrix(4, 2);
      const std::vector<uint8_t> buckets{0, 3, 1, 2, 0, 3, 1, 1, 2};
      const AttentionOperands operands{q.tensor(),
                                       k.tensor(),
                                       v.tensor(),
                                       {query_starts, starts},
                                       2,
                                       dropout,
                                       {table.tensor(), buckets}};
      const Loss loss = [&] {
        reference_->attention(operands, out.tensor());
        return product(out, d_out);
      };
      Matrix d_q(queries, 6);
      Matrix d_k(9, 6);
      Matrix d_v(9, 6);
      Matrix d_table(4, 2);
      reference_->attention_backward(
          operands, d_out.tensor(), {d_q.tensor(), d_k.tensor(), d_v.tensor(), d_table.tensor()});
      expect_slopes("d_distance_bias", d_table, loss, table);
      expect_slopes("d_q", d_q, loss, q);
      expect_slopes("d_k", d_k, loss, k);
      expect_slopes("d_v", d_v, loss, v);
    }
  }
}

TEST_F(FiniteDifferencesTest, AttentionWithAWindow) {
  const std::vector<int32_t> starts{0, 1, 6, 9};
  Matrix q = random_.matrix(9, 6);
  Matrix k = random_.matrix(9, 6);
  Matrix v = random_.matrix(9, 6);
  const Matrix d_out = random_.matrix(9, 6);
  Matrix out(9, 6);
  const AttentionOperands operands{.q = q.tensor(),
                                   .k = k.tensor(),
                                   .v = v.tensor(),
                                   .spans = {starts, starts},
                                   .heads = 2,
                                   .dropout = {0.3F, 14},
                                   .window = 1};
  const Loss loss = [&] {
    reference_->attention(operands, out.tensor());
    return product(out, d_out);
  };
  Matrix d_q(9, 6);
  Matrix d_k(9, 6);
  Matrix d_v(9, 6);
  reference_->attention_backward(
      operands, d_out.tensor(), {d_q.tensor(), d_k.tensor(), d_v.tensor()});
  expect_slopes("d_q", d_q, loss, q);
  expect_slopes("d_k", d_k, loss, k);
  expect_slopes("d_v", d_v, loss, v);
}

TEST_F(FiniteDifferencesTest, Gate) {
  for (const Activation activation : {Activation::none, Activation::gelu, Activation::silu}) {
    Matrix in = random_.matrix(4, 6);
    const Matrix d_out = random_.matrix(4, 3);
    Matrix out(4, 3);
    const Loss loss = [&] {
      reference_->gate(in.tensor(), activation, out.tensor());
      return product(out, d_out);
    };
    Matrix d_in(4, 6);
    reference_->gate_backward(in.tensor(), activation, d_out.tensor(), d_in.tensor());
    expect_slopes("d_in", d_in, loss, in);
  }
}

TEST_F(FiniteDifferencesTest, Rotate) {
  const std::vector<int32_t> positions{0, 1, 5};
  const std::vector<float> frequencies{1, 0.25F};
  Matrix rows = random_.matrix(3, 8);
  const Matrix d_out = random_.matrix(3, 8);
  const Loss loss = [&] {
    Matrix out = rows;
    reference_->rotate(out.tensor(), positions, frequencies, Rotation::forward);
    return product(out, d_out);
  };
  Matrix d_rows = d_out;
  reference_->rotate(d_rows.tensor(), positions, frequencies, Rotation::backward);
  expect_slopes("d_rows", d_rows, loss, rows);
}

// A stored sum adds its gradient to that of the norm.
TEST_F(FiniteDifferencesTest, AddAndNormalizeWithTheSum) {
  Matrix in = random_.matrix(4, 7);
  Matrix residual = random_.matrix(4, 7, 3);
  Matrix scale = random_.matrix(1, 7);
  const Matrix d_out = random_.matrix(4, 7);
  const Matrix d_sum = random_.matrix(4, 7);
  Matrix out(4, 7);
  Matrix sum(4, 7);
  Matrix normal(4, 7);
  std::vector<float> inverse_deviation(4);
  const NormalizedRows kept{normal.tensor(), inverse_deviation};
  const Dropout dropout{0.3F, 15};
  const Loss loss = [&] {
    reference_->add_and_normalize(in.tensor(),
                                  residual.tensor(),
                                  {scale.values, {}, 0.01F},
                                  dropout,
                                  out.tensor(),
                                  kept,
                                  sum.tensor());
    return product(out, d_out) + product(sum, d_sum);
  };
  loss();
  Matrix d_in(4, 7);
  Matrix d_residual(4, 7);
  Matrix d_scale(1, 7);
  reference_->add_and_normalize_backward(kept,
                                         scale.values,
                                         dropout,
                                         d_out.tensor(),
                                         d_in.tensor(),
                                         d_residual.tensor(),
                                         {d_scale.values, {}, Write::overwrite},
                                         d_sum.tensor());
  expect_slopes("d_in", d_in, loss, in);
  expect_slopes("d_residual", d_residual, loss, residual);
  expect_slopes("d_scale", d_scale, loss, scale);
}

TEST_F(FiniteDifferencesTest, AddAndNormalize) {
  for (const Dropout dropout : {Dropout{}, Dropout{0.3F, 12}}) {
    Matrix in = random_.matrix(4, 7);
    Matrix residual = random_.matrix(4, 7, 3);
    Matrix scale = random_.matrix(1, 7);
    Matrix shift = random_.matrix(1, 7);
    const Matrix d_out = random_.matrix(4, 7);
    Matrix out(4, 7);
    Matrix normal(4, 7);
    std::vector<float> inverse_deviation(4);
    const NormalizedRows kept{normal.tensor(), inverse_deviation};
    const Loss loss = [&] {
      reference_->add_and_normalize(in.tensor(),
                                    residual.tensor(),
                                    {scale.values, shift.values, 0.01F},
                                    dropout,
                                    out.tensor(),
                                    kept);
      return product(out, d_out);
    };
    loss();
    Matrix d_in(4, 7);
    Matrix d_residual(4, 7);
    Matrix d_scale(1, 7);
    Matrix d_shift(1, 7);
    reference_->add_and_normalize_backward(kept,
                                           scale.values,
                                           dropout,
                                           d_out.tensor(),
                                           d_in.tensor(),
                                           d_residual.tensor(),
                                           {d_scale.values, d_shift.values, Write::overwrite});
    expect_slopes("d_in", d_in, loss, in);
    expect_slopes("d_residual", d_residual, loss, residual);
    expect_slopes("d_scale", d_scale, loss, scale);
    expect_slopes("d_shift", d_shift, loss, shift);
  }
}

TEST_F(FiniteDifferencesTest, Embed) {
  for (const Dropout dropout : {Dropout{}, Dropout{0.3F, 13}}) {
    const std::vector<int32_t> ids{3, 1, 1, 4, 0};
    const std::vector<int32_t> positions{0, 1, 2, 0, 1};
    const std::vector<int32_t> segments{0, 0, 1, 0, 1};
    const TokenInputs tokens{ids, segments, positions};
    Matrix word = random_.matrix(6, 7, 2);
    Matrix position = random_.matrix(3, 7);
    Matrix segment = random_.matrix(2, 7);
    Matrix scale = random_.matrix(1, 7);
    Matrix shift = random_.matrix(1, 7);
    const Matrix d_out = random_.matrix(5, 7);
    Matrix out(5, 7);
    Matrix normal(5, 7);
    std::vector<float> inverse_deviation(5);
    const NormalizedRows kept{normal.tensor(), inverse_deviation};
    const Loss loss = [&] {
      reference_->embed(tokens,
                        {word.tensor(), position.tensor(), segment.tensor()},
                        {scale.values, shift.values, 0.01F},
                        dropout,
                        out.tensor(),
                        kept);
      return product(out, d_out);
    };
    loss();
    Matrix used_up = d_out;
    Matrix d_rows(5, 7);
    Matrix d_word(6, 7);
    Matrix d_position(3, 7);
    Matrix d_segment(2, 7);
    Matrix d_scale(1, 7);
    Matrix d_shift(1, 7);
    reference_->embed_backward(tokens,
                               kept,
                               scale.values,
                               dropout,
                               used_up.tensor(),
                               {d_rows.tensor(),
                                d_position.tensor(),
                                d_segment.tensor(),
                                {d_scale.values, d_shift.values, Write::overwrite}});
    reference_->add_rows(d_rows.tensor(), ids, d_word.tensor());
    expect_slopes("d_word", d_word, loss, word);
    expect_slopes("d_position", d_position, loss, position);
    expect_slopes("d_segment", d_segment, loss, segment);
    expect_slopes("d_scale", d_scale, loss, scale);
    expect_slopes("d_shift", d_shift, loss, shift);
  }
}

TEST_F(FiniteDifferencesTest, Pool) {
  const std::vector<int32_t> starts{0, 1, 5, 7};
  for (const Pooling pooling : {Pooling::first_token, Pooling::mean}) {
    Matrix hidden = random_.matrix(7, 3);
    const Matrix d_out = random_.matrix(3, 3);
    Matrix out(3, 3);
    Matrix d_hidden(7, 3);
    const Loss loss = [&] {
      reference_->pool(hidden.tensor(), starts, pooling, out.tensor());
      return product(out, d_out);
    };
    reference_->pool_backward(d_out.tensor(), starts, pooling, Write::overwrite, d_hidden.tensor());
    expect_slopes("d_hidden", d_hidden, loss, hidden);
  }
}

TEST_F(FiniteDifferencesTest, SoftmaxCrossEntropy) {
  const std::vector<int32_t> labels{2, 0, 4, 4};
  const std::vector<float> weights{0.5F, 2, 1, 1.5F, 0.25F};
  for (const float label_smoothing : {0.0F, 0.1F}) {
    for (const bool weighted : {false, true}) {
      CrossEntropy options{label_smoothing, {}, 4};
      if (weighted) {
        options.class_weights = weights;
      }
      Matrix logits = random_.matrix(4, 5, 2);
      Matrix d_logits(4, 5);
      Matrix ignored(4, 5);
      std::vector<float> losses(4);
      reference_->softmax_cross_entropy(
          logits.tensor(), labels, options, losses, d_logits.tensor());
      const Loss loss = [&] {
        reference_->softmax_cross_entropy(
            logits.tensor(), labels, options, losses, ignored.tensor());
        return std::accumulate(losses.begin(), losses.end(), 0.0) / options.normalizer;
      };
      expect_slopes("d_logits", d_logits, loss, logits);
    }
  }
}

TEST_F(FiniteDifferencesTest, ApplyDropout) {
  const Dropout dropout{0.4F, 14};
  Matrix in = random_.matrix(5, 6);
  Matrix d_out = random_.matrix(5, 6);
  Matrix out(5, 6);
  Matrix d_in(5, 6);
  const Loss loss = [&] {
    reference_->apply_dropout(in.tensor(), dropout, out.tensor());
    return product(out, d_out);
  };
  reference_->apply_dropout(d_out.tensor(), dropout, d_in.tensor());
  expect_slopes("d_in", d_in, loss, in);
}

}  // namespace
}  // namespace fastintent
