#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "backend_test.h"

namespace fastintent {
namespace {

// Each step rounds parameter and moments to float; a few units in the last place over some steps.
constexpr double kStep = 1e-6;

AdamwRates rates_of_step(int step, double learning_rate, double weight_decay) {
  AdamwRates rates;
  rates.learning_rate = static_cast<float>(learning_rate);
  rates.weight_decay = static_cast<float>(weight_decay);
  rates.step_size =
      static_cast<float>(learning_rate / (1 - std::pow(static_cast<double>(rates.beta1), step)));
  rates.root_correction =
      static_cast<float>(1 / std::sqrt(1 - std::pow(static_cast<double>(rates.beta2), step)));
  return rates;
}

// A learning rate that changes, decay, and gradient clipping in every other step.
std::vector<AdamwRates> schedule(int steps) {
  std::vector<AdamwRates> rates;
  for (int step = 1; step <= steps; ++step) {
    rates.push_back(rates_of_step(step, 0.01 / step, 0.05));
    rates.back().gradient_scale = step % 2 == 0 ? 0.5F : 1.0F;
  }
  return rates;
}

// Parameters and moments in a backend's memory.
struct StateThere {
  StateThere(Backend& backend, const Matrix& initial)
      : parameters(backend, initial),
        first_moment(backend, Matrix(initial.rows, initial.columns)),
        second_moment(backend, Matrix(initial.rows, initial.columns)) {}

  AdamwState state() const {
    return {parameters.flat(), first_moment.flat(), second_moment.flat()};
  }
  std::vector<Result> results(double tolerance) const {
    return {{"parameters", parameters.download(), tolerance},
            {"first_moment", first_moment.download(), tolerance},
            {"second_moment", second_moment.download(), tolerance}};
  }

  OnDevice parameters, first_moment, second_moment;
};

void step_all(Backend& backend,
              const AdamwState& state,
              const Matrix& gradient,
              const AdamwRates& rates) {
  const OnDevice there(backend, gradient);
  const AdamwUpdate update{state, there.flat(), rates};
  backend.adamw_step({&update, 1});
}

// Rows that each step touches and their gradients.
struct Touched {
  std::vector<int32_t> rows;
  Matrix gradient;  // [rows,H]
};

std::vector<Touched> random_touches(Random& random, int steps, int64_t V, int64_t H) {
  std::vector<Touched> touches;
  touches.reserve(static_cast<size_t>(steps));
  for (int step = 0; step < steps; ++step) {
    Touched touched;
    touched.rows.reserve(static_cast<size_t>(V));
    for (int32_t row = 0; row < V; ++row) {
      // Some rows often, some seldom, row 0 never.
      if (random.below(V) < row) {
        touched.rows.push_back(row);
      }
    }
    touched.gradient = random.matrix(static_cast<int64_t>(touched.rows.size()), H, 0.3);
    touches.push_back(touched);
  }
  return touches;
}

class AdamwTest : public BackendTest {};

TEST_P(AdamwTest, StepAgreesWithReference) {
  for (const int64_t count : {0, 1, 7, 16, 33, 1000}) {
    Random random(static_cast<uint32_t>(count));
    const Matrix initial = random.matrix(1, count);
    std::vector<Matrix> gradients;
    gradients.reserve(5);
    for (int step = 0; step < 5; ++step) {
      gradients.push_back(random.matrix(1, count, std::pow(10.0, -step)));
    }
    expect_agreement([&](Backend& backend) {
      const StateThere there(backend, initial);
      const std::vector<AdamwRates> rates = schedule(5);
      for (size_t step = 0; step < gradients.size(); ++step) {
        step_all(backend, there.state(), gradients[step], rates[step]);
      }
      return there.results(kStep);
    });
  }
}

// Tensors in one contiguous block of memory, few of which start at an aligned vector load.
TEST_P(AdamwTest, ManyTensorsInOneCall) {
  const std::vector<size_t> sizes = {0, 1, 8192, 3, 8191, 8193, 0, 77, 384, 20000, 5};
  const auto total = static_cast<int64_t>(std::accumulate(sizes.begin(), sizes.end(), size_t{0}));
  Random random;
  const Matrix initial = random.matrix(1, total);
  const std::vector<Matrix> gradients = {random.matrix(1, total), random.matrix(1, total, 0.01)};
  expect_agreement([&](Backend& backend) {
    const StateThere there(backend, initial);
    for (int step = 1; step <= 2; ++step) {
      const OnDevice gradient(backend, gradients[static_cast<size_t>(step) - 1]);
      const AdamwState all = there.state();
      std::vector<AdamwUpdate> updates;
      size_t begin = 0;
      for (const size_t size : sizes) {
        // Three kinds of rates.
        const int kind = static_cast<int>(updates.size() % 3);
        updates.push_back({{all.parameters.subspan(begin, size),
                            all.first_moment.subspan(begin, size),
                            all.second_moment.subspan(begin, size)},
                           gradient.flat().subspan(begin, size),
                           rates_of_step(step, 0.01 * kind, 0.1 * kind)});
        begin += size;
      }
      backend.adamw_step(updates);
    }
    return there.results(kStep);
  });
}

// A step passes the new parameters to the weight that multiplies by them.
TEST_P(AdamwTest, WeightsTakeTheStepOver) {
  constexpr int64_t N = 30;
  for (const Precision precision :
       {Precision::fp32, Precision::tf32, Precision::fp16, Precision::bf16}) {
    if (!device_->traits().multiplies(precision)) {
      continue;
    }
    for (const int64_t K : {17, 64}) {
      Random random;
      const OnDevice in(*device_, random.matrix(5, K));
      const StateThere there(*device_, random.matrix(N, K));
      const OnDevice gradient(*device_, random.matrix(N, K));
      const auto weight = device_->prepare_weight(there.parameters, precision, WeightUse::training);
      std::vector<AdamwUpdate> updates;
      for (const auto& [first, count] : {std::pair(int64_t{0}, int64_t{13}), {13, 17}}) {
        const auto part = [&, offset = first * K, size = count * K](const OnDevice& tensor) {
          return tensor.flat().subspan(static_cast<size_t>(offset), static_cast<size_t>(size));
        };
        updates.push_back(
            {{part(there.parameters), part(there.first_moment), part(there.second_moment)},
             part(gradient),
             rates_of_step(1, 0.1, 0.1),
             weight.get(),
             first});
      }
      const auto product = [&](const PreparedWeight& multiplied) {
        const OnDevice out(*device_, 5, N);
        device_->linear(in, multiplied, {}, Activation::none, out);
        return out.download().values;
      };
      const std::vector<float> before = product(*weight);
      device_->adamw_step(updates);
      const auto fresh = device_->prepare_weight(there.parameters, precision, WeightUse::training);
      const std::vector<float> after = product(*weight);
      EXPECT_NE(after, before) << precision_name(precision);
      EXPECT_EQ(after, product(*fresh)) << precision_name(precision);
    }
  }
}

// Written by torch 2.15: AdamW(lr=0.01, weight_decay=0.1), three steps.
TEST_P(AdamwTest, StepsAgreeWithTorch) {
  Matrix initial(1, 4);
  initial.values = {0.5F, -1, 2, 0};
  const std::vector<std::vector<float>> gradients = {
      {0.1F, -0.2F, 0.3F, 0}, {0, 0.5F, -0.3F, 1}, {1e-6F, 0.25F, 0, -2}};
  Matrix expected(1, 4);
  expected.values = {0.476648003F, -0.997232139F, 1.984958768F, -0.004291066F};
  for (Backend* backend : {device_.get(), reference_.get()}) {
    const StateThere there(*backend, initial);
    for (int step = 1; step <= 3; ++step) {
      Matrix gradient(1, 4);
      gradient.values = gradients[step - 1];
      step_all(*backend, there.state(), gradient, rates_of_step(step, 0.01, 0.1));
    }
    expect_close("parameters", there.parameters.download(), expected, 2e-7);
  }
}

// Rows that are not updated and replay their steps later end at the values of dense AdamW.
TEST_P(AdamwTest, RowsEqualDenseSteps) {
  constexpr int kSteps = 12;
  const std::vector<AdamwRates> rates = schedule(kSteps);
  for (const int64_t H : {1, 8, 30, 64}) {
    const int64_t V = 23;
    Random random(static_cast<uint32_t>(H));
    const Matrix initial = random.matrix(V, H);
    const std::vector<Touched> touches = random_touches(random, kSteps, V, H);
    std::vector<int32_t> all_rows(static_cast<size_t>(V));
    std::iota(all_rows.begin(), all_rows.end(), 0);

    for (Backend* backend : {device_.get(), reference_.get()}) {
      const StateThere dense(*backend, initial);
      const StateThere deferred(*backend, initial);
      std::vector<int32_t> last_steps(static_cast<size_t>(V));
      for (int step = 0; step < kSteps; ++step) {
        const Touched& touched = touches[step];
        const std::span<const AdamwRates> so_far(rates.data(), step + 1);
        Matrix whole(V, H);
        for (size_t u = 0; u < touched.rows.size(); ++u) {
          std::copy_n(touched.gradient.row(u), H, whole.row(touched.rows[u]));
        }
        step_all(*backend, dense.state(), whole, rates[step]);
        backend->adamw_step_rows(deferred.state(),
                                 touched.rows,
                                 OnDevice(*backend, touched.gradient),
                                 last_steps,
                                 so_far);
        for (const int32_t row : touched.rows) {
          EXPECT_EQ(last_steps[row], step + 1);
        }
        if (step == kSteps / 2 || step == kSteps - 1) {
          backend->adamw_step_rows(deferred.state(), all_rows, {}, last_steps, so_far);
          EXPECT_EQ(last_steps, std::vector<int32_t>(V, step + 1));
        }
      }
      const std::vector<Result> found = deferred.results(kStep);
      const std::vector<Result> expected = dense.results(kStep);
      for (size_t i = 0; i < found.size(); ++i) {
        expect_close(std::string(backend->name()) + " " + found[i].name,
                     found[i].values,
                     expected[i].values,
                     found[i].tolerance);
      }
    }
  }
}

TEST_P(AdamwTest, RowsAgreeWithReference) {
  constexpr int kSteps = 9;
  const std::vector<AdamwRates> rates = schedule(kSteps);
  for (const int64_t H : {1, 17, 64}) {
    const int64_t V = 31;
    Random random(static_cast<uint32_t>(H));
    const Matrix initial = random.matrix(V, H);
    const std::vector<Touched> touches = random_touches(random, kSteps, V, H);
    expect_agreement([&](Backend& backend) {
      const StateThere there(backend, initial);
      std::vector<int32_t> last_steps(static_cast<size_t>(V));
      for (int step = 0; step < kSteps; ++step) {
        backend.adamw_step_rows(there.state(),
                                touches[step].rows,
                                OnDevice(backend, touches[step].gradient),
                                last_steps,
                                {rates.data(), static_cast<size_t>(step) + 1});
      }
      return there.results(kStep);
    });
  }
}

TEST_P(AdamwTest, SumGradientsAgreesWithReference) {
  for (const int64_t count : {0, 1, 15, 16, 17, 1000, 40000}) {
    for (const int part_count : {1, 2, 3}) {
      Random random(static_cast<uint32_t>(count));
      std::vector<Matrix> parts;
      parts.reserve(static_cast<size_t>(part_count));
      for (int part = 0; part < part_count; ++part) {
        parts.push_back(random.matrix(1, count, 0.1));
      }
      expect_agreement([&](Backend& backend) {
        std::vector<OnDevice> there;
        std::vector<std::span<const float>> flat;
        for (const Matrix& part : parts) {
          there.emplace_back(backend, part);
          flat.push_back(there.back().flat());
        }
        const OnDevice out(backend, 1, count);
        Matrix norms(1, 2);
        norms.values[0] = static_cast<float>(backend.sum_gradients(flat, out.flat()));
        // The sum may overwrite a part.
        norms.values[1] = static_cast<float>(backend.sum_gradients(flat, there[0].flat()));
        // Squares are summed in double.
        return std::vector<Result>{{"norms", norms, 2e-6},
                                   {"out", out.download(), 2e-7},
                                   {"out in a part", there[0].download(), 2e-7}};
      });
    }
  }
}

// More than a device has threads for.
TEST_P(AdamwTest, SumsManyGradients) {
  constexpr int64_t kCount = 1'100'000;
  const Matrix ones(1, kCount, 1);
  const OnDevice there(*device_, ones);
  const OnDevice out(*device_, 1, kCount);
  const std::span<const float> parts[] = {there.flat(), there.flat()};
  EXPECT_EQ(device_->sum_gradients(parts, out.flat()), 4.0 * kCount);
  EXPECT_EQ(out.download().values, std::vector<float>(kCount, 2));
}

INSTANTIATE_TEST_SUITE_P(Devices, AdamwTest, testing::ValuesIn(devices_under_test()), device_label);

}  // namespace
}  // namespace fastintent
