#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/temporary_folder.h"
#include "checkpoint/tensor_files.h"
#include "fastintent/intent_classifier.h"
#include "golden_case.h"

namespace fastintent {

/// Copies a golden model to `folder`.
inline void copy_model(const std::string& name, const std::filesystem::path& folder) {
  std::filesystem::copy(GoldenCase(name).model(), folder, std::filesystem::copy_options::recursive);
}

/// Makes another model of a copy of bert_pooler: the classifier's weights have the other sign, and
/// every label begins with "other ". No answer of the two is equal.
inline void make_other(const std::filesystem::path& folder) {
  std::string weights = read_whole(folder / "model.safetensors");
  const TensorFiles file = TensorFiles::open_file(folder / "model.safetensors");
  const StoredTensor& classifier = *file.find("classifier.weight");
  for (uint64_t at = classifier.offset; at < classifier.offset + classifier.size; at += 4) {
    weights[at + 3] ^= '\x80';  // the sign of an f32
  }
  std::ofstream(folder / "model.safetensors", std::ios::binary) << weights;
  std::string config = read_whole(folder / "config.json");
  for (int id = 0; id < 5; ++id) {
    const std::string key = "\"" + std::to_string(id) + "\": \"";
    config.insert(config.find(key) + key.size(), "other ");
  }
  std::ofstream(folder / "config.json") << config;
}

inline IntentClassifier open_model(const std::filesystem::path& folder,
                                   Precision precision = Precision::fp32) {
  ClassifierOptions options;
  options.model_path = folder;
  options.device = Device::cpu;
  options.precision = precision;
  options.threads = 1;
  options.enable_cache = false;
  return IntentClassifier(options);
}

/// Intents and scores of a few texts, most of whose words are different.
using IntentsAndLogits = std::vector<std::pair<std::string, std::vector<float>>>;

inline IntentsAndLogits answers_of(IntentClassifier& classifier) {
  const std::vector<std::string> texts = {"my card is lost",
                                          "when will the transfer arrive",
                                          "please change two new pin",
                                          "why is there a fee again"};
  PredictOptions options;
  options.with_logits = true;
  IntentsAndLogits answers;
  for (const IntentPrediction& prediction : classifier.predict_batch(texts, options)) {
    answers.emplace_back(prediction.intent, prediction.logits);
  }
  return answers;
}

}  // namespace fastintent
