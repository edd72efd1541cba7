#include "fastintent/evaluation.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings.h"
#include "gil.h"

namespace fastintent::python {

void init_evaluation(nb::module_& m) {
  nb::class_<ClassFigures>(m, "ClassFigures", "Figures of one class; from 0 to 1.")
      .def_ro("label", &ClassFigures::label, "name of the class")
      .def_ro("support", &ClassFigures::support, "examples of this class")
      .def_ro("predicted", &ClassFigures::predicted, "examples predicted as this class")
      .def_ro("precision", &ClassFigures::precision, "0 where nothing was predicted")
      .def_ro("recall", &ClassFigures::recall, "share of its examples predicted as this class")
      .def_ro("f1", &ClassFigures::f1, "harmonic mean of precision and recall");

  nb::class_<ConfusionCell>(m,
                            "ConfusionCell",
                            "A cell of the confusion matrix: the examples of one class that were "
                            "predicted as one class.")
      .def_ro("label",
              &ConfusionCell::label,
              "class of the examples, as an index of Evaluation.classes")
      .def_ro("predicted", &ConfusionCell::predicted, "predicted class, likewise")
      .def_ro("count", &ConfusionCell::count, "number of such examples")
      .def("__repr__", [](const ConfusionCell& cell) {
        return nb::str("ConfusionCell(label={}, predicted={}, count={})")
            .format(cell.label, cell.predicted, cell.count);
      });

  nb::class_<Confusion>(
      m, "Confusion", "Examples of class `label` that were predicted as class `predicted`.")
      .def_ro("label", &Confusion::label, "class of the examples")
      .def_ro("predicted", &Confusion::predicted, "predicted class")
      .def_ro("count", &Confusion::count, "number of such examples");

  nb::class_<ReliabilityBin>(
      m, "ReliabilityBin", "Predictions with a confidence in one of 15 equal intervals of (0, 1].")
      .def_ro("examples", &ReliabilityBin::examples, "number of predictions in the interval")
      .def_ro("mean_confidence", &ReliabilityBin::mean_confidence, "0 without examples")
      .def_ro("accuracy",
              &ReliabilityBin::accuracy,
              "share of them that is correct; 0 without examples");

  nb::class_<Mistake>(
      m, "Mistake", "An example for which the model predicted another intent than its label.")
      .def_ro("example", &Mistake::example, "index in the data")
      .def_ro("label", &Mistake::label, "may be unknown to the model")
      .def_ro("predicted", &Mistake::predicted, "predicted intent")
      .def_ro("confidence", &Mistake::confidence, "calibrated");

  nb::class_<Evaluation>(m,
                         "Evaluation",
                         R"(Measures of a classifier on labelled texts; all shares are from 0 to 1.

An example with a label unknown to the model counts as wrong in accuracy, top-k and weighted figures.
It is listed in `unseen_labels` and never assigned to another class. Macro figures are means over the
classes that have support.

Calibrated figures use softmax(logits / temperature), uncalibrated ones softmax(logits). No other
figure depends on the temperature.)")
      .def_ro("examples", &Evaluation::examples, "number of examples")
      .def_ro("loss", &Evaluation::loss, "mean cross-entropy, of examples with known labels")
      .def_ro("accuracy",
              &Evaluation::accuracy,
              "share of examples whose most probable intent is the label")
      .def_ro("top_3_accuracy",
              &Evaluation::top_3_accuracy,
              "share with the label among the 3 most probable intents")
      .def_ro("top_5_accuracy",
              &Evaluation::top_5_accuracy,
              "share with the label among the 5 most probable intents")
      .def_ro("macro_precision", &Evaluation::macro_precision, "mean over classes with support")
      .def_ro("macro_recall", &Evaluation::macro_recall, "mean over classes with support")
      .def_ro("macro_f1", &Evaluation::macro_f1, "mean over classes with support")
      .def_ro("weighted_precision", &Evaluation::weighted_precision, "mean weighted by support")
      .def_ro("weighted_recall", &Evaluation::weighted_recall, "mean weighted by support")
      .def_ro("weighted_f1", &Evaluation::weighted_f1, "mean weighted by support")
      .def_ro("temperature", &Evaluation::temperature, "divisor of the logits")
      .def_ro("expected_calibration_error",
              &Evaluation::expected_calibration_error,
              "mean distance of confidence from accuracy over 15 equal bins (Guo et al. 2017); "
              "calibrated")
      .def_ro("uncalibrated_calibration_error",
              &Evaluation::uncalibrated_calibration_error,
              "the same as expected_calibration_error, uncalibrated")
      .def_ro("reliability", &Evaluation::reliability, "15 bins, calibrated")
      .def_ro("uncalibrated_reliability", &Evaluation::uncalibrated_reliability, "15 bins")
      .def_ro("classes", &Evaluation::classes, "id2label order")
      .def_ro(
          "confusion_cells",
          &Evaluation::confusion_cells,
          "the cells of the confusion matrix that are not 0, by label, then by prediction; right "
          "predictions are among them")
      .def_ro("unseen_label_examples",
              &Evaluation::unseen_label_examples,
              "number of examples with a label unknown to the model")
      .def_ro("unseen_labels", &Evaluation::unseen_labels, "label, examples; sorted by label")
      .def_ro("mistakes", &Evaluation::mistakes, "in the order of the data")
      .def("confusion_matrix",
           &Evaluation::confusion_matrix,
           nb::call_guard<nb::gil_scoped_release>(),
           "The dense confusion matrix [label][predicted], id2label order. Its size is the square "
           "of the number of classes.")
      .def("most_confused",
           &Evaluation::most_confused,
           nb::arg("count"),
           "The `count` most frequent confusions, most frequent first.")
      .def("worst_classes",
           &Evaluation::worst_classes,
           nb::arg("count"),
           "The `count` classes with the lowest F1 among those with support, lowest first.")
      .def(
          "to_dict",
          [](const Evaluation& evaluation) {
            return call(import_attribute("json", "loads"), to_json(evaluation));
          },
          nb::sig("def to_dict(self) -> dict[str, typing.Any]"),
          "The figures by name, with \"per_class\" and \"confusion_matrix\" (a list of its cells "
          "that are not 0), as `fastintent evaluate` writes them; without the mistakes.")
      .def("__repr__", [](const Evaluation& evaluation) {
        return nb::str("Evaluation(examples={}, accuracy={:.4f}, macro_f1={:.4f})")
            .format(evaluation.examples, evaluation.accuracy, evaluation.macro_f1);
      });

  m.def("evaluate_logits",
        &evaluate_logits,
        nb::arg("logits"),
        nb::arg("labels"),
        nb::arg("intents"),
        nb::arg("temperature") = 1.0,
        nb::call_guard<WithoutGil>(),
        R"(Measures logits against labels, with the arithmetic of IntentClassifier.evaluate.

logits: a row of len(intents) numbers for each example. labels: the right intent of each example, by
name. intents: the names of the columns.
temperature: the logits are divided by it before the softmax, for calibrated figures.

Raises InvalidArgumentError when sizes differ or `temperature` is not positive and finite,
InvalidDataError for logits that are not finite.)");
}

}  // namespace fastintent::python
