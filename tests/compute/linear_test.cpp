#include "backend_test.h"
#include "base/expect_error.h"
#include "compute/activations.h"

namespace fastintent {
namespace {

// Weights are scaled by 1/sqrt(K) and gradients by 1/sqrt(T), so sums are of order one and rounding
// every partial sum to float costs about sqrt(terms) · 6e-8.
constexpr double kFloatSum = 3e-6;
// Smooth activations add the error of a polynomial in float, of a few units in the last place.
constexpr double kActivated = 5e-6;
// Where an activation's slope comes from float arithmetic, d_pre may round to the other of two
// neighbouring bf16 numbers, 2^-8 apart, or of two in fp16 and tf32, 2^-11; few terms of a sum do.
constexpr double kOtherBf16 = 3e-3;
constexpr double kOtherFp16 = kOtherBf16 / 8;

struct Shape {
  int64_t K;
  int64_t N;
};
constexpr Shape kShapes[] = {{1, 1}, {8, 12}, {12, 30}, {30, 77}, {64, 64}, {384, 3}, {77, 384}};

double tolerance_of_d_pre(Activation activation, Precision precision) {
  if (activation == Activation::none || activation == Activation::relu) {
    return kFloatSum;
  }
  if (precision == Precision::bf16) {
    return kOtherBf16;
  }
  return precision == Precision::fp32 ? kActivated : kOtherFp16;
}

class LinearTest : public BackendTest {
 protected:
  // Those of training that the device multiplies in.
  std::vector<Precision> precisions() const {
    std::vector<Precision> result;
    for (const Precision precision :
         {Precision::fp32, Precision::tf32, Precision::fp16, Precision::bf16}) {
      if (device_->traits().multiplies(precision)) {
        result.push_back(precision);
      }
    }
    return result;
  }

  void check_forward(int64_t T, Shape shape, Activation activation, Precision precision) {
    Random random(static_cast<uint32_t>(T + shape.K));
    const Matrix in = random.matrix(T, shape.K);
    const Matrix weight = random.matrix(shape.N, shape.K, 1 / std::sqrt(shape.K));
    const Matrix bias = random.matrix(1, shape.N);
    const bool with_bias = random.below(4) > 0;
    const double tolerance = activation == Activation::none ? kFloatSum : kActivated;
    expect_agreement([&](Backend& backend) {
      const OnDevice in_there(backend, in);
      const OnDevice bias_there(backend, bias);
      const OnDevice out(backend, T, shape.N);
      const OnDevice pre_activation(backend, T, shape.N);
      const auto prepared =
          backend.prepare_weight(weight.tensor(), precision, WeightUse::inference);
      backend.linear(in_there,
                     *prepared,
                     with_bias ? bias_there.flat() : std::span<float>(),
                     activation,
                     out,
                     pre_activation);
      const OnDevice out_alone(backend, T, shape.N);
      backend.linear(in_there,
                     *prepared,
                     with_bias ? bias_there.flat() : std::span<float>(),
                     activation,
                     out_alone);
      return std::vector<Result>{{"out", out.download(), tolerance},
                                 {"out without pre_activation", out_alone.download(), tolerance},
                                 {"pre_activation", pre_activation.download(), kFloatSum}};
    });
  }

  void check_backward(int64_t T,
                      Shape shape,
                      Activation activation,
                      Precision precision,
                      Write in_write,
                      Write parameter_write) {
    Random random(static_cast<uint32_t>(T + shape.N));
    const auto [K, N] = shape;
    const Matrix in = random.matrix(T, K);
    const Matrix weight = random.matrix(N, K, 1 / std::sqrt(K));
    const Matrix pre_activation = random.matrix(T, N, 3);
    const Matrix d_out = random.matrix(T, N, 1 / std::sqrt(std::max<int64_t>(T, 1)));
    const Matrix d_in_before = random.matrix(T, K);
    const Matrix d_weight_before = random.matrix(N, K);
    const Matrix d_bias_before = random.matrix(1, N);
    const double tolerance = tolerance_of_d_pre(activation, precision);
    expect_agreement([&](Backend& backend) {
      const OnDevice in_there(backend, in);
      const OnDevice weight_there(backend, weight);
      const OnDevice pre_there(backend, pre_activation);
      const OnDevice d_out_there(backend, d_out);
      const OnDevice d_in(backend, d_in_before);
      const OnDevice d_weight(backend, d_weight_before);
      const OnDevice d_bias(backend, d_bias_before);
      const auto prepared = backend.prepare_weight(weight_there, precision, WeightUse::training);
      backend.linear_backward(in_there,
                              *prepared,
                              activation,
                              activation == Activation::none ? ConstTensor() : pre_there,
                              d_out_there,
                              {d_in, in_write, d_weight, d_bias.flat(), parameter_write});
      return std::vector<Result>{{"d_in", d_in.download(), tolerance},
                                 {"d_weight", d_weight.download(), tolerance},
                                 {"d_bias", d_bias.download(), kActivated}};
    });
  }

  // K columns from K on of wider tensors, and N from N on.
  void check_slices(int64_t T, int64_t K, int64_t N, Precision precision, Activation activation) {
    Random random(static_cast<uint32_t>(T + K));
    const Matrix in = random.matrix(T, 3 * K);
    const Matrix weight = random.matrix(N, K);
    const Matrix wide = random.matrix(T, 3 * N);
    const double tolerance = 4 * tolerance_of_d_pre(activation, precision);
    expect_agreement([&](Backend& backend) {
      const OnDevice in_there(backend, in);
      const OnDevice weight_there(backend, weight);
      const OnDevice out(backend, wide);
      const OnDevice pre_activation(backend, wide);
      const OnDevice d_out(backend, wide);
      const OnDevice d_in(backend, in);
      const OnDevice d_weight(backend, N, K);
      const auto prepared = backend.prepare_weight(weight_there, precision, WeightUse::training);
      const ConstTensor in_slice = ConstTensor(in_there).column_slice(K, K);
      const Tensor pre_slice = Tensor(pre_activation).column_slice(N, N);
      const Tensor out_slice = Tensor(out).column_slice(N, N);
      backend.linear(in_slice, *prepared, {}, activation, out_slice, pre_slice);
      // The slope of values that are the same on every device.
      backend.upload(wide.tensor(), pre_activation);
      backend.linear_backward(
          in_slice,
          *prepared,
          activation,
          pre_slice,
          Tensor(d_out).column_slice(N, N),
          {Tensor(d_in).column_slice(K, K), Write::overwrite, d_weight, {}, Write::overwrite});
      return std::vector<Result>{{"out", out.download(), 2 * kActivated},
                                 {"d_in", d_in.download(), tolerance},
                                 {"d_weight", d_weight.download(), tolerance}};
    });
  }
};

TEST_P(LinearTest, ForwardAgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const Shape shape : kShapes) {
      for (const Activation activation : kActivations) {
        check_forward(T, shape, activation, Precision::fp32);
      }
    }
  }
}

TEST_P(LinearTest, ForwardOfRoundedFactorsAgreesWithReference) {
  for (const Precision precision : precisions()) {
    if (precision == Precision::fp32) {
      continue;  // rounds nothing
    }
    for (const int64_t T : kRowCounts) {
      for (const Shape shape : kShapes) {
        check_forward(T, shape, Activation::none, precision);
        check_forward(T, shape, Activation::gelu, precision);
      }
    }
  }
}

// All devices compute the same steps, and sums of fewer than 2^24 of them are exact in f32.
TEST_P(LinearTest, ForwardInInt8AgreesWithReference) {
  if (!device_->traits().multiplies(Precision::int8)) {
    GTEST_SKIP() << "multiplies nothing in int8";
  }
  for (const int64_t T : kRowCounts) {
    for (const Shape shape : kShapes) {
      for (const Activation activation : kActivations) {
        check_forward(T, shape, activation, Precision::int8);
      }
    }
  }
}

TEST_P(LinearTest, RefusesWeightsForInt8ThatAreNotFinite) {
  if (!device_->traits().multiplies(Precision::int8)) {
    GTEST_SKIP() << "multiplies nothing in int8";
  }
  for (const float value :
       {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Matrix weight(3, 5, 0.5F);
    weight.row(1)[4] = value;
    const ConstTensor rows = weight.tensor();
    for (Backend* backend : {device_.get(), reference_.get()}) {
      expect_error(ErrorCode::bad_checkpoint, "found others in row 1", [&] {
        backend->prepare_weight(rows, Precision::int8, WeightUse::inference);
      });
    }
  }
}

TEST_P(LinearTest, BackwardAgreesWithReference) {
  for (const int64_t T : kRowCounts) {
    for (const Shape shape : kShapes) {
      for (const Activation activation : kActivations) {
        for (const Precision precision : precisions()) {
          check_backward(T, shape, activation, precision, Write::overwrite, Write::overwrite);
        }
      }
    }
  }
}

TEST_P(LinearTest, BackwardAccumulates) {
  for (const int64_t T : {0, 1, 17, 100}) {
    for (const Precision precision : precisions()) {
      check_backward(T, {30, 77}, Activation::gelu, precision, Write::accumulate, Write::overwrite);
      check_backward(T, {30, 77}, Activation::none, precision, Write::overwrite, Write::accumulate);
      check_backward(
          T, {64, 64}, Activation::none, precision, Write::accumulate, Write::accumulate);
    }
  }
}

TEST_P(LinearTest, BackwardWithoutBiasAndInputGradient) {
  Random random;
  const Matrix in = random.matrix(17, 12);
  const Matrix weight = random.matrix(8, 12);
  const Matrix d_out = random.matrix(17, 8);
  expect_agreement([&](Backend& backend) {
    const OnDevice in_there(backend, in);
    const OnDevice weight_there(backend, weight);
    const OnDevice d_out_there(backend, d_out);
    const OnDevice d_weight(backend, 8, 12);
    const auto prepared =
        backend.prepare_weight(weight_there, Precision::fp32, WeightUse::training);
    backend.linear_backward(in_there,
                            *prepared,
                            Activation::none,
                            {},
                            d_out_there,
                            {{}, Write::overwrite, d_weight, {}, Write::overwrite});
    return std::vector<Result>{{"d_weight", d_weight.download(), kFloatSum}};
  });
}

// The encoder multiplies once for query, key and value and passes their column slices on.
TEST_P(LinearTest, TakesAndWritesColumnSlices) {
  for (const int64_t T : {1, 17, 100}) {
    for (const Precision precision : precisions()) {
      for (const Activation activation : {Activation::none, Activation::gelu}) {
        check_slices(T, 8, 12, precision, activation);
        check_slices(T, 5, 3, precision, activation);
      }
    }
  }
}

TEST_P(LinearTest, TrainingWeightFollowsItsTensorAfterRefresh) {
  Random random;
  const Matrix in = random.matrix(17, 64);
  const Matrix weight = random.matrix(30, 64, 0.125);
  const Matrix changed = random.matrix(30, 64, 0.125);
  const Matrix d_out = random.matrix(17, 30, 0.25);
  for (const Precision precision : precisions()) {
    expect_agreement([&](Backend& backend) {
      const OnDevice in_there(backend, in);
      const OnDevice weight_there(backend, weight);
      const OnDevice d_out_there(backend, d_out);
      const OnDevice out(backend, 17, 30);
      const OnDevice d_in(backend, 17, 64);
      const OnDevice d_weight(backend, 30, 64);
      const auto prepared = backend.prepare_weight(weight_there, precision, WeightUse::training);
      backend.linear(in_there, *prepared, {}, Activation::none, out);
      backend.upload(changed.tensor(), weight_there);
      backend.refresh_weight(*prepared, 0, 13);
      backend.refresh_weight(*prepared, 13, 17);
      backend.linear(in_there, *prepared, {}, Activation::none, out);
      backend.linear_backward(in_there,
                              *prepared,
                              Activation::none,
                              {},
                              d_out_there,
                              {d_in, Write::overwrite, d_weight, {}, Write::overwrite});
      return std::vector<Result>{{"out", out.download(), kFloatSum},
                                 {"d_in", d_in.download(), kFloatSum}};
    });
  }
}

// Overflow shows in the gradients: the trainer then skips the step and lowers the scale.
TEST_P(LinearTest, GradientsBeyondFp16AreInfinite) {
  if (!device_->traits().multiplies(Precision::fp16)) {
    GTEST_SKIP() << "multiplies nothing in fp16";
  }
  const Matrix ones(1, 8, 1);
  const OnDevice in(*device_, ones);
  const OnDevice weight(*device_, Matrix(4, 8, 1));
  const OnDevice d_out(*device_, Matrix(1, 4, 65520));  // the first that rounds to infinity
  const OnDevice d_in(*device_, 1, 8);
  const OnDevice d_weight(*device_, 4, 8);
  const auto prepared = device_->prepare_weight(weight, Precision::fp16, WeightUse::training);
  device_->linear_backward(in,
                           *prepared,
                           Activation::none,
                           {},
                           d_out,
                           {d_in, Write::overwrite, d_weight, {}, Write::overwrite});
  for (const float value : d_in.download().values) {
    EXPECT_EQ(value, INFINITY);
  }
  for (const float value : d_weight.download().values) {
    EXPECT_EQ(value, INFINITY);
  }
}

TEST_P(LinearTest, RefusesAnotherDevicesWeight) {
  const Matrix values(4, 8, 1);
  const Matrix row(1, 8, 1);
  Matrix result(1, 4);
  const auto own = device_->prepare_weight(values.tensor(), Precision::fp32, WeightUse::inference);
  const auto another =
      reference_->prepare_weight(values.tensor(), Precision::fp32, WeightUse::inference);
  const OnDevice in(*device_, row);
  const OnDevice out(*device_, 1, 4);
  expect_error(ErrorCode::invalid_argument, "weight [4,8]: expected one", [&] {
    device_->linear(in, *another, {}, Activation::none, out);
  });
  expect_error(ErrorCode::invalid_argument, "weight [4,8]: expected one", [&] {
    device_->refresh_weight(*another, 0, 4);
  });
  expect_error(ErrorCode::invalid_argument, "weight [4,8]: expected one", [&] {
    reference_->linear(row.tensor(), *own, {}, Activation::none, result.tensor());
  });
}

INSTANTIATE_TEST_SUITE_P(Devices,
                         LinearTest,
                         testing::ValuesIn(devices_under_test()),
                         device_label);

}  // namespace
}  // namespace fastintent
