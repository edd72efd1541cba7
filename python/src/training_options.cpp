#include "training_options.h"

#include <fmt/format.h>
#include <nanobind/stl/filesystem.h>
#include <nanobind/stl/string.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "choices.h"

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
                                     Py_TYPE(value.ptr())->tp_name)
                             .c_str());
  }
  return plain;
}

using Setter = std::function<void(TrainingOptions&, const std::string& name, nb::handle value)>;

template <typename T>
Setter field(T TrainingOptions::* member) {
  return [member](TrainingOptions& options, const std::string& name, nb::handle value) {
    options.*member = cast<T>(name, value);
  };
}

template <typename T>
Setter field(std::optional<T> TrainingOptions::* member) {
  return [member](TrainingOptions& options, const std::string& name, nb::handle value) {
    options.*member = cast<T>(name, value);
  };
}

template <typename T>
Setter choice(T TrainingOptions::* member, T (*parse)(std::string_view)) {
  return [member, parse](TrainingOptions& options, const std::string& name, nb::handle value) {
    options.*member = parse(cast<std::string>(name, value));
  };
}

const std::map<std::string, Setter>& setters() {
  using Options = TrainingOptions;
  static const std::map<std::string, Setter> all = {
      {"base_model", field(&Options::base_model)},
      {"output", field(&Options::output)},
      {"overwrite", field(&Options::overwrite)},
      {"resume", field(&Options::resume)},
      {"epochs", field(&Options::epochs)},
      {"batch_size", field(&Options::batch_size)},
      {"learning_rate", field(&Options::learning_rate)},
      {"head_learning_rate", field(&Options::head_learning_rate)},
      {"weight_decay", field(&Options::weight_decay)},
      {"warmup_share", field(&Options::warmup_share)},
      {"gradient_clip", field(&Options::gradient_clip)},
      {"label_smoothing", field(&Options::label_smoothing)},
      {"dropout", field(&Options::dropout)},
      {"layer_decay", field(&Options::layer_decay)},
      {"balance_classes", field(&Options::balance_classes)},
      {"max_length", field(&Options::max_length)},
      {"pooling", choice(&Options::pooling, parse_pooling)},
      {"seed", field(&Options::seed)},
      {"precision", choice(&Options::precision, parse_precision)},
      {"validation_share", field(&Options::validation_share)},
      {"patience", field(&Options::patience)},
      {"refit", field(&Options::refit)},
      {"review_accuracy", field(&Options::review_accuracy)},
  };
  return all;
}

}  // namespace

TrainingOptions read_training_options(const nb::kwargs& keywords) {
  TrainingOptions options;
  for (const auto& [key, value] : keywords) {
    const auto name = nb::cast<std::string>(key);
    const auto found = setters().find(name);
    if (found == setters().end()) {
      throw nb::type_error(fmt::format("train: unexpected keyword argument '{}'", name).c_str());
    }
    if (!value.is_none()) {
      found->second(options, name, value);
    }
  }
  return options;
}

}  // namespace fastintent::python
