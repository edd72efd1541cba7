// The ids of Hugging Face for the texts of make_golden.py.

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "fastintent/tokenizer.h"

namespace fastintent {
namespace {

TEST(TokenizerGolden, GivesTheIdsOfHuggingFace) {
  const std::filesystem::path data = "tests/text/data";
  std::ifstream lines(data / "golden.jsonl");
  std::map<std::pair<std::string, int>, Tokenizer> tokenizers;
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto row = nlohmann::json::parse(line);
    const std::string folder = row.at("folder");
    const int max_length = row.at("max_length");
    const auto [found, is_new] =
        tokenizers.try_emplace({folder, max_length}, data / folder, max_length);
    const Tokenizer& tokenizer = found->second;
    const Tokenizer::Encoding encoding = tokenizer.encode(row.at("text").get<std::string>());
    EXPECT_EQ(encoding.ids, row.at("ids").get<std::vector<int32_t>>()) << line;
    EXPECT_EQ(encoding.truncated, row.at("truncated").get<bool>()) << line;
    for (const int32_t id : encoding.ids) {
      EXPECT_LT(id, tokenizer.vocabulary_size());
    }
  }
  EXPECT_GE(count, 200);
}

}  // namespace
}  // namespace fastintent
