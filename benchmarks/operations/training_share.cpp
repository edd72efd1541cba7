// How one MiniLM layer spends its time in training: 16 sequences of 15 tokens, one thread, forward
// with backward, in f32 and bf16. The limit is the rate of a product with its factors in the cache,
// measured in the same run; for prediction see prediction_share.
// Results of the operations are checked by operations_benchmark and the tests.

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>

#include "devices/create_backend.h"
#include "fastest.h"
#include "random_data.h"

namespace fastintent::benchmarks {
namespace {

constexpr int64_t kSequences = 16;
constexpr int64_t kLength = 15;
constexpr int64_t T = kSequences * kLength;

class Table {
 public:
  explicit Table(double peak) : peak_(peak) {}

  void add(const std::string& name, double flops, const std::function<void()>& run) {
    const double seconds = seconds_of(run);
    rows_.push_back({name, flops, seconds});
  }

  void print(const std::string& title) const {
    double total = 0;
    double flops = 0;
    for (const Row& row : rows_) {
      total += row.seconds;
      flops += row.flops;
    }
    fmt::print("{}: {:.0f} us, {:.0f} GFLOP/s, {:.1f} % of the limit {:.0f}\n",
               title,
               total * 1e6,
               flops / total * 1e-9,
               100 * flops / total / peak_,
               peak_ * 1e-9);
    for (const Row& row : rows_) {
      fmt::print(
          "  {:32} {:8.1f} us {:6.1f} %", row.name, row.seconds * 1e6, 100 * row.seconds / total);
      if (row.flops > 0) {
        fmt::print("  {:6.0f} GFLOP/s", row.flops / row.seconds * 1e-9);
      }
      fmt::print("\n");
    }
  }

 private:
  struct Row {
    std::string name;
    double flops;
    double seconds;
  };
  double peak_;
  std::vector<Row> rows_;
};

double peak_of(Backend& backend, Precision precision) {
  constexpr int64_t kRows = 512;
  RandomData data(backend);
  const Tensor in = data.normal(kRows, kHidden);
  const Tensor out = data.zeros(kRows, kHidden);
  const auto& weight = data.weight(kHidden, kHidden, precision, WeightUse::training);
  const double seconds = seconds_of([&] { backend.linear(in, weight, {}, Activation::none, out); });
  return 2.0 * kRows * kHidden * kHidden / seconds;
}

struct Shape {
  const char* name;
  int64_t K;
  int64_t N;
  Activation activation;
};
constexpr Shape kLinears[] = {{"query, key, value", kHidden, 3 * kHidden, Activation::none},
                              {"attention output", kHidden, kHidden, Activation::none},
                              {"intermediate, gelu", kHidden, kIntermediate, Activation::gelu},
                              {"output", kIntermediate, kHidden, Activation::none}};

// A layer's operations into `table`, with dropout, keeping the values that backward needs.
void add_layer(Backend& backend, Precision precision, Table& table) {
  RandomData data(backend);
  const Dropout dropout{0.1F, 7};
  const auto starts = equal_starts(kSequences, kLength);
  const AttentionSpans spans{starts, starts};

  for (const Shape& shape : kLinears) {
    const auto K = shape.K;
    const auto N = shape.N;
    const auto activation = shape.activation;
    const Tensor in = data.normal(T, K);
    const Tensor out = data.normal(T, N);
    // Backward multiplies d_out by the slope again and again; at 10 the slope is 1, so d_out does
    // not change.
    const bool keeps_pre = activation != Activation::none;
    const Tensor pre = keeps_pre ? data.zeros(T, N) : Tensor();
    std::ranges::fill(RandomData::flat(pre), 10.0F);
    const Tensor d_in = data.zeros(T, K);
    const Tensor d_weight = data.zeros(N, K);
    const auto& weight = data.weight(N, K, precision, WeightUse::training);
    const auto bias = data.normal_row(N);
    const double flops = 2.0 * static_cast<double>(T * K * N);
    const Tensor pre_out = keeps_pre ? data.zeros(T, N) : Tensor();
    table.add(
        shape.name, flops, [&] { backend.linear(in, weight, bias, activation, out, pre_out); });
    table.add(std::string(shape.name) + " backward", 2 * flops, [&] {
      backend.linear_backward(in,
                              weight,
                              activation,
                              pre,
                              out,
                              {d_in, Write::overwrite, d_weight, bias, Write::overwrite});
    });
  }

  const Tensor qkv = data.normal(T, 3 * kHidden);
  const Tensor q = qkv.column_slice(0, kHidden);
  const Tensor k = qkv.column_slice(kHidden, kHidden);
  const Tensor v = qkv.column_slice(2 * kHidden, kHidden);
  const Tensor d_qkv = data.zeros(T, 3 * kHidden);
  const Tensor out = data.zeros(T, kHidden);
  table.add("attention", 0, [&] { backend.attention({q, k, v, spans, kHeads, dropout}, out); });
  table.add("attention backward", 0, [&] {
    backend.attention_backward({q, k, v, spans, kHeads, dropout},
                               out,
                               {d_qkv.column_slice(0, kHidden),
                                d_qkv.column_slice(kHidden, kHidden),
                                d_qkv.column_slice(2 * kHidden, kHidden)});
  });

  const Tensor residual = data.normal(T, kHidden);
  const auto scale = data.normal_row(kHidden);
  const LayerNorm layer_norm{scale, scale, 1e-12F};
  const NormalizedRows keep{data.zeros(T, kHidden), RandomData::flat(data.zeros(1, T))};
  const auto d_scale = data.normal_row(kHidden);
  const auto d_shift = data.normal_row(kHidden);
  const Tensor in = q;
  for (const char* name : {"add and normalize, 1", "add and normalize, 2"}) {
    table.add(
        name, 0, [&] { backend.add_and_normalize(in, residual, layer_norm, dropout, out, keep); });
    table.add(std::string(name) + " backward", 0, [&] {
      backend.add_and_normalize_backward(keep,
                                         scale,
                                         dropout,
                                         residual,
                                         out,
                                         d_qkv.column_slice(0, kHidden),
                                         {d_scale, d_shift, Write::overwrite});
    });
  }
}

}  // namespace
}  // namespace fastintent::benchmarks

int main() {
  using namespace fastintent;
  using namespace fastintent::benchmarks;
  const auto backend = create_backend(Device::cpu);
  fmt::print("{}, one thread, {} sequences of {} tokens\n", backend->name(), kSequences, kLength);
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    Table table(peak_of(*backend, precision));
    add_layer(*backend, precision, table);
    table.print(fmt::format("{} forward and backward", precision_name(precision)));
  }
  return 0;
}
