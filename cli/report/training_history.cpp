#include "report/training_history.h"

#include <array>
#include <fstream>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>

#include "json.h"

namespace fastintent::cli {
namespace {

using Json = nlohmann::json;

// The names and meanings of docs/command_line.md; throws Json::exception where one is missing.
double number(const Json& event, const char* name) {
  return event.at(name).get<double>();
}

StepReport step_of(const Json& event) {
  StepReport step;
  step.refitting = event.at("refitting").get<bool>();
  step.step = event.at("step").get<int64_t>();
  step.epoch = number(event, "epoch");
  step.loss = number(event, "loss");
  step.learning_rate = number(event, "learning_rate");
  return step;
}

EpochFigures epoch_of(const Json& event) {
  EpochFigures epoch;
  epoch.training_loss = number(event, "training_loss");
  epoch.examples_per_second = number(event, "examples_per_second");
  if (event.contains("accuracy")) {
    epoch.validation = {
        number(event, "accuracy"), number(event, "macro_f1"), number(event, "loss")};
  }
  return epoch;
}

// Of a longer line only the first bytes, one more than a log line may have.
bool next_line(std::istream& stream, std::string& line) {
  std::array<char, kMaxLogLineBytes + 2> bytes{};  // with the end of the string
  stream.getline(bytes.data(), bytes.size());
  line = bytes.data();
  if (stream.fail() && !stream.eof() && !line.empty()) {  // the line has more
    stream.clear();
    stream.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return !stream.fail() || !line.empty();
}

}  // namespace

void TrainingHistory::read_log(const std::filesystem::path& file) {
  std::error_code unknown;
  if (!std::filesystem::is_regular_file(file, unknown)) {
    return;
  }
  std::ifstream stream(file, std::ios::binary);
  for (std::string line; next_line(stream, line);) {
    try {
      const Json event = parse_log_line(line);
      if (event.at("event") == "step") {
        add(step_of(event));
      } else {
        FitHistory& fit = event.at("refitting").get<bool>() ? refit_ : search_;
        fit.epochs[event.at("epoch").get<int>()] = epoch_of(event);
      }
    } catch (const Json::exception&) {
      ++unreadable_lines_;
    }
  }
}

void TrainingHistory::add(const StepReport& report) {
  (report.refitting ? refit_ : search_).steps[report.step] = report;
}

void TrainingHistory::add(const EpochReport& report) {
  EpochFigures& epoch = (report.refitting ? refit_ : search_).epochs[report.epoch];
  epoch = {.training_loss = report.training_loss,
           .examples_per_second = report.examples_per_second,
           .validation = {}};
  if (report.validation) {
    epoch.validation = {
        report.validation->accuracy, report.validation->macro_f1, report.validation->loss};
  }
}

}  // namespace fastintent::cli
