// How the fused encoder spends its time, on one thread: each operation of a layer in each
// precision, at the sizes of MiniLM and BERT-base, with its share of the processor's limit and of
// the layer; and the whole encoder beside their sum.
//
//     taskset -c 1 prediction_share [texts] [tokens of each]      (16 texts of 15 tokens)
//
// The limit is measured first: a tile product whose rows and panel stay in the L1 cache, which is
// within 3 % of a loop over registers alone (Zen 5). Operations run as FusedEncoder runs them, rows
// in its blocks; the tests compare their answers with plain loops and with the reference. The whole
// encoder is compared with its own result in fp32 before its clock starts.

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "cpu/kernels/attention.h"
#include "cpu/kernels/embed.h"
#include "cpu/kernels/factor_rows.h"
#include "cpu/kernels/finish_tile.h"
#include "cpu/panel_product.h"
#include "cpu/scratch.h"
#include "devices/create_backend.h"
#include "fastest.h"
#include "random_data.h"

namespace fastintent::benchmarks {
namespace {

using cpu::Factor;
using cpu::kPanelColumns;
using cpu::kTileRows;

constexpr int64_t kBlockRows = 8 * kTileRows;  // as in cpu/fused_encoder.cpp

struct Model {
  const char* name;
  int64_t hidden;
  int64_t intermediate;
  int64_t heads;
  int64_t layers;
};
constexpr Model kModels[] = {{"MiniLM-L6", 384, 1536, 12, 6}, {"BERT-base", 768, 3072, 12, 12}};

struct Texts {
  int64_t count = 16;
  int64_t length = 15;
  int64_t tokens() const { return count * length; }
};

const cpu::PanelWeight& panels_of(const PreparedWeight& weight) {
  return static_cast<const cpu::PanelWeight&>(weight);
}

// Room for rows [rows,columns] in `element`.
class OwnedFactor {
 public:
  OwnedFactor(RandomData& data, cpu::Element element, int64_t rows, int64_t columns) {
    factor.element = element;
    factor.row_words = cpu::words_of(element, columns);
    factor.words = reinterpret_cast<uint32_t*>(data.zeros(rows, factor.row_words).data);
    factor.scales = data.zeros(1, rows).data;
    factor.zeros = data.zeros(1, rows).data;
  }
  Factor factor;
};

// FLOP per second of a tile product in the L1 cache.
double limit_of(cpu::Element element) {
  constexpr int64_t kWords = 96;  // a panel of 24 KB
  constexpr int64_t kTimes = 200;
  std::vector<uint32_t> rows(kTileRows * kWords);
  std::vector<uint32_t> panel(kWords * kPanelColumns);
  std::vector<uint32_t> sums(kTileRows * kPanelColumns);
  const cpu::TileProduct product = cpu::tile_products(element).back();
  const double seconds = seconds_of([&] {
    for (int64_t i = 0; i < kTimes; ++i) {
      product(rows.data(), kWords, panel.data(), kWords, sums.data());
    }
  });
  const int64_t products = kTileRows * kPanelColumns * kWords * cpu::elements_per_word(element);
  return 2.0 * static_cast<double>(products * kTimes) / seconds;
}

// Times of the operations of one layer.
class Table {
 public:
  explicit Table(double limit) : limit_(limit) {}

  // An operation, with the FLOP of its products.
  template <class Run>
  void add(const std::string& name, double flops, const Run& run) {
    rows_.push_back({name, flops, seconds_of(run), false});
    total_ += rows_.back().seconds;
    flops_ += flops;
  }
  // A part of the operation above, by itself.
  template <class Run>
  void add_part(const std::string& name, double flops, const Run& run) {
    rows_.push_back({"  " + name, flops, seconds_of(run), true});
  }

  // `encoder`: seconds of a layer where the whole encoder runs.
  void print(double encoder) const {
    fmt::print("  {:34}{:>9}{:>9}{:>8}{:>8}\n", "", "us", "GFLOP/s", "limit", "layer");
    for (const Row& row : rows_) {
      print(row);
    }
    print({"sum", flops_, total_, false});
    print({"a layer of the whole encoder", flops_, encoder, false});
  }

 private:
  struct Row {
    std::string name;
    double flops;
    double seconds;
    bool part;
  };

  void print(const Row& row) const {
    fmt::print("  {:34}{:9.1f}", row.name, row.seconds * 1e6);
    if (row.flops > 0) {
      const double rate = row.flops / row.seconds;
      fmt::print("{:9.0f}{:7.0f}%", rate * 1e-9, 100 * rate / limit_);
    } else {
      fmt::print("{:17}", "");
    }
    if (!row.part) {
      fmt::print("{:7.1f}%", 100 * row.seconds / total_);
    }
    fmt::print("\n");
  }

  double limit_;
  double total_ = 0;
  double flops_ = 0;
  std::vector<Row> rows_;
};

// Calls run(first, count) for blocks of rows, as the fused encoder runs them.
template <class Run>
void for_blocks(int64_t T, const Run& run) {
  for (int64_t first = 0; first < T; first += kBlockRows) {
    run(first, std::min(kBlockRows, T - first));
  }
}

// A dense layer with its epilogue, in blocks of `block` rows; and the two separately.
void add_dense(Table& table,
               Backend& backend,
               Precision precision,
               const std::string& name,
               Tensor in,
               int64_t N,
               Activation activation,
               bool with_residual,
               int64_t block) {
  RandomData data(backend);
  const int64_t T = in.rows;
  const int64_t K = in.columns;
  const cpu::PanelWeight& weight = panels_of(data.weight(N, K, precision, WeightUse::inference));
  const auto bias = data.normal_row(N);
  const Tensor residual = with_residual ? data.normal(T, N) : Tensor();
  const Tensor out = data.zeros(T, N);
  const OwnedFactor owned(data, weight.element(), T, K);
  const Factor factor = owned.factor;
  cpu::convert_rows(in, factor);
  const int64_t panels = weight.layout().panels();
  const double flops = 2.0 * static_cast<double>(T * K * N);
  table.add(name, flops, [&] {
    for (int64_t first = 0; first < T; first += block) {
      const int64_t count = std::min(block, T - first);
      const ConstTensor rest = with_residual ? residual.row_slice(first, count) : ConstTensor();
      cpu::multiply(factor.from(first),
                    weight,
                    {0, panels},
                    {bias, activation, rest},
                    out.row_slice(first, count));
    }
  });
  const bool int8 = weight.element() == cpu::Element::int8;
  const cpu::TileProducts products = cpu::tile_products(weight.element());
  alignas(64) static uint32_t sums[kTileRows * kPanelColumns];
  const auto for_tiles = [&](const auto& run) {
    for (int64_t block_first = 0; block_first < T; block_first += block) {
      const int64_t end = std::min(T, block_first + block);
      for (int64_t panel = 0; panel < panels; ++panel) {
        for (int64_t row = block_first; row < end; row += kTileRows) {
          run(panel, row, std::min(kTileRows, end - row));
        }
      }
    }
  };
  table.add_part("tile products", flops, [&] {
    for_tiles([&](int64_t panel, int64_t row, int64_t rows) {
      products[static_cast<size_t>(rows - 1)](
          factor.row(row), factor.row_words, weight.panel(panel), weight.layout().words(), sums);
    });
  });
  table.add_part("epilogue", 0, [&] {
    for_tiles([&](int64_t panel, int64_t row, int64_t rows) {
      const int64_t column = panel * kPanelColumns;
      const int64_t columns = std::min(kPanelColumns, N - column);
      const auto place = [&](auto tensor) {
        return tensor.row_slice(row, rows).column_slice(column, columns);
      };
      cpu::finish_tile({sums, kPanelColumns, weight.element()},
                       int8 ? cpu::Int8Scales{factor.scales + row,
                                              factor.zeros + row,
                                              weight.scales() + column,
                                              weight.sums() + column}
                            : cpu::Int8Scales{},
                       bias.data() + column,
                       activation,
                       with_residual ? ConstTensor(place(residual)) : ConstTensor(),
                       place(out));
    });
  });
}

void add_attention(Table& table, Backend& backend, const Model& model, const Texts& texts) {
  RandomData data(backend);
  const int64_t H = model.hidden;
  const Tensor all = data.normal(texts.tokens(), 3 * H);
  const Tensor out = data.zeros(texts.tokens(), H);
  const auto starts = equal_starts(texts.count, texts.length);
  cpu::Scratch scratch;
  float* floats = scratch.floats(cpu::attention_scratch(starts, H / model.heads, 0));
  const double flops = 4.0 * static_cast<double>(texts.tokens() * texts.length * H);
  table.add("attention", flops, [&] {
    cpu::attention({all.column_slice(0, H),
                    all.column_slice(H, H),
                    all.column_slice(2 * H, H),
                    {starts, starts},
                    model.heads,
                    {}},
                   out,
                   floats);
  });
}

void add_layer(
    Table& table, Backend& backend, Precision precision, const Model& model, const Texts& texts) {
  RandomData data(backend);
  const int64_t T = texts.tokens();
  const int64_t H = model.hidden;
  const int64_t I = model.intermediate;
  const Tensor hidden = data.normal(T, H);
  const Tensor gelu = data.normal(T, I);
  const cpu::Element element = cpu::element_of(precision);
  const OwnedFactor hidden_factor(data, element, T, H);
  const OwnedFactor gelu_factor(data, element, T, I);
  const LayerNorm norm{data.normal_row(H), data.normal_row(H), 1e-12F};
  const auto add_norm = [&](const std::string& name) {
    table.add(name, 0, [&] {
      for_blocks(T, [&](int64_t first, int64_t count) {
        cpu::normalize_rows(hidden.row_slice(first, count), norm, hidden_factor.factor.from(first));
      });
    });
  };
  const auto add_convert = [&](const std::string& name, Tensor rows, const Factor& out) {
    table.add(name, 0, [&] {
      for_blocks(T, [&](int64_t first, int64_t count) {
        cpu::convert_rows(rows.row_slice(first, count), out.from(first));
      });
    });
  };
  const auto none = Activation::none;
  add_dense(table, backend, precision, "query, key, value", hidden, 3 * H, none, false, T);
  add_attention(table, backend, model, texts);
  add_convert("convert context", hidden, hidden_factor.factor);
  add_dense(
      table, backend, precision, "attention output, residual", hidden, H, none, true, kBlockRows);
  add_norm("normalize, convert");
  add_dense(table,
            backend,
            precision,
            "intermediate, gelu",
            hidden,
            I,
            Activation::gelu,
            false,
            kBlockRows);
  add_convert("convert gelu", gelu, gelu_factor.factor);
  add_dense(table, backend, precision, "output, residual", gelu, H, none, true, kBlockRows);
  add_norm("normalize, convert");
}

// A complete encoder with random weights, different in each layer.
class Encoder {
 public:
  Encoder(Backend& backend, Precision precision, const Model& model, const Texts& texts)
      : backend_(backend),
        data_(backend),
        ids_(static_cast<size_t>(texts.tokens())),
        positions_(ids_.size()),
        starts_(equal_starts(texts.count, texts.length)),
        out_(data_.zeros(texts.tokens(), model.hidden)) {
    const int64_t H = model.hidden;
    for (size_t t = 0; t < ids_.size(); ++t) {
      ids_[t] = static_cast<int32_t>(t * 7919 % kWords);
      positions_[t] = static_cast<int32_t>(t % static_cast<size_t>(texts.length));
    }
    const auto norm = [&] {
      const auto ones = data_.normal_row(H);
      for (float& scale : ones) {
        scale = 1;
      }
      return LayerNorm{ones, data_.normal_row(H), 1e-12F};
    };
    const auto dense = [&](int64_t N, int64_t K) -> PreparedLinear {
      const Tensor weight = data_.normal(N, K, 1 / std::sqrt(static_cast<float>(K)));
      return {backend.prepare_weight(weight, precision, WeightUse::inference), data_.normal_row(N)};
    };
    encoder_.heads = model.heads;
    encoder_.tables = {data_.normal(kWords, H), data_.normal(texts.length, H), data_.normal(2, H)};
    encoder_.embedding_norm = norm();
    for (int64_t l = 0; l < model.layers; ++l) {
      PreparedLayer& layer = encoder_.layers.emplace_back();
      layer.query_key_value = dense(3 * H, H);
      layer.attention_output = dense(H, H);
      layer.attention_norm = norm();
      layer.intermediate = dense(model.intermediate, H);
      layer.output = dense(H, model.intermediate);
      layer.output_norm = norm();
    }
  }

  void run() { backend_.try_encode({ids_, {}, positions_}, starts_, encoder_, nullptr, out_); }
  void embed() {
    cpu::embed({ids_, {}, positions_}, encoder_.tables, encoder_.embedding_norm, out_, {});
  }
  std::span<const float> result() const { return RandomData::flat(out_); }

 private:
  static constexpr int64_t kWords = 2000;

  Backend& backend_;
  RandomData data_;
  std::vector<int32_t> ids_;
  std::vector<int32_t> positions_;
  std::vector<int32_t> starts_;
  Tensor out_;
  PreparedEncoder encoder_;
};

// Length of the difference relative to that of `expected`.
double distance(std::span<const float> found, std::span<const float> expected) {
  double difference = 0;
  double length = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    difference += std::pow(double{found[i]} - expected[i], 2);
    length += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / length);
}

int measure(Backend& backend, const Model& model, const Texts& texts) {
  std::vector<float> expected;
  for (const Precision precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    Encoder encoder(backend, precision, model, texts);
    encoder.run();
    const auto result = encoder.result();
    if (precision == Precision::fp32) {
      expected.assign(result.begin(), result.end());
    }
    // Steps of 8 bits for random weights and activations, through all layers.
    if (const double off = distance(result, expected); !(off < 0.2)) {
      fmt::print(stderr,
                 "{} {}: {} off from fp32, nothing measured\n",
                 model.name,
                 precision_name(precision),
                 off);
      return 1;
    }
    const double limit = limit_of(cpu::element_of(precision));
    Table table(limit);
    add_layer(table, backend, precision, model, texts);
    const double seconds = seconds_of([&] { encoder.run(); });
    const double embedding = seconds_of([&] { encoder.embed(); });
    fmt::print(
        "\n{} {}, {} texts of {} tokens: {:.0f} us, {:.0f} texts/s; embedding {:.0f} us; limit "
        "{:.0f} GFLOP/s\n",
        model.name,
        precision_name(precision),
        texts.count,
        texts.length,
        seconds * 1e6,
        static_cast<double>(texts.count) / seconds,
        embedding * 1e6,
        limit * 1e-9);
    table.print((seconds - embedding) / static_cast<double>(model.layers));
  }
  return 0;
}

}  // namespace
}  // namespace fastintent::benchmarks

int main(int argc, char** argv) {
  using namespace fastintent;
  using namespace fastintent::benchmarks;
  Texts texts;
  if (argc > 1) {
    texts.count = std::atoll(argv[1]);
  }
  if (argc > 2) {
    texts.length = std::atoll(argv[2]);
  }
  if (texts.count < 1 || texts.length < 1) {
    fmt::print(stderr, "usage: prediction_share [texts] [tokens of each], both at least 1\n");
    return 64;
  }
  const auto backend = create_backend(Device::cpu);
  fmt::print("{}, one thread\n", backend->name());
  for (const Model& model : kModels) {
    if (const int failed = measure(*backend, model, texts); failed != 0) {
      return failed;
    }
  }
  return 0;
}
