// The four matrix products of a BERT-base layer by themselves, as the encoder requests them: TFLOP
// per second in each precision. Prints one JSON object; suite.py compares the figures with the
// GPU's peak.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "cuda/products.h"
#include "cuda/runtime.h"

namespace fastintent::benchmarks {
namespace {

using cuda::DeviceMemory;
using cuda::Epilogue;
using cuda::Factors;

struct Layer {
  const char* name;
  int64_t N;
  int64_t K;
  Epilogue epilogue;
};
constexpr Layer kLayers[] = {{"query, key, value", 2304, 768, Epilogue::bias},
                             {"attention output", 768, 768, Epilogue::bias},
                             {"intermediate, gelu", 3072, 768, Epilogue::bias_gelu_tanh},
                             {"output", 768, 3072, Epilogue::bias}};

struct Kind {
  const char* name;
  Factors factors;
  uint32_t keep;      // bits of a value that are random: its sign and its fraction
  uint32_t exponent;  // of values from 0.5 to 1, so that no sum overflows
};
// fp16 and bf16 have two values per word.
constexpr Kind kKinds[] = {{"fp16", Factors::fp16, 0x83FF83FF, 0x38003800},
                           {"bf16", Factors::bf16, 0x807F807F, 0x3F003F00},
                           {"tf32", Factors::tf32, 0x807FFFFF, 0x3F000000},
                           {"fp32", Factors::fp32, 0x807FFFFF, 0x3F000000}};

// Random values on the device: products of zeros run faster than those of data.
DeviceMemory random_values(const cuda::Stream& stream, const Kind& kind, int64_t count) {
  static std::mt19937 engine(1);
  const int64_t bytes = count * bytes_of(kind.factors);
  std::vector<uint32_t> words(static_cast<size_t>((bytes + 3) / 4));
  for (uint32_t& word : words) {
    word = (static_cast<uint32_t>(engine()) & kind.keep) | kind.exponent;
  }
  DeviceMemory memory(stream.device(), words.size() * sizeof(uint32_t));
  stream.upload(words.data(), memory.get(), memory.size());
  return memory;
}

// Median TFLOP per second of products [M,K] · [N,K]ᵀ.
double rate(const cuda::Stream& stream,
            cuda::Products& products,
            const Kind& kind,
            const Layer& layer,
            int64_t M) {
  constexpr int kProducts = 10;  // in a row, so that the device never waits for the host
  constexpr int kTimes = 7;
  const DeviceMemory left = random_values(stream, kind, M * layer.K);
  const DeviceMemory right = random_values(stream, kind, layer.N * layer.K);
  const DeviceMemory bias = random_values(stream, kind, layer.N);
  const DeviceMemory out = random_values(stream, kind, M * layer.N);
  cuda::Product product;
  product.factors = kind.factors;
  product.transpose_right = true;
  product.epilogue = layer.epilogue;
  cuda::ProductOperands operands;
  operands.left = left.get();
  operands.left_stride = layer.K;
  operands.right = right.get();
  operands.right_stride = layer.K;
  operands.bias = bias.get();
  operands.out = out.get();
  operands.out_stride = layer.N;
  const auto multiply = [&] {
    for (int i = 0; i < kProducts; ++i) {
      products.multiply(product, {M, layer.N, layer.K}, operands);
    }
  };
  multiply();
  stream.synchronize();
  std::vector<double> seconds;
  for (int i = 0; i < kTimes; ++i) {
    seconds.push_back(seconds_on_device(stream, multiply));
  }
  std::sort(seconds.begin(), seconds.end());
  const double flops = 2.0 * static_cast<double>(M * layer.N * layer.K) * kProducts;
  return flops / seconds[kTimes / 2] * 1e-12;
}

void measure(int64_t M) {
  const cuda::Stream stream(0);
  cuda::Products products(stream);
  std::string list;
  for (const Kind& kind : kKinds) {
    for (const Layer& layer : kLayers) {
      list += fmt::format(
          R"({}{{"product":"{}","precision":"{}","M":{},"N":{},"K":{},"tflops":{:.1f}}})",
          list.empty() ? "" : ",",
          layer.name,
          kind.name,
          M,
          layer.N,
          layer.K,
          rate(stream, products, kind, layer, M));
    }
  }
  fmt::print("{{\"gpu\":\"{}\",\"products\":[{}]}}\n", cuda::device_facts(0).name, list);
}

}  // namespace
}  // namespace fastintent::benchmarks

int main(int argc, char** argv) {
  const int64_t rows = argc > 1 ? std::atoll(argv[1]) : 16384;
  if (argc > 2 || rows < 1) {
    fmt::print(stderr, "usage: product_rates [rows, at least 1]\n");
    return 64;
  }
  try {
    fastintent::benchmarks::measure(rows);
  } catch (const std::exception& error) {
    fmt::print(stderr, "product_rates: {}\n", error.what());
    return 1;
  }
  return 0;
}
