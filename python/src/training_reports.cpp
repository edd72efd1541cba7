#include <nanobind/stl/map.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <map>
#include <string>

#include "bindings.h"
#include "fastintent/trainer.h"

namespace fastintent::python {
void init_training(nb::module_& m) {
  nb::class_<StepReport>(m, "StepReport", "One optimizer step.")
      .def_ro("refitting", &StepReport::refitting, "in the second fit, on all rows")
      .def_ro("step", &StepReport::step, "from 1")
      .def_ro("total_steps", &StepReport::total_steps, "of this fit")
      .def_ro("epoch", &StepReport::epoch, "epochs done, as a fraction")
      .def_ro("loss", &StepReport::loss, "of this step's texts")
      .def_ro("learning_rate", &StepReport::learning_rate, "of the encoder, in this step")
      .def_ro("gradient_norm", &StepReport::gradient_norm, "before clipping")
      .def_ro("examples_per_second", &StepReport::examples_per_second, "of this step");

  nb::class_<EpochReport>(
      m, "EpochReport", "One pass over the training rows and the evaluation after it.")
      .def_ro("refitting", &EpochReport::refitting, "in the second fit, on all rows")
      .def_ro("epoch", &EpochReport::epoch, "from 1")
      .def_ro("step", &EpochReport::step, "steps done")
      .def_ro("training_loss", &EpochReport::training_loss, "mean over the epoch")
      .def_ro(
          "examples_per_second", &EpochReport::examples_per_second, "of the epoch's training steps")
      .def_ro("validation", &EpochReport::validation, "None while refitting")
      .def_ro("best", &EpochReport::best, "the best so far");

  nb::class_<TrainingReport>(
      m, "TrainingReport", "Results of a training run, and the quality of the model.")
      .def_ro("device_name", &TrainingReport::device_name, "\"cpu (avx512)\"")
      .def_ro("held_out_rows",
              &TrainingReport::held_out_rows,
              "rows of the training texts, in the order of `validation`; empty when a validation "
              "set was passed")
      .def_ro("best_epoch", &TrainingReport::best_epoch, "epoch of the saved weights, from 1")
      .def_ro("epochs", &TrainingReport::epochs, "done before stopping")
      .def_ro("steps", &TrainingReport::steps, "optimizer steps done")
      .def_ro("examples", &TrainingReport::examples, "number of texts in all training steps")
      .def_ro("seconds", &TrainingReport::seconds, "of the training steps")
      .def_ro("examples_per_second", &TrainingReport::examples_per_second, "of the training steps")
      .def_ro("validation",
              &TrainingReport::validation,
              "of the best epoch, with calibrated confidences")
      .def_ro("temperature",
              &TrainingReport::temperature,
              "fitted on the validation rows of the best epoch, as the next two")
      .def_ro("review_threshold",
              &TrainingReport::review_threshold,
              "None when no threshold reaches `review_accuracy`")
      .def_ro("review_share",
              &TrainingReport::review_share,
              "share of the validation rows below the threshold")
      .def_prop_ro(
          "label_agreement",
          [](const TrainingReport& report) {
            std::map<std::string, double> shares;
            for (const auto& [precision, share] : report.label_agreement) {
              shares[std::string(precision_name(precision))] = share;
            }
            return shares;
          },
          "share of the validation rows, 0 to 1, of at most 10,000, that have the same label as in "
          "fp32, by precision");
}

}  // namespace fastintent::python
