#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cuda/algorithm.h"

namespace fastintent::cuda {

/// One product at one size, to be tried on the device.
class AlgorithmTrial {
 public:
  virtual ~AlgorithmTrial() = default;

  /// The library's algorithm for the largest number of rows: the same for all sizes of the product.
  virtual Algorithm anchor() = 0;
  /// Other algorithms for this size, best guess first.
  virtual std::vector<Algorithm> candidates() = 0;
  /// Whether both algorithms produce the same bits; false when the candidate cannot run.
  virtual bool same_bits(const Algorithm& candidate, const Algorithm& anchor) = 0;
  /// The time of one product in seconds.
  virtual double seconds(const Algorithm& algorithm) = 0;
};

enum class Autotune { on, off };

/// Chooses the algorithm for each product of a device. A product may use another algorithm for
/// another number of rows, but only one whose result was seen to have the anchor's bits. So a row's
/// result does not depend on the rows beside it, and does not change with the noise of a
/// measurement. Choices are remembered and kept in a file. Safe from many threads; one tries at a
/// time.
class AlgorithmChoices {
 public:
  /// Reads `file`, if any; a file that cannot be read or parsed counts as empty.
  AlgorithmChoices(std::filesystem::path file, Autotune autotune);

  /// Returns the algorithm of `product` (a name that distinguishes it from all others) for `bucket`
  /// rows. The first call tries the candidates and stores the choice. Returns the anchor without a
  /// trial when autotune is off, and, without storing it, when memory is too short for a trial.
  Algorithm choose(const std::string& product, int64_t bucket, AlgorithmTrial& trial);

 private:
  Algorithm anchor_of(const std::string& product, AlgorithmTrial& trial);  // under the lock

  std::mutex lock_;
  std::filesystem::path file_;
  Autotune autotune_;
  std::map<std::string, Algorithm> anchors_;  // by product
  std::map<std::string, Algorithm> choices_;  // by product and bucket
};

/// FASTINTENT_AUTOTUNE=off turns it off.
Autotune autotune_of_environment();

}  // namespace fastintent::cuda
