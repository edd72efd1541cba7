#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

#include "compute/backend.h"
#include "compute/on_device.h"
#include "devices/create_backend.h"
#include "folder.h"

// The processor's operations against the reference, in shapes and numbers that the input chooses.
// FASTINTENT_FORCE_ISA chooses the instruction set, as everywhere; scripts/fuzz_nightly.sh runs the
// same inputs in each that the machine has.

namespace {

using namespace fastintent;

// The input, byte by byte; zeros after its end.
class Choices {
 public:
  Choices(const uint8_t* data, size_t size) : next_(data), end_(data + size) {}

  int64_t below(int64_t limit) {
    const int64_t low = byte();
    return (low + 256 * byte()) % limit;
  }
  bool flip() { return byte() % 2 == 1; }
  uint32_t seed() { return static_cast<uint32_t>(below(65536) * 65536 + below(65536)); }
  /// Rows or columns: mostly around the sizes of tiles and vectors.
  int64_t size(int64_t largest) {
    constexpr int64_t kEdges[] = {1, 2, 3, 5, 6, 7, 8, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 96};
    const int64_t edge = kEdges[below(std::size(kEdges))];
    return std::min(flip() ? 1 + below(largest) : edge, largest);
  }
  double limit() {
    constexpr double kLimits[] = {1, 1e-3, 1e-20, 30, 1e4};
    return kLimits[below(std::size(kLimits))];
  }

 private:
  uint8_t byte() { return next_ == end_ ? 0 : *next_++; }

  const uint8_t* next_;
  const uint8_t* end_;
};

double largest(const Matrix& matrix) {
  double result = 0;
  for (const float value : matrix.values) {
    result = std::max(result, std::abs(double{value}));
  }
  return result;
}

// No number is further from the expected one than `error`.
void require_close(const Matrix& found, const Matrix& expected, double error, const char* name) {
  for (size_t i = 0; i < expected.values.size(); ++i) {
    const double difference = std::abs(double{found.values[i]} - expected.values[i]);
    // Negated, so that NaN fails. The smallest normal number: some instruction sets flush to zero.
    if (!(difference <= error + 1.2e-38)) {
      std::fprintf(stderr,
                   "%s [%d,%d] at %d: expected %g, found %g\n",
                   name,
                   static_cast<int>(expected.rows),
                   static_cast<int>(expected.columns),
                   static_cast<int>(i),
                   expected.values[i],
                   found.values[i]);
      fuzz::require(false);
    }
  }
}

// The first rows alone have the same bits as among others (law 2 of the architecture).
void require_equal_rows(const Matrix& few, const Matrix& all) {
  fuzz::require(
      std::memcmp(few.values.data(), all.values.data(), few.values.size() * sizeof(float)) == 0);
}

struct Backends {
  std::unique_ptr<Backend> device = create_backend(Device::cpu);
  std::unique_ptr<Backend> reference = create_backend(Device::reference);
};

void check_linear(Choices& choices, Backends& backends) {
  constexpr Precision kPrecisions[] = {Precision::fp32, Precision::bf16, Precision::int8};
  constexpr Activation kActivations[] = {
      Activation::none, Activation::gelu, Activation::tanh, Activation::relu};
  const Precision precision = kPrecisions[choices.below(3)];
  const Activation activation = kActivations[choices.below(4)];
  const int64_t T = choices.size(300);
  const int64_t K = choices.size(400);
  const int64_t N = choices.size(400);
  const bool with_bias = choices.flip();
  Random random(choices.seed());
  const double terms = std::sqrt(static_cast<double>(K));
  const Matrix in = random.matrix(T, K, choices.limit());
  const Matrix weight = random.matrix(N, K, choices.limit() / terms);
  const Matrix bias = random.matrix(1, N, choices.limit());
  const auto run = [&](Backend& backend, const Matrix& rows) {
    const OnDevice in_there(backend, rows);
    const OnDevice bias_there(backend, bias);
    const OnDevice out(backend, rows.rows, N);
    const auto prepared = backend.prepare_weight(weight.tensor(), precision, WeightUse::inference);
    backend.linear(
        in_there, *prepared, with_bias ? bias_there.flat() : std::span<float>(), activation, out);
    return out.download();
  };
  // Of the sum of the terms' sizes. In int8, float sums decide where an activation is as near to one
  // quantised value as to the next.
  const double tolerance = precision == Precision::int8 ? 1e-2 : 2e-6;
  const double sum = largest(in) * largest(weight) * terms * terms + largest(bias);
  const Matrix found = run(*backends.device, in);
  require_close(found, run(*backends.reference, in), tolerance * sum, "linear");
  const int64_t few = 1 + choices.below(T);
  require_equal_rows(run(*backends.device, in.slice(0, few)), found);
}

void check_attention(Choices& choices, Backends& backends) {
  constexpr int64_t kWidths[] = {1, 8, 15, 16, 30, 32, 64};  // of a head
  const int64_t heads = 1 + choices.below(4);
  const int64_t H = heads * kWidths[choices.below(std::size(kWidths))];
  const int64_t T = choices.size(300);
  Random random(choices.seed());
  const std::vector<int32_t> starts = random.starts(T, choices.size(300));
  // Scores far apart are as uneven as softmax gets; larger ones are no model's.
  const Matrix q = random.matrix(T, H, choices.flip() ? 3 : 30);
  const Matrix k = random.matrix(T, H, 2);
  const Matrix v = random.matrix(T, H, choices.limit());
  const Dropout dropout =
      choices.flip() ? Dropout{} : Dropout{0.1F, static_cast<uint64_t>(choices.seed())};
  const auto run = [&](Backend& backend) {
    const OnDevice q_there(backend, q);
    const OnDevice k_there(backend, k);
    const OnDevice v_there(backend, v);
    const OnDevice out(backend, T, H);
    backend.attention({q_there, k_there, v_there, {starts, starts}, heads, dropout}, out);
    return out.download();
  };
  const Matrix expected = run(*backends.reference);
  require_close(run(*backends.device), expected, 1e-4 * largest(v), "attention");
}

void check_normalisation(Choices& choices, Backends& backends) {
  const int64_t T = choices.size(300);
  const int64_t H = 1 + choices.size(400);
  Random random(choices.seed());
  const Matrix in = random.matrix(T, H, choices.limit());
  const Matrix residual = random.matrix(T, H, 2);
  const Matrix scale = random.matrix(1, H);
  const Matrix shift = random.matrix(1, H);
  const auto run = [&](Backend& backend, const Matrix& rows, const Matrix& others) {
    const OnDevice in_there(backend, rows);
    const OnDevice residual_there(backend, others);
    const OnDevice scale_there(backend, scale);
    const OnDevice shift_there(backend, shift);
    const OnDevice out(backend, rows.rows, H);
    backend.add_and_normalize(
        in_there, residual_there, {scale_there.flat(), shift_there.flat(), 1e-6F}, {}, out);
    return out.download();
  };
  const Matrix found = run(*backends.device, in, residual);
  // Of two columns that nearly agree, the difference has few digits.
  require_close(found, run(*backends.reference, in, residual), 1e-3, "add_and_normalize");
  const int64_t few = 1 + choices.below(T);
  require_equal_rows(run(*backends.device, in.slice(0, few), residual.slice(0, few)), found);
}

void check_pool(Choices& choices, Backends& backends) {
  const int64_t T = choices.size(300);
  const int64_t H = choices.size(400);
  Random random(choices.seed());
  const std::vector<int32_t> starts = random.starts(T, choices.size(300));
  const Matrix hidden = random.matrix(T, H, choices.limit());
  const Pooling pooling = choices.flip() ? Pooling::mean : Pooling::first_token;
  const auto run = [&](Backend& backend) {
    const OnDevice hidden_there(backend, hidden);
    const OnDevice out(backend, std::ssize(starts) - 1, H);
    backend.pool(hidden_there, starts, pooling, out);
    return out.download();
  };
  const Matrix expected = run(*backends.reference);
  require_close(run(*backends.device), expected, 1e-6 * largest(hidden), "pool");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Backends backends;
  Choices choices(data, size);
  switch (choices.below(4)) {
    case 0:
      check_linear(choices, backends);
      break;
    case 1:
      check_attention(choices, backends);
      break;
    case 2:
      check_normalisation(choices, backends);
      break;
    default:
      check_pool(choices, backends);
  }
  return 0;
}
