#include "choices.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <limits>

#include "fastintent/devices.h"

namespace fastintent::cli {
namespace {

constexpr const char* kDeviceNames = "auto|cpu|cuda|cuda:N|reference";

Choices<Precision> named(std::initializer_list<Precision> precisions) {
  Choices<Precision> choices;
  for (const Precision precision : precisions) {
    choices.emplace_back(precision_name(precision), precision);
  }
  return choices;
}

}  // namespace

const Choices<FileFormat> kFormats = {{"auto", FileFormat::automatic},
                                      {"text", FileFormat::text},
                                      {"csv", FileFormat::csv},
                                      {"tsv", FileFormat::tsv},
                                      {"jsonl", FileFormat::jsonl}};
const Choices<Quoting> kQuotings = {
    {"auto", Quoting::automatic}, {"on", Quoting::on}, {"off", Quoting::off}};
const Choices<HeadPooling> kPoolings = {{"auto", HeadPooling::automatic},
                                        {"pooler", HeadPooling::pooler},
                                        {"cls", HeadPooling::cls},
                                        {"mean", HeadPooling::mean}};
const Choices<Precision> kPrecisions = named({Precision::automatic,
                                              Precision::fp32,
                                              Precision::tf32,
                                              Precision::fp16,
                                              Precision::bf16,
                                              Precision::int8});
const Choices<Precision> kTrainingPrecisions = named(
    {Precision::automatic, Precision::fp32, Precision::tf32, Precision::fp16, Precision::bf16});
const Choices<Precision> kPackedPrecisions = named({Precision::int8, Precision::bf16});

std::string flag_name(const TrainingField& field) {
  std::string name = field.name;
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

CLI::Validator between(double smallest, double largest) {
  const auto check = [smallest, largest](const std::string& text) -> std::string {
    double value = std::numeric_limits<double>::quiet_NaN();
    const bool number = CLI::detail::lexical_cast(text, value);
    if (number && value >= smallest && value <= largest) {
      return {};
    }
    return largest == std::numeric_limits<double>::max()
               ? fmt::format("expected a number from {} up, found {}", smallest, text)
               : fmt::format("expected a number from {} to {}, found {}", smallest, largest, text);
  };
  return CLI::Validator(check, "");
}

CLI::Validator at_least(double smallest) {
  return between(smallest, std::numeric_limits<double>::max());
}

void add_report_option(CLI::App& command, std::string& file) {
  const auto check = [](const std::string& text) -> std::string {
    return text == "-" ? "expected a file, found -" : "";
  };
  command.add_option("--report", file, "write a page to look at in a browser; needs no network")
      ->type_name("FILE.html")
      ->check(CLI::Validator(check, ""));
}

void add_worker_options(CLI::App& command, Device& device, std::optional<int>& gpu, int& threads) {
  const auto choose = [&device, &gpu](const std::string& found) {
    const std::optional<DeviceChoice> choice = parse_device(found);
    if (!choice) {
      throw CLI::ValidationError("--device",
                                 fmt::format("expected {}, found {}", kDeviceNames, found));
    }
    device = choice->device;
    gpu = choice->gpu;
  };
  command
      .add_option_function<std::string>(
          "--device", choose, "where the encoder runs; auto takes a GPU where there is one")
      ->type_name(kDeviceNames)
      ->default_str("auto")
      ->group("Running");
  command.add_option("--threads", threads, "workers; 0: one for each core, or as a GPU wants them")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0))
      ->group("Running");
}

}  // namespace fastintent::cli
