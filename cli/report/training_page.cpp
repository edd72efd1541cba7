#include "report/training_page.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <type_traits>
#include <utility>

#include "choices.h"
#include "evaluation_report.h"
#include "fastintent/training_fields.h"
#include "messages.h"
#include "progress_bar.h"
#include "report/evaluation_sections.h"
#include "report/html.h"
#include "report/page.h"
#include "report/training_curves.h"

namespace fastintent::cli {
namespace {

std::vector<std::string> validation_texts(const TrainingReport& report,
                                          const LabelledTexts& training,
                                          const LabelledTexts* validation) {
  if (validation != nullptr) {
    return validation->texts;
  }
  std::vector<std::string> texts;
  texts.reserve(report.held_out_rows.size());
  for (const int64_t row : report.held_out_rows) {
    texts.push_back(training.texts[static_cast<size_t>(row)]);
  }
  return texts;
}

PageFacts run_facts(const TrainingFiles& files,
                    const TrainingReport& report,
                    const LabelledTexts& training,
                    const LabelledTexts* validation) {
  const TrainingOptions& options = report.options;
  const std::string rows = counted(std::ssize(training.texts), "row");
  return {
      {"Base model", options.base_model.string()},
      {"Trained model", options.output.string()},
      {"Training data", fmt::format("{}: {}", files.training, rows)},
      {"Validation data",
       validation != nullptr
           ? fmt::format("{}: {}", files.validation, counted(std::ssize(validation->texts), "row"))
           : fmt::format("{} of these rows, held out", report.held_out_rows.size())},
      {"Intents", fmt::format("{}", training.label_names.size())},
      {"Ran on",
       fmt::format("{}, {}, {}",
                   report.device_name,
                   precision_name(options.precision),
                   counted(options.threads, "worker"))},
      {"Training steps",
       fmt::format("{} in {}, {:.0f} examples/s",
                   report.steps,
                   duration(report.seconds),
                   report.examples_per_second)},
      {"Written", current_time()}};
}

template <typename T>
std::string value_text(const TrainingField& /*field*/, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "on" : "off";
  } else if constexpr (std::is_same_v<T, HeadPooling>) {
    return choice_name(kPoolings, value);
  } else if constexpr (std::is_same_v<T, Precision>) {
    return std::string(precision_name(value));
  } else if constexpr (std::is_floating_point_v<T>) {
    return fmt::format("{:.4g}", value);
  } else {
    return fmt::format("{}", value);
  }
}

template <typename T>
std::string value_text(const TrainingField& field, const std::optional<T>& value) {
  return value ? value_text(field, *value) : field.open_default;
}

// Under the names of the flags. Files, device and threads are in run_facts().
PageFacts setting_facts(const TrainingOptions& options) {
  PageFacts facts;
  visit_training_fields(options, [&](const TrainingField& field, const auto& value) {
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (!std::is_same_v<Value, std::filesystem::path> && !std::is_same_v<Value, Device>) {
      if (field.role != TrainingRole::files && field.role != TrainingRole::placement) {
        facts.push_back({flag_name(field), value_text(field, value)});
      }
    }
  });
  return facts;
}

// Names the part that the curves of a resumed run lack.
std::string gap(const FitHistory& fit, const std::string& log) {
  if (fit.steps.empty()) {
    return fmt::format(
        "<p class=\"notice\">The run was resumed after this part of it, of which the log {} tells "
        "nothing.</p>\n",
        html_escaped(log));
  }
  if (fit.steps.begin()->first > 1) {
    return fmt::format(
        "<p class=\"notice\">The run was resumed, and the log {} does not tell of the steps before "
        "step {}: the curves begin there.</p>\n",
        html_escaped(log),
        fit.steps.begin()->first);
  }
  return {};
}

std::string unreadable_lines(const TrainingHistory& history, const std::string& log) {
  if (history.unreadable_lines() == 0) {
    return {};
  }
  return fmt::format(
      "<p class=\"notice\">Left out of the curves: {} of the log {} that cannot be read.</p>\n",
      counted(history.unreadable_lines(), "line"),
      html_escaped(log));
}

std::string summary(const TrainingReport& report) {
  std::string html = fmt::format(
      "<p>{} Measured on the validation rows after epoch {}, the best by accuracy:</p>\n",
      report.options.refit
          ? "The saved model was trained once more, on all rows, for the best number of epochs; of "
            "that one there is no measure, since no rows are left. What follows was measured "
            "before "
            "it."
          : "The saved model is that of the best epoch.",
      report.best_epoch);
  return html + evaluation_summary(*report.validation);
}

}  // namespace

std::string training_page(const TrainingFiles& files,
                          const TrainingReport& report,
                          const TrainingHistory& history,
                          const LabelledTexts& training,
                          const LabelledTexts* validation) {
  const std::string name = report.options.output.filename().string();
  std::vector<PageSection> sections = {
      {"curves",
       "Training curves",
       gap(history.search(), files.log) + unreadable_lines(history, files.log) +
           "<p>Training loss includes label smoothing, dropout and class weights, where they are "
           "on; validation loss does not.</p>\n" +
           training_curves(history.search(), report.best_epoch)}};
  if (report.options.refit) {
    sections.push_back(
        {"refit",
         "Final fit on all rows",
         gap(history.refit(), files.log) + training_curves(history.refit(), report.best_epoch)});
  }
  for (PageSection& section :
       evaluation_sections(*report.validation, validation_texts(report, training, validation))) {
    sections.push_back(std::move(section));
  }
  sections.push_back({"settings", "Settings", fact_list(setting_facts(report.options))});
  return html_page("Training of " + name,
                   run_facts(files, report, training, validation),
                   summary(report),
                   sections);
}

}  // namespace fastintent::cli
