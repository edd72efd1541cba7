#include "report/training_curves.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "evaluation_report.h"
#include "report/line_chart.h"

namespace fastintent::cli {
namespace {

constexpr size_t kReach = 50;  // a mean reaches over 1/50 of the run on both sides: its shape stays

LineSeries over_steps(const FitHistory& fit, double StepReport::* figure) {
  LineSeries series;
  for (const auto& [number, step] : fit.steps) {
    series.points.emplace_back(step.epoch, step.*figure);
  }
  return series;
}

// Each step's mean with its neighbours: symmetric, so that the curve does not lag behind.
LineSeries smoothed(const LineSeries& rough) {
  const std::vector<std::pair<double, double>>& points = rough.points;
  const size_t reach = std::max<size_t>(points.size() / kReach, 1);
  std::vector<double> sums = {0};  // of the points before
  for (const auto& [x, y] : points) {
    sums.push_back(sums.back() + y);
  }
  LineSeries smooth;
  for (size_t i = 0; i < points.size(); ++i) {
    const size_t half = std::min({reach, i, points.size() - 1 - i});
    smooth.points.emplace_back(
        points[i].first, (sums[i + half + 1] - sums[i - half]) / static_cast<double>(2 * half + 1));
  }
  return smooth;
}

LineSeries over_epochs(const FitHistory& fit, double EpochFigures::Validation::* figure) {
  LineSeries series;
  series.dots = true;
  for (const auto& [number, epoch] : fit.epochs) {
    if (epoch.validation) {
      series.points.emplace_back(number, *epoch.validation.*figure);
    }
  }
  return series;
}

LineSeries named(LineSeries series, const char* name, LineStyle style) {
  series.name = name;
  series.style = style;
  return series;
}

bool is_validated(const FitHistory& fit) {
  return std::any_of(fit.epochs.begin(), fit.epochs.end(), [](const auto& entry) {
    return entry.second.validation.has_value();
  });
}

LineChart chart_of(const char* title, const FitHistory& fit, int best_epoch) {
  LineChart chart;
  chart.title = title;
  chart.x_name = "epochs";
  if (is_validated(fit)) {
    chart.marked_x = best_epoch;
    chart.mark = fmt::format("best: epoch {}", best_epoch);
  }
  return chart;
}

std::string epoch_table(const FitHistory& fit, int best_epoch) {
  std::string html =
      "<div class=\"scroll\">\n<table>\n<thead><tr><th scope=\"col\">Epoch</th>"
      "<th scope=\"col\" class=\"number\">Training loss</th>"
      "<th scope=\"col\" class=\"number\">Validation loss</th>"
      "<th scope=\"col\" class=\"number\">Accuracy</th>"
      "<th scope=\"col\" class=\"number\">Macro F1</th>"
      "<th scope=\"col\" class=\"number\">Examples/s</th></tr></thead>\n<tbody>\n";
  const bool validated = is_validated(fit);
  for (const auto& [number, epoch] : fit.epochs) {
    const auto& validation = epoch.validation;
    html += fmt::format(
        "<tr><th scope=\"row\">{}{}</th><td class=\"number\">{:.4f}</td>"
        "<td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{:.0f}</td></tr>\n",
        number,
        validated && number == best_epoch ? " <strong>best</strong>" : "",
        epoch.training_loss,
        validation ? fmt::format("{:.4f}", validation->loss) : "–",
        validation ? percent(validation->accuracy) : "–",
        validation ? percent(validation->macro_f1) : "–",
        epoch.examples_per_second);
  }
  return html + "</tbody>\n</table>\n</div>\n";
}

}  // namespace

std::string training_curves(const FitHistory& fit, int best_epoch) {
  const LineSeries steps = over_steps(fit, &StepReport::loss);
  LineChart loss = chart_of("Loss", fit, best_epoch);
  loss.series = {named(steps, "training, each step", LineStyle::faint),
                 named(smoothed(steps), "training, mean of neighbours", LineStyle::wrong)};
  std::string charts;
  if (is_validated(fit)) {
    loss.series.push_back(
        named(over_epochs(fit, &EpochFigures::Validation::loss), "validation", LineStyle::right));
    LineChart accuracy = chart_of("Validation accuracy and macro F1", fit, best_epoch);
    accuracy.shares = true;
    accuracy.series = {
        named(over_epochs(fit, &EpochFigures::Validation::macro_f1), "macro F1", LineStyle::wrong),
        named(over_epochs(fit, &EpochFigures::Validation::accuracy), "accuracy", LineStyle::right)};
    charts = line_chart(accuracy);
  }
  LineChart rate = chart_of("Learning rate of the encoder", fit, best_epoch);
  rate.series = {
      named(over_steps(fit, &StepReport::learning_rate), "learning rate", LineStyle::right)};
  return "<div class=\"charts\">\n" + line_chart(loss) + charts + line_chart(rate) + "</div>\n" +
         epoch_table(fit, best_epoch);
}

}  // namespace fastintent::cli
