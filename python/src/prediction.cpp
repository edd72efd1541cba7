#include "fastintent/prediction.h"

#include <fmt/format.h>
#include <nanobind/operators.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "bindings.h"
#include "gil.h"

namespace fastintent::python {
namespace {

// The fields of a prediction that pickle stores.
using State = std::tuple<std::string,
                         float,
                         std::vector<std::pair<std::string, float>>,
                         std::vector<float>,
                         bool,
                         bool,
                         int,
                         std::string>;

// In the order of State; `alternatives` are those of `p` as pairs.
template <typename Prediction, typename Pairs>
auto members(Prediction& p, Pairs& alternatives) {
  return std::tie(p.intent,
                  p.confidence,
                  alternatives,
                  p.logits,
                  p.needs_review,
                  p.truncated,
                  p.tokens,
                  p.error);
}

State state(const IntentPrediction& p) {
  std::vector<std::pair<std::string, float>> alternatives;
  for (const auto& [intent, confidence] : p.alternatives) {
    alternatives.emplace_back(intent, confidence);
  }
  return members(p, alternatives);
}

void set_state(IntentPrediction* self, const State& state) {
  auto& p = *new (self) IntentPrediction;
  std::vector<std::pair<std::string, float>> alternatives;
  members(p, alternatives) = state;
  for (const auto& [intent, confidence] : alternatives) {
    p.alternatives.push_back({intent, confidence});
  }
}

nb::list alternatives(const IntentPrediction& p) {
  const nb::object make = import_attribute("fastintent.scored_intent", "ScoredIntent");
  nb::list scored;
  for (const auto& [intent, confidence] : p.alternatives) {
    scored.append(call(make, intent, confidence));
  }
  return scored;
}

nb::dict to_dict(const IntentPrediction& p) {
  nb::dict figures;
  figures["intent"] = p.intent;
  figures["confidence"] = p.confidence;
  nb::list others;
  for (const auto& [intent, confidence] : p.alternatives) {
    nb::dict other;
    other["intent"] = intent;
    other["confidence"] = confidence;
    others.append(other);
  }
  figures["alternatives"] = others;
  if (!p.logits.empty()) {
    figures["logits"] = p.logits;
  }
  figures["needs_review"] = p.needs_review;
  figures["truncated"] = p.truncated;
  figures["tokens"] = p.tokens;
  figures["error"] = p.error;
  return figures;
}

std::string repr(const IntentPrediction& p) {
  const auto quoted = [](const std::string& text) {
    return std::string(nb::repr(nb::cast(text)).c_str());
  };
  if (!p.error.empty()) {
    return fmt::format("IntentPrediction(error={})", quoted(p.error));
  }
  return fmt::format("IntentPrediction(intent={}, confidence={:.4f}{}{})",
                     quoted(p.intent),
                     p.confidence,
                     p.needs_review ? ", needs_review=True" : "",
                     p.truncated ? ", truncated=True" : "");
}

}  // namespace

void init_prediction(nb::module_& m) {
  nb::class_<IntentPrediction>(m, "IntentPrediction", "The classifier's answer for one text.")
      .def_ro("intent",
              &IntentPrediction::intent,
              "the most probable intent; empty when `error` is set")
      .def_ro("confidence",
              &IntentPrediction::confidence,
              "its probability, at the model's temperature")
      .def_prop_ro("alternatives",
                   &alternatives,
                   nb::sig("def alternatives(self) -> "
                           "list[fastintent.scored_intent.ScoredIntent]"),
                   "the next most probable, best first")
      .def_ro("logits",
              &IntentPrediction::logits,
              "raw, all classes in id2label order, when requested; else empty")
      .def_ro("needs_review",
              &IntentPrediction::needs_review,
              "the confidence is below the review threshold")
      .def_ro("truncated",
              &IntentPrediction::truncated,
              "the text was longer than the model's maximum length")
      .def_ro("tokens",
              &IntentPrediction::tokens,
              "that the model read, special ones included; 0 when `error` is set")
      .def_ro(
          "error", &IntentPrediction::error, "why there is no prediction; empty when there is one")
      .def("to_dict",
           &to_dict,
           nb::sig("def to_dict(self) -> dict[str, typing.Any]"),
           "The attributes by name; \"logits\" where there are any.")
      .def(
          "__eq__",
          [](const IntentPrediction& one, const IntentPrediction& other) {
            return state(one) == state(other);
          },
          nb::is_operator())
      .def("__repr__", &repr)
      .def("__getstate__", &state)
      .def("__setstate__", &set_state)
      .attr("__hash__") = nb::none();  // compared by value, and mutable through __setstate__
}

}  // namespace fastintent::python
