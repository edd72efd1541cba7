#include <fmt/format.h>

#include <fstream>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/utf8.h"
#include "data/open_input.h"
#include "data/record_reader.h"
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

// The same for two rows that a person would call the same message: the text without the case of its
// ASCII letters and without the white space around it.
std::string essence(std::string_view text) {
  constexpr const char* kWhite = " \t\r\n";
  const size_t first = text.find_first_not_of(kWhite);
  if (first == std::string_view::npos) {
    return std::string(text);
  }
  std::string essence(text.substr(first, text.find_last_not_of(kWhite) - first + 1));
  for (char& c : essence) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return essence;
}

void count_duplicates(LabelledTexts& data) {
  std::unordered_map<std::string, size_t> first_rows;
  for (size_t row = 0; row < data.texts.size(); ++row) {
    const auto [first, is_new] = first_rows.emplace(essence(data.texts[row]), row);
    if (!is_new) {
      ++data.duplicates;
      data.conflicting_duplicates += data.labels[row] != data.labels[first->second] ? 1 : 0;
    }
  }
}

}  // namespace

LabelledTexts read_labelled_texts(const std::filesystem::path& file,
                                  const DatasetOptions& options) {
  std::ifstream stream = open_input(file);
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
    // It could be learnt, but not be saved: a model's labels are in a JSON file.
    if (valid_utf8_prefix(record.label) != record.label.size()) {
      throw Error(ErrorCode::invalid_data,
                  fmt::format("read data: expected a label in UTF-8, found '{}' ({}:{}); save the "
                              "file as UTF-8",
                              replace_invalid_utf8(record.label),
                              file.string(),
                              record.line));
    }
    data.texts.push_back(std::move(record.text));
    data.labels.push_back(std::move(record.label));
  }
  if (data.texts.empty()) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("read data: expected at least one row with a text, found {} ({})",
                            data.blank_texts == 0 ? "none" : "only blank ones",
                            file.string()));
  }
  count_labels(data);
  count_duplicates(data);
  return data;
}

}  // namespace fastintent
