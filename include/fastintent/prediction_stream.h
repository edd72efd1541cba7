#pragma once

#include <functional>
#include <iterator>
#include <memory>
#include <string>

#include "fastintent/prediction.h"

namespace fastintent {

/// Stores the next text in `text`; returns false at the end.
using TextSource = std::function<bool(std::string& text)>;

/// Predictions of a source of texts, one batch at a time, in the order of the texts and in constant
/// memory. Made by IntentClassifier::predict_batch_streaming:
///
///     for (const auto& [batch_idx, predictions, texts] :
///          classifier.predict_batch_streaming(queries)) { ... }
///
/// While one batch runs, the next ones are read and tokenised. The source is called on the thread
/// that requests the batches. With a batch size of 1, each text is answered before the next is
/// read. Destroying a stream early stops the work. A stream keeps the model it started with when
/// the classifier trains or changes its precision, and may outlive the classifier. One thread at a
/// time.
class PredictionStream {
 public:
  ~PredictionStream();
  /// A moved-from stream may only be destroyed or assigned.
  PredictionStream(PredictionStream&&) noexcept;
  /// As the move constructor.
  PredictionStream& operator=(PredictionStream&&) noexcept;

  /// Fills `batch` with the next one; returns false at the end. A blank text yields a prediction
  /// with `error` set. An exception of the source or an Error of the prediction is thrown after the
  /// batches before it were returned; after an Error the stream has ended.
  bool next(PredictionBatch& batch);

  /// An input iterator, for range-based for.
  class Iterator {
   public:
    using value_type = PredictionBatch;      ///< what the iterator refers to
    using difference_type = std::ptrdiff_t;  ///< of iterators, unused in a single pass

    /// The batch that was answered last.
    const PredictionBatch& operator*() const { return stream_->current(); }
    /// Waits for the next batch.
    Iterator& operator++() {
      if (!stream_->advance()) {
        stream_ = nullptr;
      }
      return *this;
    }
    /// As the prefix form.
    void operator++(int) { ++*this; }
    /// Whether the stream has ended.
    bool operator==(std::default_sentinel_t) const { return stream_ == nullptr; }

   private:
    friend class PredictionStream;
    explicit Iterator(PredictionStream* stream) : stream_(stream) { ++*this; }
    PredictionStream* stream_;
  };
  /// Waits for the first batch; a stream is iterated once.
  Iterator begin() { return Iterator(this); }
  /// The end of the stream.
  std::default_sentinel_t end() const { return {}; }

 private:
  friend class IntentClassifier;
  class State;
  explicit PredictionStream(std::unique_ptr<State> state);
  const PredictionBatch& current() const;
  bool advance();

  std::unique_ptr<State> state_;
};

}  // namespace fastintent
