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

  /// What the library takes for the largest number of rows: the same for all sizes of the product.
  virtual Algorithm anchor() = 0;
  /// Others for this size, best guess first.
  virtual std::vector<Algorithm> candidates() = 0;
  /// Whether the two give the same bits; false when the candidate cannot run.
  virtual bool same_bits(const Algorithm& candidate, const Algorithm& anchor) = 0;
  /// What one product takes.
  virtual double seconds(const Algorithm& algorithm) = 0;
};

enum class Autotune { on, off };

/// Which algorithm each product of a device takes. With another number of rows a product may take
/// another one, but only if its result was seen to have the anchor's bits: so a row's result does
/// not depend on the rows beside it, and does not change with the noise of a measurement. Remembers
/// what it found, and keeps it in a file. Safe from many threads; one tries at a time.
class AlgorithmChoices {
 public:
  /// `file`, if any, is read now; one that cannot be read or understood counts as empty.
  AlgorithmChoices(std::filesystem::path file, Autotune autotune);

  /// The algorithm of `product` (its name: all that tells it from others) for `bucket` rows. Tries
  /// the candidates the first time, and stores the choice. The anchor without a trial when autotune
  /// is off, and, for now, when there is no memory for it.
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
