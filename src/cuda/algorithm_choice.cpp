#include "cuda/algorithm_choice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <new>
#include <string_view>
#include <utility>

#include "cuda/algorithm_file.h"

namespace fastintent::cuda {
namespace {

// Odd, so that the median is one of them; enough that a single interruption does not change it.
constexpr int kRepeats = 5;

struct Timed {
  Algorithm algorithm;
  std::array<double, kRepeats> seconds{};

  double median() const {
    auto sorted = seconds;
    std::nth_element(sorted.begin(), sorted.begin() + kRepeats / 2, sorted.end());
    return sorted[kRepeats / 2];
  }
};

// Returns the fastest algorithm with the anchor's bits; among equals the anchor, then the library's
// best guess. Bits are compared first, so that an algorithm that cannot run is not timed. The
// algorithms are timed in turn, because the device's clock rises during the measurement.
Algorithm fastest(AlgorithmTrial& trial, const Algorithm& anchor) {
  std::vector<Timed> all{{anchor}};
  for (const Algorithm& candidate : trial.candidates()) {
    if (candidate != anchor && trial.same_bits(candidate, anchor)) {
      all.push_back({candidate});
    }
  }
  for (size_t repeat = 0; repeat < kRepeats; ++repeat) {
    for (Timed& one : all) {
      one.seconds[repeat] = trial.seconds(one.algorithm);
    }
  }
  const auto faster = [](const Timed& a, const Timed& b) { return a.median() < b.median(); };
  return std::min_element(all.begin(), all.end(), faster)->algorithm;
}

}  // namespace

AlgorithmChoices::AlgorithmChoices(std::filesystem::path file, Autotune autotune)
    : file_(std::move(file)), autotune_(autotune) {
  if (autotune_ == Autotune::on && !file_.empty()) {
    choices_ = read_algorithms(file_);
  }
}

Algorithm AlgorithmChoices::choose(const std::string& product,
                                   int64_t bucket,
                                   AlgorithmTrial& trial) {
  const std::lock_guard lock(lock_);
  if (autotune_ == Autotune::off) {
    return anchor_of(product, trial);
  }
  const std::string name = fmt::format("{} rows={}", product, bucket);
  if (const auto known = choices_.find(name); known != choices_.end()) {
    return known->second;
  }
  const Algorithm anchor = anchor_of(product, trial);
  try {
    const Algorithm chosen = fastest(trial, anchor);
    choices_.emplace(name, chosen);
    if (!file_.empty()) {
      add_algorithms(file_, choices_);
    }
    return chosen;
  } catch (const std::bad_alloc&) {
    return anchor;  // memory may suffice in a later call
  }
}

Algorithm AlgorithmChoices::anchor_of(const std::string& product, AlgorithmTrial& trial) {
  const auto known = anchors_.find(product);
  if (known != anchors_.end()) {
    return known->second;
  }
  return anchors_.emplace(product, trial.anchor()).first->second;
}

Autotune autotune_of_environment() {
  const char* value = std::getenv("FASTINTENT_AUTOTUNE");
  return value != nullptr && std::string_view(value) == "off" ? Autotune::off : Autotune::on;
}

}  // namespace fastintent::cuda
