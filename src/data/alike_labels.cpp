#include <algorithm>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "base/utf8.h"
#include "base/white_space.h"
#include "fastintent/dataset.h"
#include "text/normalize/bert_normalizer.h"

namespace fastintent {
namespace {

using LabelCount = std::pair<std::string_view, int64_t>;

// The same for labels that a person would read as one: as an uncased model reads them, with single
// spaces.
std::string essence(const BertNormalizer& normalizer, std::string_view label) {
  const std::string valid = replace_invalid_utf8(label);
  std::string buffer(BertNormalizer::buffer_bytes(valid.size()), '\0');
  std::string essence;
  for (const char c : trimmed(normalizer.normalize(valid, buffer.data()))) {
    if (c != ' ' || !essence.ends_with(' ')) {
      essence += c;
    }
  }
  return essence;
}

}  // namespace

std::vector<AlikeLabels> find_alike_labels(const std::vector<std::string>& labels) {
  std::map<std::string_view, int64_t> counts;
  for (const std::string& label : labels) {
    ++counts[label];
  }
  const BertNormalizer normalizer(
      {.clean_text = true, .space_cjk = false, .strip_accents = true, .lower_case = true});
  std::map<std::string, std::vector<LabelCount>> groups;
  for (const LabelCount label : counts) {
    groups[essence(normalizer, label.first)].push_back(label);
  }
  std::vector<AlikeLabels> alike;
  for (auto& [key, group] : groups) {
    std::stable_sort(group.begin(), group.end(), [](const LabelCount& a, const LabelCount& b) {
      return a.second > b.second;
    });
    for (size_t i = 1; i < group.size(); ++i) {
      alike.push_back({std::string(group[0].first),
                       group[0].second,
                       std::string(group[i].first),
                       group[i].second});
    }
  }
  return alike;
}

}  // namespace fastintent
