#include "report/confusion_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

#include "evaluation_report.h"
#include "report/confusion_order.h"
#include "report/html.h"

namespace fastintent::cli {
namespace {

// In CSS pixels.
constexpr double kWidth = 880;    // of all cells, where their limits allow: fits a desktop's page
constexpr double kSmallest = 12;  // of a cell: a label of 10 px is beside it
constexpr double kLargest = 56;   // of a cell: 2 classes are no poster
constexpr double kCounted = 22;   // from this size on, three digits of 12 px fit a cell
constexpr double kCharacter = 0.55;  // width of an average letter, of the font's size
constexpr size_t kLabelLength = 32;  // of characters; the full label is in the title
constexpr double kGap = 6;           // between a label and its cells

// Sizes that all parts of the drawing share.
struct Layout {
  double cell;
  double font;
  double labels;  ///< room for labels, left and above
  double cells;   ///< side of the square of all cells

  double at(size_t index) const { return labels + static_cast<double>(index) * cell; }
};

Layout layout_of(const std::vector<std::string>& labels) {
  Layout layout{};
  layout.cell =
      std::clamp(std::floor(kWidth / static_cast<double>(labels.size())), kSmallest, kLargest);
  layout.font = layout.cell < kCounted ? 10 : 12;
  size_t longest = 0;
  for (const std::string& label : labels) {
    longest = std::max(longest, label.size());  // bytes: wide letters need more of both
  }
  const auto characters = static_cast<double>(std::min(longest, kLabelLength));
  // One line more for "label" and "predicted".
  layout.labels = std::ceil(characters * kCharacter * layout.font + 2 * kGap + 2 * layout.font);
  layout.cells = layout.cell * static_cast<double>(labels.size());
  return layout;
}

using Text = std::back_insert_iterator<std::string>;

void write_labels(const std::vector<std::string>& labels, const Layout& layout, Text out) {
  const double edge = layout.labels - kGap;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double middle = layout.at(i) + layout.cell / 2 + layout.font * 0.35;
    const std::string text = fmt::format("<title>{}</title>{}",
                                         html_escaped(labels[i]),
                                         html_escaped(shortened(labels[i], kLabelLength)));
    fmt::format_to(out,
                   "<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"end\">{}</text>\n"
                   "<text transform=\"translate({:g} {:g}) rotate(-90)\">{}</text>\n",
                   edge,
                   middle,
                   text,
                   middle,
                   edge,
                   text);
  }
  const double centre = layout.labels + layout.cells / 2;
  fmt::format_to(out,
                 "<text class=\"quiet\" text-anchor=\"middle\" transform=\"translate({0:g} {1:g}) "
                 "rotate(-90)\">label</text>\n"
                 "<text class=\"quiet\" text-anchor=\"middle\" x=\"{1:g}\" y=\"{0:g}\">predicted"
                 "</text>\n",
                 layout.font,
                 centre);
}

void write_grid(size_t classes, const Layout& layout, Text out) {
  fmt::format_to(out, "<path class=\"grid\" d=\"");
  for (size_t i = 0; i <= classes; ++i) {
    fmt::format_to(
        out, "M{0:g} {1:g}h{2:g}M{1:g} {0:g}v{2:g}", layout.labels, layout.at(i), layout.cells);
  }
  fmt::format_to(out, "\"/>\n");
}

double share_of_row(const Evaluation& evaluation, size_t label, size_t predicted) {
  return static_cast<double>(evaluation.confusion_matrix[label][predicted]) /
         static_cast<double>(evaluation.classes[label].support);
}

// The largest share of a label's examples that were predicted as one wrong intent, and at least a
// fifth: the only mistake of a good model must not look like that of a bad one.
double worst_share(const Evaluation& evaluation) {
  double worst = 0.2;
  for (size_t label = 0; label < evaluation.classes.size(); ++label) {
    for (size_t predicted = 0; predicted < evaluation.classes.size(); ++predicted) {
      if (label != predicted && evaluation.confusion_matrix[label][predicted] > 0) {
        worst = std::max(worst, share_of_row(evaluation, label, predicted));
      }
    }
  }
  return worst;
}

// The strength of the colour of a cell for its share of the row. Right ones stay in the background;
// the worst of the wrong ones is as strong as its count remains readable, the others in proportion.
double opacity(double share, bool right, double worst) {
  return right ? 0.08 + 0.42 * share : 0.15 + 0.6 * share / worst;
}

void write_cells(const Evaluation& evaluation,
                 const std::vector<size_t>& order,
                 const Layout& layout,
                 Text out) {
  const double worst = worst_share(evaluation);
  for (size_t row = 0; row < order.size(); ++row) {
    const ClassFigures& label = evaluation.classes[order[row]];
    for (size_t column = 0; column < order.size(); ++column) {
      const int64_t count = evaluation.confusion_matrix[order[row]][order[column]];
      if (count == 0) {
        continue;
      }
      const bool right = row == column;
      const double share = share_of_row(evaluation, order[row], order[column]);
      fmt::format_to(out,
                     "<g><title>{} → {}: {} of {} ({})</title><rect class=\"hover {}\" x=\"{:g}\" "
                     "y=\"{:g}\" width=\"{:g}\" height=\"{:g}\" fill-opacity=\"{:.2f}\"/>",
                     html_escaped(label.label),
                     html_escaped(evaluation.classes[order[column]].label),
                     count,
                     label.support,
                     percent(share),
                     right ? "right" : "wrong",
                     layout.at(column),
                     layout.at(row),
                     layout.cell,
                     layout.cell,
                     opacity(share, right, worst));
      if (layout.cell >= kCounted) {
        fmt::format_to(out,
                       "<text text-anchor=\"middle\" x=\"{:g}\" y=\"{:g}\">{}</text>",
                       layout.at(column) + layout.cell / 2,
                       layout.at(row) + layout.cell / 2 + layout.font * 0.35,
                       count);
      }
      fmt::format_to(out, "</g>\n");
    }
  }
}

}  // namespace

std::string confusion_matrix(const Evaluation& evaluation) {
  const std::vector<size_t> order = confusion_order(evaluation.confusion_matrix);
  std::vector<std::string> labels;
  labels.reserve(order.size());
  for (const size_t index : order) {
    labels.push_back(evaluation.classes[index].label);
  }
  const Layout layout = layout_of(labels);
  const double side = layout.labels + layout.cells + 1;  // the last line of the grid
  std::string html = fmt::format(
      "<p>A row is a label, a column what its examples were given. The colour is stronger for a "
      "larger share of the row; that of mistakes is in proportion to the worst. Intents that are "
      "confused stand side by side.{}</p>\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\">\n"
      "<svg class=\"matrix{}\" role=\"img\" aria-label=\"Confusion matrix of {} "
      "intents; the list of pairs has its largest figures\" width=\"{:g}\" height=\"{:g}\" "
      "viewBox=\"0 0 {:g} {:g}\">\n",
      layout.cell < kCounted ? " Point at a cell for its figures." : "",
      layout.cell < kCounted ? " dense" : "",
      labels.size(),
      side,
      side,
      side,
      side);
  const Text out(html);
  write_grid(order.size(), layout, out);
  write_cells(evaluation, order, layout, out);
  write_labels(labels, layout, out);
  return html + "</svg>\n</div>\n";
}

}  // namespace fastintent::cli
