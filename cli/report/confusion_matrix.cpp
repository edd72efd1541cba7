#include "report/confusion_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <unordered_map>
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
constexpr size_t kMostClasses = 150;  // more are neither seen at once nor drawn fast by a browser
constexpr double kCharacter = 0.55;   // width of an average letter, of the font's size
constexpr size_t kLabelLength = 32;   // of characters; the full label is in the title
constexpr size_t kTitleLength = 200;  // of characters: a label may be as long as a text
constexpr double kGap = 6;            // between a label and its cells

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
                                         html_escaped(shortened(labels[i], kTitleLength)),
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

// The part of an evaluation that is drawn, with classes as indices of `classes`.
struct Drawn {
  std::vector<ClassFigures> classes;
  std::vector<ConfusionCell> cells;

  double share_of_row(const ConfusionCell& cell) const {
    return static_cast<double>(cell.count) /
           static_cast<double>(classes[static_cast<size_t>(cell.label)].support);
  }
};

// The classes that are drawn: all, or those of the most mistakes.
std::vector<size_t> drawn_classes(const Evaluation& evaluation) {
  std::vector<size_t> drawn(evaluation.classes.size());
  std::iota(drawn.begin(), drawn.end(), size_t{0});
  if (drawn.size() <= kMostClasses) {
    return drawn;
  }
  std::vector<int64_t> mistakes(evaluation.classes.size());  // of the class, or given it
  for (const ConfusionCell& cell : evaluation.confusion_cells) {
    if (cell.label != cell.predicted) {
      mistakes[static_cast<size_t>(cell.label)] += cell.count;
      mistakes[static_cast<size_t>(cell.predicted)] += cell.count;
    }
  }
  std::stable_sort(
      drawn.begin(), drawn.end(), [&](size_t a, size_t b) { return mistakes[a] > mistakes[b]; });
  drawn.resize(kMostClasses);
  std::sort(drawn.begin(), drawn.end());
  return drawn;
}

// The cells whose two classes are among `classes`, as indices of `classes`.
std::vector<ConfusionCell> cells_among(const std::vector<size_t>& classes,
                                       const std::vector<ConfusionCell>& cells) {
  std::unordered_map<int64_t, int64_t> place;
  for (size_t i = 0; i < classes.size(); ++i) {
    place.emplace(static_cast<int64_t>(classes[i]), static_cast<int64_t>(i));
  }
  std::vector<ConfusionCell> among;
  for (const ConfusionCell& cell : cells) {
    const auto label = place.find(cell.label);
    const auto predicted = place.find(cell.predicted);
    if (label != place.end() && predicted != place.end()) {
      among.push_back({label->second, predicted->second, cell.count});
    }
  }
  return among;
}

// In the order of the drawing: confused classes are neighbours.
Drawn choose(const Evaluation& evaluation) {
  const std::vector<size_t> chosen = drawn_classes(evaluation);
  std::vector<size_t> classes;
  classes.reserve(chosen.size());
  for (const size_t i :
       confusion_order(chosen.size(), cells_among(chosen, evaluation.confusion_cells))) {
    classes.push_back(chosen[i]);
  }
  Drawn drawn;
  drawn.cells = cells_among(classes, evaluation.confusion_cells);
  for (const size_t index : classes) {
    drawn.classes.push_back(evaluation.classes[index]);
  }
  return drawn;
}

// The largest share of a label's examples that were predicted as one wrong intent, and at least a
// fifth: the only mistake of a good model must not look like that of a bad one.
double worst_share(const Drawn& drawn) {
  double worst = 0.2;
  for (const ConfusionCell& cell : drawn.cells) {
    if (cell.label != cell.predicted) {
      worst = std::max(worst, drawn.share_of_row(cell));
    }
  }
  return worst;
}

// The strength of the colour of a cell for its share of the row. Right ones stay in the background;
// the worst of the wrong ones is as strong as its count remains readable, the others in proportion.
double opacity(double share, bool right, double worst) {
  return right ? 0.08 + 0.42 * share : 0.15 + 0.6 * share / worst;
}

void write_cells(const Drawn& drawn, const Layout& layout, Text out) {
  const double worst = worst_share(drawn);
  for (const ConfusionCell& cell : drawn.cells) {
    const auto row = static_cast<size_t>(cell.label);
    const auto column = static_cast<size_t>(cell.predicted);
    const bool right = row == column;
    const double share = drawn.share_of_row(cell);
    fmt::format_to(out,
                   "<g><title>{} → {}: {} of {} ({})</title><rect class=\"hover {}\" x=\"{:g}\" "
                   "y=\"{:g}\" width=\"{:g}\" height=\"{:g}\" fill-opacity=\"{:.2f}\"/>",
                   html_escaped(shortened(drawn.classes[row].label, kTitleLength)),
                   html_escaped(shortened(drawn.classes[column].label, kTitleLength)),
                   cell.count,
                   drawn.classes[row].support,
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
                     cell.count);
    }
    fmt::format_to(out, "</g>\n");
  }
}

}  // namespace

std::string confusion_matrix(const Evaluation& evaluation) {
  const Drawn drawn = choose(evaluation);
  std::vector<std::string> labels;
  labels.reserve(drawn.classes.size());
  for (const ClassFigures& figures : drawn.classes) {
    labels.push_back(figures.label);
  }
  const Layout layout = layout_of(labels);
  const double side = layout.labels + layout.cells + 1;  // the last line of the grid
  std::string html = fmt::format(
      "<p>A row is a label, a column what its examples were given. The colour is stronger for a "
      "larger share of the row; that of mistakes is in proportion to the worst. Intents that are "
      "confused stand side by side.{}{}</p>\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\">\n"
      "<svg class=\"matrix{}\" role=\"img\" aria-label=\"Confusion matrix of {} "
      "intents; the list of pairs has its largest figures\" width=\"{:g}\" height=\"{:g}\" "
      "viewBox=\"0 0 {:g} {:g}\">\n",
      labels.size() == evaluation.classes.size()
          ? ""
          : fmt::format(" These are the {} of {} intents with the most mistakes.",
                        labels.size(),
                        evaluation.classes.size()),
      layout.cell < kCounted ? " Point at a cell for its figures." : "",
      layout.cell < kCounted ? " dense" : "",
      labels.size(),
      side,
      side,
      side,
      side);
  const Text out(html);
  write_grid(labels.size(), layout, out);
  write_cells(drawn, layout, out);
  write_labels(labels, layout, out);
  return html + "</svg>\n</div>\n";
}

}  // namespace fastintent::cli
