#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <map>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/white_space.h"
#include "data/open_input.h"
#include "data/record_reader.h"
#include "data/row_memory.h"
#include "fastintent/dataset.h"
#include "fastintent/error.h"

namespace fastintent {

namespace {

void count_labels(LabelledTexts& data) {
  std::map<std::string_view, int64_t> counts;
  for (const std::string& label : data.labels) {
    ++counts[label];
  }
  for (const auto& [label, count] : counts) {
    data.label_names.emplace_back(label);
    data.label_counts.push_back(count);
  }
}

char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Counts rows with the message of an earlier row: the same text without the case of its ASCII
// letters and without the white space around it. The index has row numbers, not copies of the texts.
void count_duplicates(LabelledTexts& data) {
  const auto hash = [&data](size_t row) {
    uint64_t sum = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : trimmed(data.texts[row])) {
      sum = (sum ^ static_cast<unsigned char>(lower_case(c))) * 0x100000001b3;
    }
    return static_cast<size_t>(sum);
  };
  const auto is_same = [&data](size_t a, size_t b) {
    const std::string_view first = trimmed(data.texts[a]);
    const std::string_view second = trimmed(data.texts[b]);
    return std::equal(first.begin(), first.end(), second.begin(), second.end(), [](char x, char y) {
      return lower_case(x) == lower_case(y);
    });
  };
  std::unordered_set<size_t, decltype(hash), decltype(is_same)> rows(0, hash, is_same);
  for (size_t row = 0; row < data.texts.size(); ++row) {
    const auto [first, is_new] = rows.insert(row);
    if (!is_new) {
      ++data.duplicates;
      data.conflicting_duplicates += data.labels[row] != data.labels[*first] ? 1 : 0;
    }
  }
}

}  // namespace

LabelledTexts read_labelled_texts(const std::filesystem::path& file,
                                  const DatasetOptions& options) {
  std::ifstream stream = open_input(file);
  RowMemory memory(stream, file.string());
  const auto reader =
      make_record_reader(stream, file.string(), with_format_of(file, options), Labels::read);
  LabelledTexts data;
  Record record;
  while (reader->next(record)) {
    if (is_blank(record.text)) {
      ++data.blank_texts;
      continue;
    }
    if (is_blank(record.label)) {
      throw Error(ErrorCode::invalid_data,
                  fmt::format("read data: expected a label, found a blank one ({}:{})",
                              file.string(),
                              record.line));
    }
    memory.add(record.text, record.label);
    data.texts.push_back(std::move(record.text));
    data.labels.push_back(std::move(record.label));
  }
  if (data.texts.empty()) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("read data: expected at least one row with a text, found {} ({})",
                            data.blank_texts == 0 ? "none" : "only blank ones",
                            file.string()));
  }
  data.replaced = reader->replaced();
  count_labels(data);
  count_duplicates(data);
  return data;
}

}  // namespace fastintent
