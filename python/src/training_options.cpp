#include "training_options.h"

#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>

#include <concepts>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "choices.h"
#include "fastintent/training_fields.h"

namespace fastintent::python {
namespace {

template <typename T>
constexpr const char* python_type() {
  if constexpr (std::is_same_v<T, bool>) {
    return "bool";
  }
  if constexpr (std::is_same_v<T, double>) {
    return "float";
  }
  if constexpr (std::is_integral_v<T>) {
    return "int";
  }
  if constexpr (std::is_same_v<T, std::string>) {
    return "str";
  }
  return "str or os.PathLike";
}

template <typename T>
T cast(const std::string& name, nb::handle value) {
  T plain{};
  if (!nb::try_cast(value, plain)) {
    throw nb::type_error(fmt::format("train: expected {} to be {}, found {}",
                                     name,
                                     python_type<T>(),
                                     nb::type_name(value.type()).c_str())
                             .c_str());
  }
  return plain;
}

template <typename T>
void assign(T& member, const std::string& name, nb::handle value) {
  member = cast<T>(name, value);
}

template <typename T>
void assign(std::optional<T>& member, const std::string& name, nb::handle value) {
  member = cast<T>(name, value);
}

void assign(HeadPooling& member, const std::string& name, nb::handle value) {
  member = parse_pooling(cast<std::string>(name, value));
}

void assign(Precision& member, const std::string& name, nb::handle value) {
  member = parse_precision(cast<std::string>(name, value));
}

// Calls visit(field, member) for the keyword arguments. The placement fields belong to the
// classifier.
template <typename Visit>
void visit_keywords(TrainingOptions& options, const Visit& visit) {
  visit_training_fields(options, [&]<typename T>(const TrainingField& field, T& member) {
    if constexpr (!std::is_same_v<T, Device>) {
      if (field.role != TrainingRole::placement) {
        visit(field, member);
      }
    }
  });
}

// Type and default as written in a stub.
std::string stub_text(bool value) {
  return value ? "bool = True" : "bool = False";
}

std::string stub_text(double value) {
  return fmt::format("float = {:#}", value);  // # keeps the point of 1.0
}

template <std::integral T>
std::string stub_text(T value) {
  return fmt::format("int = {}", value);
}

std::string stub_text(const std::filesystem::path& /*value*/) {
  return "str | os.PathLike[str] | None = None";
}

std::string stub_text(HeadPooling /*value*/) {
  return "str = 'auto'";
}

std::string stub_text(Precision /*value*/) {
  return "str = 'auto'";
}

template <typename T>
std::string stub_text(const std::optional<T>& /*value*/) {
  return fmt::format("{} | None = None", python_type<T>());
}

}  // namespace

TrainingOptions read_training_options(const nb::kwargs& keywords) {
  TrainingOptions options;
  for (const auto& [key, value] : keywords) {
    const auto name = nb::cast<std::string>(key);
    bool found = false;
    visit_keywords(options, [&, value = value](const TrainingField& field, auto& member) {
      if (name == field.name) {
        found = true;
        if (!value.is_none()) {
          assign(member, name, value);
        }
      }
    });
    if (!found) {
      throw nb::type_error(fmt::format("train: unexpected keyword argument '{}'", name).c_str());
    }
  }
  return options;
}

std::string training_keywords() {
  std::string text;
  TrainingOptions defaults;
  visit_keywords(defaults, [&](const TrainingField& field, const auto& member) {
    text += fmt::format("{}: {}, ", field.name, stub_text(member));
  });
  return text;
}

std::string training_keyword_lines() {
  std::string text;
  TrainingOptions defaults;
  visit_keywords(defaults, [&](const TrainingField& field, const auto& /*member*/) {
    const std::string open = field.open_default;
    text += fmt::format(
        "{}: {}{}.\n", field.name, field.meaning, open.empty() ? "" : "; None: " + open);
  });
  return text;
}

}  // namespace fastintent::python
