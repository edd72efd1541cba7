#pragma once

#include <nanobind/nanobind.h>

#include <exception>
#include <optional>

#include "fastintent/intent_classifier.h"
#include "interruption.h"
#include "texts.h"

namespace fastintent::python {

/// The implementation of fastintent.PredictionStream: the iterator of predict_batch_streaming. Its
/// source reads the Python iterable; errors of the iterable are raised unchanged.
class Stream {
 public:
  Stream(IntentClassifier& classifier, nb::handle texts, PredictOptions options);

  /// (batch_idx, predictions); throws StopIteration at the end.
  nb::tuple next();
  void close();

  /// For the garbage collector.
  nb::handle source() const { return texts_.iterator(); }
  void release_source();

 private:
  bool read(std::string& text);

  TextIterator texts_;
  Interruption interruption_;
  bool running_ = false;
  bool ended_ = false;
  std::optional<PredictionStream> stream_;
};

}  // namespace fastintent::python
