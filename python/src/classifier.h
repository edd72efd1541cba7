#pragma once

#include <nanobind/nanobind.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fastintent/intent_classifier.h"

namespace fastintent::python {

namespace nb = nanobind;

/// The implementation of fastintent.IntentClassifier: the library's classifier and its Python log
/// callback.
class Classifier {
 public:
  Classifier(ClassifierOptions options, std::optional<nb::callable> log);

  IntentClassifier& native() const { return *native_; }

  /// What train() starts from while no model is loaded.
  const std::string& model_name() const { return model_name_; }

  /// For the garbage collector.
  nb::handle log() const { return log_; }
  void release_log() { log_.reset(); }

 private:
  std::function<void(const std::string&)> log_function();

  std::string model_name_;
  nb::object log_;  // null where there is none
  std::unique_ptr<IntentClassifier> native_;
};

/// The methods of fastintent.IntentClassifier, one file for each function.
void add_prediction_methods(nb::class_<Classifier>& classifier);
void add_performance_methods(nb::class_<Classifier>& classifier);
void add_training_methods(nb::class_<Classifier>& classifier);

}  // namespace fastintent::python
