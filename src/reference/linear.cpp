#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "fastintent/error.h"
#include "reference/quantize.h"
#include "reference/reference_operations.h"
#include "reference/rounding.h"
#include "reference/sums.h"

// Under tf32, fp16 and bf16 both operands of every product are rounded (rounding.h); under int8
// they are rounded to the steps of their row (quantize.h). Products and sums are computed in
// double, and biases and their gradients stay float.
namespace fastintent::reference {
namespace {

class ReferenceWeight : public PreparedWeight {
 public:
  ReferenceWeight(ConstTensor weight, Precision precision, WeightUse use)
      : PreparedWeight(weight.rows, weight.columns),
        source_(use == WeightUse::training ? weight : ConstTensor()),
        precision_(precision),
        scales_(static_cast<size_t>(weight.rows), 1.0F) {
    if (!looks_at_source()) {
      copy_.resize(static_cast<size_t>(weight.size()));
      copy_rows(weight, 0, rows());
    }
  }

  void refresh(int64_t first, int64_t count) {
    if (source_.empty()) {
      throw Error(ErrorCode::invalid_argument,
                  "refresh_weight: expected a weight for training, found one for inference");
    }
    if (!looks_at_source()) {
      copy_rows(source_, first, count);
    }
  }

  // The weight's row is scale(n) · row(n); the scale is 1 except under int8.
  const float* row(int64_t n) const {
    return looks_at_source() ? source_.row(n) : copy_.data() + n * columns();
  }
  double scale(int64_t n) const { return scales_[static_cast<size_t>(n)]; }

  // Rounds a factor of a product with this weight, or of its gradient. Not for int8, whose factors
  // depend on their row.
  double operand(float value) const { return round_factor(value, precision_); }
  // Rounds a row [K] of the other factor.
  std::vector<double> operands(const float* in) const {
    std::vector<double> result(in, in + columns());
    if (precision_ == Precision::int8) {
      const ActivationSteps steps(in, columns());
      std::transform(in, in + columns(), result.begin(), [&](float x) { return steps.rounded(x); });
    } else {
      std::transform(in, in + columns(), result.begin(), [&](float x) { return operand(x); });
    }
    return result;
  }

 private:
  bool looks_at_source() const { return !source_.empty() && precision_ == Precision::fp32; }

  void copy_rows(ConstTensor from, int64_t first, int64_t count) {
    for (int64_t n = first; n < first + count; ++n) {
      const float* in = from.row(n);
      float* out = copy_.data() + n * columns();
      if (precision_ == Precision::int8) {
        scales_[static_cast<size_t>(n)] = quantize_weight_row(in, n, out);
      } else {
        std::transform(
            in, in + columns(), out, [&](float w) { return static_cast<float>(operand(w)); });
      }
    }
  }

  float quantize_weight_row(const float* in, int64_t n, float* out) const {
    if (!std::all_of(in, in + columns(), [](float w) { return std::isfinite(w); })) {
      throw Error(
          ErrorCode::bad_checkpoint,
          fmt::format("quantize weight [{},{}]: expected finite values, found others in row {}",
                      rows(),
                      columns(),
                      n));
    }
    const float scale = weight_scale(in, columns());
    std::transform(in, in + columns(), out, [&](float w) { return weight_step(w, scale); });
    return scale;
  }

  ConstTensor source_;  // empty for inference
  Precision precision_;
  std::vector<float> copy_;
  std::vector<float> scales_;  // [N]
};

ReferenceWeight& own(PreparedWeight& weight) {
  if (auto* found = dynamic_cast<ReferenceWeight*>(&weight)) {
    return *found;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("weight [{},{}]: expected one that the reference prepared, found another "
                          "device's",
                          weight.rows(),
                          weight.columns()));
}

const ReferenceWeight& own(const PreparedWeight& weight) {
  return own(const_cast<PreparedWeight&>(weight));
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

// x sigmoid(scale x) and its derivative.
double swish(double x, double scale) {
  return x * sigmoid(scale * x);
}
double swish_derivative(double x, double scale) {
  const double share = sigmoid(scale * x);
  return share + scale * x * share * (1 - share);
}

constexpr double kQuickGelu = 1.702;

// The argument of the tanh in gelu_tanh, and its derivative.
double gelu_argument(double x) {
  return std::numbers::sqrt2 * std::numbers::inv_sqrtpi * (x + 0.044715 * x * x * x);
}
double gelu_argument_derivative(double x) {
  return std::numbers::sqrt2 * std::numbers::inv_sqrtpi * (1 + 3 * 0.044715 * x * x);
}

}  // namespace

double activate(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return x;
    case Activation::gelu:
      return x / 2 * (1 + std::erf(x / std::numbers::sqrt2));
    case Activation::gelu_tanh:
      return x / 2 * (1 + std::tanh(gelu_argument(x)));
    case Activation::relu:
      return x > 0 ? x : 0;
    case Activation::silu:
      return swish(x, 1);
    case Activation::quick_gelu:
      return swish(x, kQuickGelu);
    case Activation::tanh:
      return std::tanh(x);
  }
  return x;
}

double derivative(Activation activation, double x) {
  switch (activation) {
    case Activation::none:
      return 1;
    case Activation::gelu: {
      const double normal_density =
          std::exp(-x * x / 2) * std::numbers::inv_sqrtpi / std::numbers::sqrt2;
      return (1 + std::erf(x / std::numbers::sqrt2)) / 2 + x * normal_density;
    }
    case Activation::gelu_tanh: {
      const double tanh = std::tanh(gelu_argument(x));
      return (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * gelu_argument_derivative(x);
    }
    case Activation::relu:
      return x > 0 ? 1 : 0;
    case Activation::silu:
      return swish_derivative(x, 1);
    case Activation::quick_gelu:
      return swish_derivative(x, kQuickGelu);
    case Activation::tanh:
      return 1 - std::tanh(x) * std::tanh(x);
  }
  return 1;
}

std::unique_ptr<PreparedWeight> prepare_weight(ConstTensor weight,
                                               Precision precision,
                                               WeightUse use) {
  return std::make_unique<ReferenceWeight>(weight, precision, use);
}

void refresh_weight(PreparedWeight& weight, int64_t first, int64_t count) {
  own(weight).refresh(first, count);
}

void linear(ConstTensor in,
            const PreparedWeight& weight,
            std::span<const float> bias,
            Activation activation,
            Tensor out,
            Tensor pre_activation) {
  const ReferenceWeight& w = own(weight);
  for (int64_t t = 0; t < in.rows; ++t) {
    const std::vector<double> row = w.operands(in.row(t));
    for (int64_t n = 0; n < w.rows(); ++n) {
      double product = 0;
      for (int64_t k = 0; k < w.columns(); ++k) {
        product += row[static_cast<size_t>(k)] * w.row(n)[k];
      }
      const double sum = product * w.scale(n) + (bias.empty() ? 0.0 : bias[n]);
      if (!pre_activation.empty()) {
        pre_activation.row(t)[n] = static_cast<float>(sum);
      }
      out.row(t)[n] = static_cast<float>(activate(activation, sum));
    }
  }
}

void linear_backward(ConstTensor in,
                     const PreparedWeight& weight,
                     Activation activation,
                     ConstTensor pre_activation,
                     ConstTensor d_out,
                     const LinearGradient& gradient) {
  const ReferenceWeight& w = own(weight);
  const int64_t N = w.rows();
  const int64_t K = w.columns();
  Sums in_sums(in.rows, K);
  Sums weight_sums(N, K);
  Sums bias_sums(1, N);
  for (int64_t t = 0; t < in.rows; ++t) {
    for (int64_t n = 0; n < N; ++n) {
      const double slope =
          activation == Activation::none ? 1.0 : derivative(activation, pre_activation.row(t)[n]);
      const double d_pre = d_out.row(t)[n] * slope;
      bias_sums.row(0)[n] += d_pre;
      const double factor = w.operand(static_cast<float>(d_pre));
      for (int64_t k = 0; k < K; ++k) {
        in_sums.row(t)[k] += factor * w.row(n)[k];
        weight_sums.row(n)[k] += factor * w.operand(in.row(t)[k]);
      }
    }
  }
  if (!gradient.d_in.empty()) {
    in_sums.store(gradient.d_in, gradient.in_write);
  }
  weight_sums.store(gradient.d_weight, gradient.write);
  if (!gradient.d_bias.empty()) {
    bias_sums.store(gradient.d_bias, gradient.write);
  }
}

}  // namespace fastintent::reference
