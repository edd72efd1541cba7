#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/temporary_folder.h"
#include "fastintent/trainer.h"
#include "golden_case.h"

namespace fastintent {

/// `rows` short texts of three intents, in words that the golden tokenizers know; one word of each
/// text determines its intent.
inline LabelledTexts tiny_texts(size_t rows = 120) {
  const std::array<std::string, 3> labels = {"card", "money", "settings"};
  const std::array<std::array<std::string, 3>, 3> telling = {
      {{"card", "lost", "arrive"}, {"transfer", "payment", "fee"}, {"pin", "change", "account"}}};
  const std::array<std::string, 11> filler = {"my",
                                              "the",
                                              "please help me",
                                              "when will",
                                              "how do you",
                                              "why is",
                                              "again",
                                              "still",
                                              "two new",
                                              "what!",
                                              "can we wait"};
  LabelledTexts data;
  for (size_t row = 0; row < rows; ++row) {
    const size_t label = row % 3;
    data.labels.push_back(labels[label]);
    data.texts.push_back(filler[row * 5 % 11] + " " + telling[label][row / 3 % 3] + " " +
                         filler[(row * 7 + row / 11) % 11]);
  }
  return data;
}

/// A run of well under a second: 108 rows after the hold-out are 7 steps an epoch.
inline TrainingOptions tiny_options(const std::filesystem::path& output,
                                    const std::string& base = "sentence_base") {
  TrainingOptions options;
  options.base_model = GoldenCase(base).model();
  options.output = output;
  options.epochs = 3;
  options.batch_size = 16;
  options.learning_rate = 2e-3;
  options.dropout = 0.1;  // the golden models have none; resuming must find its place in it too
  options.precision = Precision::fp32;
  options.threads = 1;
  return options;
}

inline std::filesystem::path training_folder_of(const std::filesystem::path& output) {
  return output.string() + ".training";
}

/// Bytes of every file under a folder, by relative path.
inline std::map<std::string, std::string> folder_bytes(const std::filesystem::path& folder) {
  std::map<std::string, std::string> bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      bytes[std::filesystem::relative(entry.path(), folder).string()] = read_whole(entry.path());
    }
  }
  return bytes;
}

}  // namespace fastintent
