// Compares the labels of the emulated GPU on a data set with those of the processor in fp32: this
// measures, without a GPU, how many answers a precision and the code of src/cuda change. Takes
// minutes for some thousand texts.
//   label_agreement MODEL_FOLDER DATA_FILE tf32|fp16|bf16

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "fastintent/dataset.h"
#include "fastintent/intent_classifier.h"

namespace fastintent {
namespace {

constexpr Precision kPrecisions[] = {Precision::tf32, Precision::fp16, Precision::bf16};

std::vector<IntentPrediction> answers(const std::string& model,
                                      Device device,
                                      Precision precision,
                                      const std::vector<std::string>& texts) {
  ClassifierOptions options;
  options.model_path = model;
  options.device = device;
  options.precision = precision;
  return IntentClassifier(options).predict_batch(texts);
}

int64_t right(const std::vector<IntentPrediction>& answers, const LabelledTexts& data) {
  int64_t count = 0;
  for (size_t i = 0; i < answers.size(); ++i) {
    count += answers[i].intent == data.labels[i] ? 1 : 0;
  }
  return count;
}

void compare(const std::string& model, const std::string& file, Precision precision) {
  const LabelledTexts data = read_labelled_texts(file);
  const auto on_cpu = answers(model, Device::cpu, Precision::fp32, data.texts);
  const auto on_gpu = answers(model, Device::cuda, precision, data.texts);
  int64_t same = 0;
  double change = 0;
  for (size_t i = 0; i < on_cpu.size(); ++i) {
    same += on_cpu[i].intent == on_gpu[i].intent ? 1 : 0;
    change = std::max(change, double{std::abs(on_cpu[i].confidence - on_gpu[i].confidence)});
  }
  const double percent = 100.0 / static_cast<double>(on_cpu.size());
  std::cout << fmt::format(
      "{} texts: {:.2f} % labels equal, accuracy {:.2f} % instead of {:.2f} %, confidences changed "
      "by {:.4f} at most\n",
      on_cpu.size(),
      percent * static_cast<double>(same),
      percent * static_cast<double>(right(on_gpu, data)),
      percent * static_cast<double>(right(on_cpu, data)),
      change);
}

int run(const std::vector<std::string>& arguments) {
  for (const Precision precision : kPrecisions) {
    if (arguments.size() != 3 || precision_name(precision) != arguments[2]) {
      continue;
    }
    compare(arguments[0], arguments[1], precision);
    return 0;
  }
  std::cerr << "usage: label_agreement MODEL_FOLDER DATA_FILE tf32|fp16|bf16\n";
  return 64;
}

}  // namespace
}  // namespace fastintent

int main(int count, char** values) try {
  return fastintent::run({values + 1, values + count});
} catch (const std::exception& error) {
  std::cerr << error.what() << "\n";
  return 1;
}
