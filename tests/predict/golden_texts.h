#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "golden_case.h"

namespace fastintent {

/// The texts of a golden case, in the order of its logits.
inline std::vector<std::string> golden_texts(const GoldenCase& golden) {
  std::ifstream file(golden.model().parent_path() / "texts.json");
  std::vector<std::string> texts;
  for (const auto& entry : nlohmann::json::parse(file)) {
    texts.push_back(entry.at("text"));
  }
  return texts;
}

}  // namespace fastintent
