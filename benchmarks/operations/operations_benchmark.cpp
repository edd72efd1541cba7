// Each operation of the processor's backend at the shapes of MiniLM, one thread, with 256 tokens;
// attention with the sequences in its name. Each result is compared with the reference before the
// clock starts; a result that differs is reported as an error without a time. Products report
// FLOP/s, the others bytes of their arguments per second. Linear layers are those of training;
// prediction's are in prediction_share.

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>

#include "devices/create_backend.h"
#include "random_data.h"

namespace fastintent::benchmarks {
namespace {

constexpr int64_t T = 256;

// An operation bound to a backend and its data.
struct Bound {
  std::function<void()> run;
  Tensor result;
};

struct Operation {
  std::string name;
  double flops = 0;
  double floats = 0;  ///< read and written
  double tolerance = 1e-4;
  std::function<Bound(Backend&, RandomData&)> bind;
};

double largest_difference(const Operation& operation, Backend& backend) {
  const auto reference = create_backend(Device::reference);
  RandomData data(backend);
  RandomData reference_data(*reference);
  const Bound found = operation.bind(backend, data);
  const Bound expected = operation.bind(*reference, reference_data);
  found.run();
  expected.run();
  double largest = 0;
  for (int64_t r = 0; r < found.result.rows; ++r) {
    for (int64_t c = 0; c < found.result.columns; ++c) {
      const double want = expected.result.row(r)[c];
      const double off = std::abs(found.result.row(r)[c] - want) / (1 + std::abs(want));
      // Negated, so that NaN counts as a difference.
      if (!(off <= largest)) {
        largest = off;
      }
    }
  }
  return largest;
}

void measure(benchmark::State& state, const Operation& operation) {
  const auto backend = create_backend(Device::cpu);
  const double difference = largest_difference(operation, *backend);
  if (!(difference <= operation.tolerance)) {
    state.SkipWithError(fmt::format("differs from the reference by {}", difference).c_str());
    return;
  }
  RandomData data(*backend);
  const Bound bound = operation.bind(*backend, data);
  for (auto iteration : state) {
    benchmark::DoNotOptimize(iteration);
    bound.run();
  }
  const auto per_second = benchmark::Counter::kIsIterationInvariantRate;
  if (operation.flops > 0) {
    state.counters["FLOP/s"] = {operation.flops, per_second};
  }
  if (operation.floats > 0) {
    state.counters["B/s"] = {4 * operation.floats, per_second};
  }
}

Operation linear(
    std::string name, int64_t K, int64_t N, Precision precision, Activation activation) {
  return {std::move(name),
          2.0 * static_cast<double>(T * K * N),
          0,
          precision == Precision::bf16 ? 1e-3 : 1e-5,
          [=](Backend& backend, RandomData& data) -> Bound {
            const Tensor in = data.normal(T, K);
            const auto& weight = data.weight(N, K, precision, WeightUse::training);
            const auto bias = data.normal_row(N);
            const Tensor out = data.zeros(T, N);
            return {[=, &backend, &weight] { backend.linear(in, weight, bias, activation, out); },
                    out};
          }};
}

Operation linear_backward(std::string name, int64_t K, int64_t N, Precision precision) {
  return {std::move(name),
          4.0 * static_cast<double>(T * K * N),
          0,
          precision == Precision::bf16 ? 1e-3 : 1e-4,
          [=](Backend& backend, RandomData& data) -> Bound {
            const Tensor in = data.normal(T, K);
            const auto& weight = data.weight(N, K, precision, WeightUse::training);
            const Tensor d_out = data.normal(T, N);
            const Tensor d_in = data.zeros(T, K);
            const Tensor d_weight = data.zeros(N, K);
            const auto d_bias = RandomData::flat(data.zeros(1, N));
            return {[=, &backend, &weight] {
                      backend.linear_backward(
                          in,
                          weight,
                          Activation::none,
                          {},
                          d_out,
                          {d_in, Write::overwrite, d_weight, d_bias, Write::overwrite});
                    },
                    d_weight};
          }};
}

struct AttentionShape {
  std::vector<int32_t> starts;
  int64_t head_width = kHidden / kHeads;
};

// 35 sequences, one of each length from 6 to 40 tokens: those of most questions, unordered.
std::vector<int32_t> mixed_starts() {
  std::vector<int32_t> starts{0};
  for (int32_t s = 0; s < 35; ++s) {
    starts.push_back(starts.back() + 6 + s * 8 % 35);
  }
  return starts;
}

// FLOP of one product of attention, each query of a sequence with each key of it.
double attention_product_flops(const AttentionShape& shape) {
  double flops = 0;
  for (size_t s = 0; s + 1 < shape.starts.size(); ++s) {
    const double length = shape.starts[s + 1] - shape.starts[s];
    flops += 2 * length * length * static_cast<double>(kHeads * shape.head_width);
  }
  return flops;
}

Operation attention(std::string name, const AttentionShape& shape) {
  const int64_t tokens = shape.starts.back();
  const int64_t H = kHeads * shape.head_width;
  return {std::move(name),
          2 * attention_product_flops(shape),
          0,
          1e-4,
          [=](Backend& backend, RandomData& data) -> Bound {
            const Tensor qkv = data.normal(tokens, 3 * H);
            const Tensor out = data.zeros(tokens, H);
            return {[=, &backend] {
                      backend.attention({qkv.column_slice(0, H),
                                         qkv.column_slice(H, H),
                                         qkv.column_slice(2 * H, H),
                                         {shape.starts, shape.starts},
                                         kHeads,
                                         {}},
                                        out);
                    },
                    out};
          }};
}

// One query of each sequence: the last layer under first-token pooling.
Operation attention_of_first_tokens(std::string name, const AttentionShape& shape) {
  const int64_t tokens = shape.starts.back();
  const int64_t H = kHeads * shape.head_width;
  return {std::move(name),
          4.0 * static_cast<double>(tokens * H),
          0,
          1e-4,
          [=](Backend& backend, RandomData& data) -> Bound {
            const auto S = static_cast<int64_t>(shape.starts.size()) - 1;
            const Tensor q = data.normal(S, H);
            const Tensor kv = data.normal(tokens, 2 * H);
            const Tensor out = data.zeros(S, H);
            return {[=, &backend, query_starts = equal_starts(S, 1)] {
                      backend.attention({q,
                                         kv.column_slice(0, H),
                                         kv.column_slice(H, H),
                                         {query_starts, shape.starts},
                                         kHeads,
                                         {}},
                                        out);
                    },
                    out};
          }};
}

Operation attention_backward(std::string name, const AttentionShape& shape) {
  const int64_t tokens = shape.starts.back();
  const int64_t H = kHeads * shape.head_width;
  return {std::move(name),
          5 * attention_product_flops(shape),
          0,
          1e-4,
          [=](Backend& backend, RandomData& data) -> Bound {
            const Tensor qkv = data.normal(tokens, 3 * H);
            const Tensor d_out = data.normal(tokens, H);
            const Tensor d_qkv = data.zeros(tokens, 3 * H);
            return {[=, &backend] {
                      backend.attention_backward({qkv.column_slice(0, H),
                                                  qkv.column_slice(H, H),
                                                  qkv.column_slice(2 * H, H),
                                                  {shape.starts, shape.starts},
                                                  kHeads,
                                                  {}},
                                                 d_out,
                                                 {d_qkv.column_slice(0, H),
                                                  d_qkv.column_slice(H, H),
                                                  d_qkv.column_slice(2 * H, H)});
                    },
                    d_qkv};
          }};
}

Operation add_and_normalize(std::string name, float dropout_rate) {
  return {
      std::move(name), 0, 3 * T * kHidden, 1e-5, [=](Backend& backend, RandomData& data) -> Bound {
        const Tensor in = data.normal(T, kHidden);
        const Tensor residual = data.normal(T, kHidden);
        const LayerNorm layer_norm{data.normal_row(kHidden), data.normal_row(kHidden), 1e-12F};
        const Tensor out = data.zeros(T, kHidden);
        const Dropout dropout{dropout_rate, 7};
        return {
            [=, &backend] { backend.add_and_normalize(in, residual, layer_norm, dropout, out); },
            out};
      }};
}

Operation add_and_normalize_backward() {
  return {"add_and_normalize_backward",
          0,
          3 * T * kHidden,
          1e-4,
          [](Backend& backend, RandomData& data) -> Bound {
            const NormalizedRows kept{data.normal(T, kHidden), data.normal_row(T)};
            const auto scale = data.normal_row(kHidden);
            const Tensor d_out = data.normal(T, kHidden);
            const Tensor d_in = data.zeros(T, kHidden);
            const auto d_scale = RandomData::flat(data.zeros(1, kHidden));
            const auto d_shift = RandomData::flat(data.zeros(1, kHidden));
            return {[=, &backend] {
                      backend.add_and_normalize_backward(
                          kept, scale, {}, d_out, d_in, d_in, {d_scale, d_shift, Write::overwrite});
                    },
                    d_in};
          }};
}

Operation adamw_step() {
  constexpr int64_t kParameters = kHidden * kIntermediate;
  return {"adamw_step", 0, 7 * kParameters, 1e-4, [](Backend& backend, RandomData& data) -> Bound {
            const Tensor parameters = data.normal(1, kParameters);
            const auto gradient = data.normal_row(kParameters);
            const AdamwState state{RandomData::flat(parameters),
                                   RandomData::flat(data.zeros(1, kParameters)),
                                   RandomData::flat(data.zeros(1, kParameters))};
            const AdamwUpdate update{state, gradient, {.learning_rate = 1e-4F, .step_size = 1e-4F}};
            return {[=, &backend] { backend.adamw_step({&update, 1}); }, parameters};
          }};
}

Operation sum_gradients() {
  constexpr int64_t kParameters = kHidden * kIntermediate;
  return {"sum_gradients of two workers",
          0,
          3 * kParameters,
          1e-5,
          [](Backend& backend, RandomData& data) -> Bound {
            const std::vector<std::span<const float>> parts{data.normal_row(kParameters),
                                                            data.normal_row(kParameters)};
            const Tensor out = data.zeros(1, kParameters);
            return {[=, &backend] { backend.sum_gradients(parts, RandomData::flat(out)); }, out};
          }};
}

std::vector<Operation> all_operations() {
  std::vector<Operation> operations;
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    const std::string suffix = precision == Precision::fp32 ? "" : " bf16";
    const auto none = Activation::none;
    operations.push_back(linear("linear 384 to 1152" + suffix, 384, 1152, precision, none));
    operations.push_back(linear("linear 384 to 384" + suffix, 384, 384, precision, none));
    operations.push_back(linear("linear 384 to 1536" + suffix, 384, 1536, precision, none));
    operations.push_back(
        linear("linear 384 to 1536, gelu" + suffix, 384, 1536, precision, Activation::gelu));
    operations.push_back(linear("linear 1536 to 384" + suffix, 1536, 384, precision, none));
    operations.push_back(
        linear_backward("linear_backward 384 to 384" + suffix, 384, 384, precision));
    operations.push_back(
        linear_backward("linear_backward 384 to 1536" + suffix, 384, 1536, precision));
    operations.push_back(
        linear_backward("linear_backward 1536 to 384" + suffix, 1536, 384, precision));
  }
  const AttentionShape questions{equal_starts(16, 15)};
  const AttentionShape wide{questions.starts, 64};
  const AttentionShape mixed{mixed_starts()};
  const AttentionShape longest{equal_starts(1, 512)};
  operations.push_back(attention("attention, 16 of 15 tokens", questions));
  operations.push_back(attention("attention, 16 of 15 tokens, heads of 64", wide));
  operations.push_back(attention("attention, 35 of 6 to 40 tokens", mixed));
  operations.push_back(attention("attention, one of 512 tokens", longest));
  operations.push_back(attention_of_first_tokens("attention of 16 first tokens", questions));
  operations.push_back(attention_backward("attention_backward, 16 of 15 tokens", questions));
  operations.push_back(attention_backward("attention_backward, one of 512 tokens", longest));
  operations.push_back(add_and_normalize("add_and_normalize", 0));
  operations.push_back(add_and_normalize("add_and_normalize, dropout", 0.1F));
  operations.push_back(add_and_normalize_backward());
  operations.push_back(adamw_step());
  operations.push_back(sum_gradients());
  return operations;
}

}  // namespace
}  // namespace fastintent::benchmarks

int main(int argc, char** argv) {
  using namespace fastintent::benchmarks;
  const std::vector<Operation> operations = all_operations();
  for (const Operation& operation : operations) {
    benchmark::RegisterBenchmark(operation.name.c_str(),
                                 [&](benchmark::State& state) { measure(state, operation); });
  }
  const auto backend = fastintent::create_backend(fastintent::Device::cpu);
  benchmark::AddCustomContext("backend", std::string(backend->name()));
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
