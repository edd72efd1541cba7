#pragma once

#include <cstdint>
#include <memory>

namespace fastintent {

/// Worker threads for several classifiers: a process then has one thread for each core, however
/// many models it serves. Texts of all classifiers wait in one queue, in which calls take turns: the
/// first texts of a call wait for a pass of each call before it, not for all its texts.
///
/// Safe from many threads. A child made by fork() starts workers of its own at its first prediction.
class Workers {
 public:
  /// `threads` 0: one for each core that this process may use. `max_queued_tokens`: see
  /// ClassifierOptions. Throws invalid_argument for negative values and more than 1024 threads,
  /// out_of_resources when they cannot be started.
  explicit Workers(int threads = 0, int64_t max_queued_tokens = 0);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  int threads() const;                ///< number of workers
  int64_t queued_tokens() const;      ///< of all calls in progress
  int64_t max_queued_tokens() const;  ///< 0: no limit

 private:
  friend class IntentClassifier;
  class State;
  std::shared_ptr<State> state_;
};

}  // namespace fastintent
