#include "choices.h"

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "fastintent/error.h"

namespace fastintent::python {
namespace {

template <typename T>
T parse(const char* option,
        std::string_view found,
        std::initializer_list<std::pair<std::string_view, T>> choices) {
  std::string names;
  for (const auto& [name, value] : choices) {
    if (name == found) {
      return value;
    }
    names += (names.empty() ? "\"" : ", \"") + std::string(name) + '"';
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("{}: expected one of {}, found \"{}\"", option, names, found));
}

}  // namespace

DeviceChoice parse_device(std::string_view name) {
  if (const auto choice = fastintent::parse_device(name)) {
    return *choice;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("device: expected one of \"auto\", \"cpu\", \"cuda\", \"cuda:N\", "
                          "\"reference\", found \"{}\"",
                          name));
}

std::string device_choice_name(const DeviceChoice& choice) {
  switch (choice.device) {
    case Device::automatic:
      return "auto";
    case Device::cpu:
      return "cpu";
    case Device::reference:
      return "reference";
    case Device::cuda:
      break;
  }
  return choice.gpu ? fmt::format("cuda:{}", *choice.gpu) : "cuda";
}

Precision parse_precision(std::string_view name) {
  if (const auto precision = fastintent::parse_precision(name)) {
    return *precision;
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("precision: expected one of \"auto\", \"fp32\", \"tf32\", \"fp16\", "
                          "\"bf16\", \"int8\", found \"{}\"",
                          name));
}

std::pair<std::string, std::string> precision_and_reason(const PrecisionChoice& choice) {
  return {std::string(precision_name(choice.precision)), choice.reason};
}

FileFormat parse_format(std::string_view name) {
  return parse<FileFormat>("format",
                           name,
                           {{"auto", FileFormat::automatic},
                            {"csv", FileFormat::csv},
                            {"tsv", FileFormat::tsv},
                            {"jsonl", FileFormat::jsonl}});
}

Quoting parse_quoting(std::string_view name) {
  return parse<Quoting>(
      "quoting", name, {{"auto", Quoting::automatic}, {"on", Quoting::on}, {"off", Quoting::off}});
}

HeadPooling parse_pooling(std::string_view name) {
  return parse<HeadPooling>("pooling",
                            name,
                            {{"auto", HeadPooling::automatic},
                             {"pooler", HeadPooling::pooler},
                             {"cls", HeadPooling::cls},
                             {"mean", HeadPooling::mean}});
}

int chosen_batch_size(std::optional<int> batch_size) {
  if (batch_size && *batch_size <= 0) {
    throw Error(ErrorCode::invalid_argument,
                fmt::format("batch_size: expected at least 1, or None, found {}", *batch_size));
  }
  return batch_size.value_or(0);
}

}  // namespace fastintent::python
