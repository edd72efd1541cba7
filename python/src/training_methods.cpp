#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "classifier.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "gil.h"
#include "hub.h"
#include "interruption.h"
#include "progress.h"
#include "texts.h"
#include "training_options.h"

namespace fastintent::python {
namespace {

void require_filled(const std::vector<std::string>& texts, const char* argument) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (is_blank(texts[i])) {
      throw Error(ErrorCode::invalid_data,
                  fmt::format("{}: expected text at index {}, found a blank one", argument, i));
    }
  }
}

void warn_of_alike_labels(const std::vector<std::string>& labels) {
  const std::vector<AlikeLabels> alike = find_alike_labels(labels);
  if (alike.empty()) {
    return;
  }
  const AlikeLabels& first = alike.front();
  const size_t others = alike.size() - 1;
  warn(
      PyExc_UserWarning,
      fmt::format("labels: \"{}\" ({} rows) and \"{}\" ({} rows) differ only in case, white space, "
                  "accents or Unicode form; they are two intents{}",
                  printable(first.label),
                  first.rows,
                  printable(first.other),
                  first.other_rows,
                  others > 0 ? fmt::format(", as are {} more such pairs", others) : ""));
}

LabelledTexts pair(nb::handle texts, nb::handle labels) {
  LabelledTexts data;
  data.texts = read_texts(texts, "texts").copy();
  require_filled(data.texts, "texts");
  data.labels = read_labels(labels, "labels");
  require_filled(data.labels, "labels");
  if (data.texts.size() != data.labels.size()) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("labels: expected one for each of {} texts, found {}",
                            data.texts.size(),
                            data.labels.size()));
  }
  warn_of_alike_labels(data.labels);
  return data;
}

// Python's callables; each may be missing.
struct Callables {
  const std::optional<nb::callable>& on_step;
  const std::optional<nb::callable>& on_epoch;
  const std::optional<nb::callable>& on_message;
  const std::optional<nb::callable>& should_stop;
};

// Callbacks that draw the bar and call `callables`; the arguments must outlive them.
TrainingCallbacks bind_callbacks(const Callables& callables,
                                 Interruption& interruption,
                                 Progress& progress) {
  TrainingCallbacks callbacks;
  callbacks.on_step = [callables, &interruption, &progress](const StepReport& report) {
    interruption.allows([&] {
      progress.update(report.step,
                      report.total_steps,
                      fmt::format("epoch {:.1f}, loss {:.3f}", report.epoch, report.loss));
      if (callables.on_step) {
        call(*callables.on_step, report);
      }
    });
  };
  callbacks.on_epoch = [callables, &interruption](const EpochReport& report) {
    if (callables.on_epoch) {
      interruption.allows([&] { call(*callables.on_epoch, report); });
    }
  };
  callbacks.on_message = [callables, &interruption](const std::string& message) {
    if (callables.on_message) {
      interruption.allows([&] { call(*callables.on_message, message); });
    }
  };
  callbacks.should_stop = [callables, &interruption] {
    bool stop = false;
    const bool allowed = interruption.allows([&] {
      if (callables.should_stop) {
        stop = static_cast<bool>(nb::bool_(call(*callables.should_stop)));
      }
    });
    return stop || !allowed;
  };
  return callbacks;
}

TrainingReport train(Classifier& self,
                     nb::handle texts,
                     nb::handle labels,
                     nb::handle validation_texts,
                     nb::handle validation_labels,
                     const std::optional<nb::callable>& on_step,
                     const std::optional<nb::callable>& on_epoch,
                     const std::optional<nb::callable>& on_message,
                     const std::optional<nb::callable>& should_stop,
                     bool show_progress,
                     const nb::kwargs& options) {
  if (validation_texts.is_none() != validation_labels.is_none()) {
    throw Error(ErrorCode::invalid_argument,
                "train: expected both validation_texts and validation_labels, found one");
  }
  IntentClassifier& classifier = self.native();
  const TrainingOptions chosen = read_training_options(options);
  const LabelledTexts training = pair(texts, labels);
  std::optional<LabelledTexts> validation;
  if (!validation_texts.is_none()) {
    validation = pair(validation_texts, validation_labels);
  }

  if (chosen.base_model.empty() && !classifier.is_loaded()) {
    download_without_libcurl(self.model_name(), show_progress);
  }

  Interruption interruption;
  Progress progress(show_progress, "steps");
  std::optional<Progress> download;  // a bar of its own, where there is something to download
  TrainingCallbacks callbacks =
      bind_callbacks({on_step, on_epoch, on_message, should_stop}, interruption, progress);
  callbacks.on_download = [&](const DownloadProgress& report) {
    interruption.allows([&] {
      if (!download) {
        download.emplace(show_progress, "MB");
      }
      update(*download, report);
    });
  };
  return interruption.run([&] {
    TrainingReport report =
        classifier.train(training, validation ? &*validation : nullptr, chosen, callbacks);
    if (training_rank() == 0) {
      // Also where Ctrl-C came at the end: the classifier has the new model then.
      with_gil([&] { self.note_trained(chosen.output); });
    }
    return report;
  });
}

Evaluation evaluate(const Classifier& self,
                    nb::handle texts,
                    nb::handle labels,
                    bool show_progress) {
  IntentClassifier& classifier = self.native();
  const LabelledTexts data = pair(texts, labels);
  Interruption interruption;
  Progress progress(show_progress, "texts");
  const auto on_progress = [&](int64_t done, int64_t total) {
    return interruption.allows([&] { progress.update(done, total); });
  };
  Evaluation evaluation = interruption.run([&] { return classifier.evaluate(data, on_progress); });
  progress.finish();
  return evaluation;
}

void save(Classifier& self, const std::filesystem::path& path, bool overwrite) {
  const IntentClassifier& classifier = self.native();
  {
    const WithoutGil unlocked;
    classifier.save(path, overwrite);
  }
  self.note_saved(path);
}

// The defaults are those of TrainingOptions; None selects them, too.
std::string train_signature() {
  return "def train(self, texts: collections.abc.Iterable[str], "
         "labels: collections.abc.Iterable[str], "
         "validation_texts: collections.abc.Iterable[str] | None = None, "
         "validation_labels: collections.abc.Iterable[str] | None = None, *, " +
         training_keywords() +
         "on_step: collections.abc.Callable[[StepReport], object] | None = None, "
         "on_epoch: collections.abc.Callable[[EpochReport], object] | None = None, "
         "on_message: collections.abc.Callable[[str], object] | None = None, "
         "should_stop: collections.abc.Callable[[], bool] | None = None, "
         "show_progress: bool = False) -> TrainingReport";
}

std::string train_doc() {
  return R"(Fine-tunes and then uses the trained model. One at a time, with optimize_for_inference: callbacks
must not call either.

texts, labels: one label for each text, any iterables of str. Labels are used as they are; those that
differ only in case, white space, accents or Unicode form raise a UserWarning. Without a validation set,
`validation_share` of the rows is held out, stratified.
)" + training_keyword_lines() +
         R"(
Without base_model, training starts from the model in use, else from model_name. Without output, the
trained folder is a temporary one that lives as long as the model is in use; save() keeps it.
pooling is "auto", "pooler", "cls" or "mean". precision is "auto", "fp32", "bf16", or, on a GPU, "tf32" or
"fp16". The defaults are explained in docs/training.md.

on_step, on_epoch, on_message: called with a StepReport, an EpochReport, a sentence worth a line.
should_stop: called after every step; true stops with StoppedError.
show_progress: a bar with rate, time left and loss on standard error.

Ctrl-C, and anything that a callback raises, stops the run and comes out; the resumable state of an
interrupted run is in `<output>.training`. It is also saved after an epoch and every few minutes, and when
the model cannot be saved at the end: `resume=True` continues, or only saves the model.

Raises CannotCreateError, before any work, when the output holds a model and `overwrite` is off, when another
run writes it, or when there is no room; InvalidDataError when a text or label is blank or a label is not
UTF-8 (a lone surrogate), a validation label is not among the training labels,
there are fewer than two labels, or no row to validate on.)";
}

}  // namespace

void add_training_methods(nb::class_<Classifier>& classifier) {
  // nanobind keeps the pointers.
  static const std::string signature = train_signature();
  static const std::string doc = train_doc();
  classifier
      .def("train",
           &train,
           nb::arg("texts").none(),
           nb::arg("labels").none(),
           nb::arg("validation_texts") = nb::none(),
           nb::arg("validation_labels") = nb::none(),
           nb::kw_only(),
           nb::arg("on_step") = nb::none(),
           nb::arg("on_epoch") = nb::none(),
           nb::arg("on_message") = nb::none(),
           nb::arg("should_stop") = nb::none(),
           nb::arg("show_progress") = false,
           nb::arg("options"),
           nb::sig(signature.c_str()),
           doc.c_str())
      .def("evaluate",
           &evaluate,
           nb::arg("texts").none(),
           nb::arg("labels").none(),
           nb::kw_only(),
           nb::arg("show_progress") = false,
           nb::sig("def evaluate(self, texts: collections.abc.Iterable[str], "
                   "labels: collections.abc.Iterable[str], *, show_progress: bool = False) "
                   "-> Evaluation"),
           R"(Predicts the texts and measures the answers against one label for each.

show_progress: a bar with rate and time left on standard error.

Raises InvalidDataError when a text or label is blank or their numbers differ. Ctrl-C stops it.)")
      .def("save",
           &save,
           nb::arg("path"),
           nb::arg("overwrite") = false,
           R"(Writes the model in use as a Hugging Face folder, in 32 bits.

Raises CannotCreateError when `path` is in use and `overwrite` is off.)");
}

}  // namespace fastintent::python
