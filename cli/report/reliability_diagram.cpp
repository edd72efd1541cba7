#include "report/reliability_diagram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "evaluation_report.h"

namespace fastintent::cli {
namespace {

// In units of the drawing; a unit is a CSS pixel or a little more.
constexpr double kLeft = 58;       // room for the vertical scale
constexpr double kTop = 8;         // room for half of a scale's figure
constexpr double kSide = 300;      // of the square of confidence against accuracy
constexpr double kHistogram = 64;  // height of the histogram below it
constexpr double kBetween = 14;    // square and histogram
constexpr double kWidth = kLeft + kSide + 16;
constexpr double kFloor = kTop + kSide + kBetween + kHistogram;
constexpr double kHeight = kFloor + 40;  // room for the horizontal scale and its name

using Text = std::back_insert_iterator<std::string>;

double x_of(double confidence) {
  return kLeft + kSide * confidence;
}

double y_of(double accuracy) {
  return kTop + kSide * (1 - accuracy);
}

void write_scales(Text out) {
  for (int step = 0; step <= 5; ++step) {
    const double share = step / 5.0;
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{:g} {:g}h{:g}\"/>"
                   "<text class=\"quiet\" text-anchor=\"end\" x=\"{:g}\" y=\"{:g}\">{} %</text>\n"
                   "<text class=\"quiet\" text-anchor=\"middle\" x=\"{:g}\" y=\"{:g}\">{}</text>\n",
                   kLeft,
                   y_of(share),
                   kSide,
                   kLeft - 6,
                   y_of(share) + 4,
                   step * 20,
                   x_of(share),
                   kFloor + 16,
                   step * 20);
  }
  fmt::format_to(out,
                 "<text class=\"quiet\" text-anchor=\"middle\" x=\"{:g}\" y=\"{:g}\">confidence, %"
                 "</text>\n"
                 "<text class=\"quiet\" text-anchor=\"middle\" transform=\"translate(11 {:g}) "
                 "rotate(-90)\">accuracy</text>\n"
                 "<text class=\"quiet\" text-anchor=\"middle\" transform=\"translate(11 {:g}) "
                 "rotate(-90)\">log count</text>\n",
                 kLeft + kSide / 2,
                 kFloor + 34,
                 y_of(0.5),
                 kFloor - kHistogram / 2);
}

// A bar of a bin, from its left edge.
struct Bar {
  double left;
  double width;

  void write(const char* css_class, double opacity, double top, double bottom, Text out) const;
};

void Bar::write(const char* css_class, double opacity, double top, double bottom, Text out) const {
  fmt::format_to(
      out,
      "<rect class=\"{}\" fill-opacity=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" "
      "height=\"{:.2f}\"/>",
      css_class,
      opacity,
      left,
      top,
      width,
      std::max(bottom - top, 0.0));
}

// A good classifier is nearly always sure: without the logarithm one would see one bin.
double log_count(const ReliabilityBin& bin) {
  return std::log1p(static_cast<double>(bin.examples));
}

void write_bins(const std::vector<ReliabilityBin>& bins, Text out) {
  double most = 0;
  for (const ReliabilityBin& bin : bins) {
    most = std::max(most, log_count(bin));
  }
  for (size_t i = 0; i < bins.size(); ++i) {
    const ReliabilityBin& bin = bins[i];
    if (bin.examples == 0) {
      continue;
    }
    const auto count = static_cast<double>(bins.size());
    const Bar bar{x_of(static_cast<double>(i) / count), kSide / count - 1};  // a unit apart
    fmt::format_to(out,
                   "<g><title>{} examples with a mean confidence of {}: {} are right</title>",
                   bin.examples,
                   percent(bin.mean_confidence),
                   percent(bin.accuracy));
    const double both = std::min(bin.accuracy, bin.mean_confidence);
    bar.write("hover right", 0.55, y_of(both), y_of(0), out);
    bar.write("hover right", 0.25, y_of(bin.accuracy), y_of(both), out);
    bar.write("hover wrong", 0.55, y_of(bin.mean_confidence), y_of(both), out);
    bar.write("hover right", 0.55, kFloor - kHistogram * log_count(bin) / most, kFloor, out);
    fmt::format_to(out, "</g>\n");
  }
}

std::string diagram(const std::string& caption, const std::vector<ReliabilityBin>& bins) {
  std::string html = fmt::format(
      "<figure>\n<figcaption>{}</figcaption>\n<svg role=\"img\" aria-label=\"Reliability diagram: "
      "{}; the table below has its figures\" viewBox=\"0 0 {:g} {:g}\" "
      "style=\"max-width:{:g}px\">\n",
      caption,
      caption,
      kWidth,
      kHeight,
      kWidth * 1.2);
  const Text out(html);
  write_scales(out);
  write_bins(bins, out);
  fmt::format_to(out,
                 "<path class=\"dashed\" d=\"M{:g} {:g}L{:g} {:g}\"/>\n"
                 "<path class=\"axis\" d=\"M{:g} {:g}h{:g}\"/>\n",
                 x_of(0),
                 y_of(0),
                 x_of(1),
                 y_of(1),
                 kLeft,
                 kFloor,
                 kSide);
  return html + "</svg>\n</figure>\n";
}

std::string table(const std::string& caption, const std::vector<ReliabilityBin>& bins) {
  std::string html = fmt::format(
      "<table>\n<caption>{}</caption>\n<thead><tr><th scope=\"col\">Confidence</th>"
      "<th scope=\"col\" class=\"number\">Examples</th>"
      "<th scope=\"col\" class=\"number\">Mean confidence</th>"
      "<th scope=\"col\" class=\"number\">Accuracy</th></tr></thead>\n<tbody>\n",
      caption);
  const auto count = static_cast<double>(bins.size());
  for (size_t i = 0; i < bins.size(); ++i) {
    const ReliabilityBin& bin = bins[i];
    const auto index = static_cast<double>(i);
    const bool empty = bin.examples == 0;
    html += fmt::format(
        "<tr><td>{:.1f} to {:.1f} %</td><td class=\"number\">{}</td><td class=\"number\">{}</td>"
        "<td class=\"number\">{}</td></tr>\n",
        100 * index / count,
        100 * (index + 1) / count,
        bin.examples,
        empty ? "–" : percent(bin.mean_confidence),
        empty ? "–" : percent(bin.accuracy));
  }
  return html + "</tbody>\n</table>\n";
}

}  // namespace

std::string reliability_diagram(const Evaluation& evaluation) {
  std::string figures;
  std::string tables;
  const auto add = [&](const std::string& name, double error, const auto& bins) {
    const std::string caption =
        fmt::format("Expected calibration error{}: {}", name, percent(error));
    figures += diagram(caption, bins);
    tables += table(caption, bins);
  };
  const bool calibrated = evaluation.temperature != 1;
  if (calibrated) {
    add(" before calibration",
        evaluation.uncalibrated_calibration_error,
        evaluation.uncalibrated_reliability);
  }
  add(calibrated ? fmt::format(" with temperature {:.3g}", evaluation.temperature) : "",
      evaluation.expected_calibration_error,
      evaluation.reliability);
  return fmt::format(
      "<p>Predictions in {} equal bins of confidence. A bar is the share of a bin that is right; "
      "on the dashed line it would equal the confidence. Orange is missing: there the model is too "
      "sure of itself. Pale is beyond: there it is not sure enough. Below stands how many examples "
      "a bin has, on a logarithmic scale.</p>\n"
      "<div class=\"charts\">\n{}</div>\n"
      "<details>\n<summary>The figures as a table</summary>\n<div class=\"scroll\">\n{}</div>\n"
      "</details>\n",
      evaluation.reliability.size(),
      figures,
      tables);
}

}  // namespace fastintent::cli
