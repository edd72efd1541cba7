#include "report/evaluation_page.h"

#include <fmt/format.h>

#include <filesystem>

#include "messages.h"
#include "report/evaluation_sections.h"
#include "report/page.h"

namespace fastintent::cli {

std::string evaluation_page(const std::string& model,
                            const IntentClassifier& classifier,
                            const std::string& file,
                            const LabelledTexts& data,
                            const Evaluation& evaluation) {
  const std::string name =
      std::filesystem::absolute(model / std::filesystem::path()).parent_path().filename().string();
  const PageFacts facts = {
      {"Model", model},
      {"Encoder and head", classifier.description()},
      {"Intents", fmt::format("{}", classifier.intents().size())},
      {"Data", fmt::format("{}: {}", file, counted(evaluation.examples, "example"))},
      {"Ran on",
       fmt::format("{}, {}", classifier.device_name(), precision_name(classifier.precision()))},
      {"Maximum length", counted(classifier.max_length(), "token")},
      {"Written", current_time()}};
  return html_page("Evaluation of " + name,
                   facts,
                   evaluation_summary(evaluation),
                   evaluation_sections(evaluation, data.texts));
}

}  // namespace fastintent::cli
