// Texts per second of the tokenizer, one thread, and the time in which it is opened. The queries and
// their ids from `tokenizers` are provided by peers.py, which runs this program and prints the
// ratio.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fastintent/tokenizer.h"

namespace {

struct Query {
  std::string text;
  std::vector<int32_t> ids;
};

std::vector<Query> read_queries(const std::string& file) {
  std::vector<Query> queries;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    const auto row = nlohmann::json::parse(line);
    queries.push_back({row.at("text"), row.at("ids")});
  }
  return queries;
}

void tokenize(benchmark::State& state,
              const fastintent::Tokenizer& tokenizer,
              const std::vector<Query>& queries) {
  std::vector<int32_t> ids;
  for (const Query& query : queries) {
    if (tokenizer.encode(query.text).ids != query.ids) {
      state.SkipWithError(("other ids for: " + query.text).c_str());
      return;
    }
  }
  for ([[maybe_unused]] auto _ : state) {
    for (const Query& query : queries) {
      ids.clear();
      tokenizer.append_ids(query.text, ids);
      benchmark::DoNotOptimize(ids.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(queries.size()));
}

void open_folder(benchmark::State& state, const std::string& folder) {
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(fastintent::Tokenizer(folder));
  }
}

}  // namespace

// arguments: MODEL_FOLDER QUERIES.jsonl ({"text", "ids"} per line), then Google Benchmark's.
int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: tokenize_benchmark MODEL_FOLDER QUERIES.jsonl [benchmark options]\n";
    return EXIT_FAILURE;
  }
  try {
    const std::string folder = argv[1];
    const fastintent::Tokenizer tokenizer(folder);
    const std::vector<Query> queries = read_queries(argv[2]);
    argc -= 2;
    argv[2] = argv[0];
    argv += 2;
    benchmark::Initialize(&argc, argv);
    benchmark::RegisterBenchmark(
        "tokenize", [&](benchmark::State& state) { tokenize(state, tokenizer, queries); });
    benchmark::RegisterBenchmark("open",
                                 [&](benchmark::State& state) { open_folder(state, folder); });
    benchmark::RunSpecifiedBenchmarks();
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
