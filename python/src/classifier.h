#pragma once

#include <nanobind/nanobind.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "fastintent/intent_classifier.h"

namespace fastintent::python {

namespace nb = nanobind;

/// When a classifier loads its model: `at_first_use` is for one that a pickle made, which may be in a
/// process that only hands it on.
enum class Loading { now, at_first_use };

/// The implementation of fastintent.IntentClassifier: the library's classifier, its Python log
/// callback, and the options to make another one like it. Its functions need the GIL.
class Classifier {
 public:
  /// Throws as the library's constructor, now or from native().
  Classifier(ClassifierOptions options, std::optional<nb::callable> log, Loading loading);

  /// The library's classifier; the first call makes it where the constructor did not.
  IntentClassifier& native() const;

  /// What train() starts from while no model is loaded.
  const std::string& model_name() const { return options_.model_name; }

  /// The options of another classifier with the same model and settings. Throws invalid_argument
  /// when the model is in no folder that stays.
  ClassifierOptions options() const;

  // Each follows a change of native(), for options().

  void note_threshold(std::optional<double> threshold);
  void note_precision();
  void note_trained(const std::filesystem::path& output);  ///< empty: a temporary folder
  void note_saved(const std::filesystem::path& folder);

  /// For the garbage collector, and for pickle; null where there is none.
  nb::handle log() const { return log_; }
  void release_log() { log_.reset(); }

 private:
  std::function<void(const std::string&)> log_function() const;

  nb::object log_;
  ClassifierOptions options_;   // without the log, and without settings that native() returns
  bool is_saved_ = true;        // whether a folder that stays has the model
  mutable std::mutex loading_;  // held without the GIL
  mutable std::unique_ptr<IntentClassifier> owned_;
  mutable std::atomic<IntentClassifier*> native_{nullptr};  // the same, once it is made
};

/// The methods of fastintent.IntentClassifier, one file for each function.
void add_prediction_methods(nb::class_<Classifier>& classifier);
void add_arrow_methods(nb::class_<Classifier>& classifier);
void add_performance_methods(nb::class_<Classifier>& classifier);
void add_training_methods(nb::class_<Classifier>& classifier);

}  // namespace fastintent::python
