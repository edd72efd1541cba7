#include "report/class_table.h"

#include <fmt/format.h>

#include <utility>

#include "evaluation_report.h"
#include "report/html.h"

namespace fastintent::cli {
namespace {

constexpr int kMostRows = 1'000;     // a browser sorts as many at once
constexpr size_t kNameLength = 200;  // of characters: a label may be as long as a text

std::string figure_cell(double share) {
  return fmt::format("<td class=\"number\" data-value=\"{}\">{}</td>", share, percent(share));
}

std::string row(const ClassFigures& figures) {
  return fmt::format(
      "<tr><th scope=\"row\" class=\"name\">{}</th>{}"
      "<td class=\"bar\" aria-hidden=\"true\"><span style=\"background-size:{:.1f}% 100%\"></span>"
      "</td>{}{}<td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
      html_escaped(shortened(figures.label, kNameLength)),
      figure_cell(figures.f1),
      100 * figures.f1,
      figure_cell(figures.precision),
      figure_cell(figures.recall),
      figures.support,
      figures.predicted);
}

// A class of which only the number of predictions is known. Sorted as -1, below every figure.
std::string row_without_examples(const ClassFigures& figures) {
  constexpr const char* kNone = "<td class=\"number quiet\" data-value=\"-1\">–</td>";
  return fmt::format(
      "<tr><th scope=\"row\" class=\"name\">{}</th>{}<td class=\"bar\" aria-hidden=\"true\"></td>"
      "{}{}<td class=\"number\">0</td><td class=\"number\">{}</td></tr>\n",
      html_escaped(shortened(figures.label, kNameLength)),
      kNone,
      kNone,
      kNone,
      figures.predicted);
}

}  // namespace

std::string class_table(const Evaluation& evaluation) {
  std::string rows;
  int shown = 0;
  for (const ClassFigures& figures : evaluation.worst_classes(kMostRows)) {
    rows += row(figures);
    ++shown;
  }
  for (const ClassFigures& figures : evaluation.classes) {
    if (figures.support == 0 && shown < kMostRows) {
      rows += row_without_examples(figures);
      ++shown;
    }
  }
  const std::string missing =
      std::cmp_less(shown, evaluation.classes.size())
          ? fmt::format(" These are {} of {}.", shown, evaluation.classes.size())
          : "";
  return fmt::format(
      R"(<div class="scroll">
<table class="sortable">
<caption>Lowest F1 first; intents without examples last.{}</caption>
<thead><tr><th scope="col">Intent</th><th scope="col" class="number">F1</th><td class="bar"></td>)"
      R"(<th scope="col" class="number">Precision</th>)"
      R"(<th scope="col" class="number">Recall</th>)"
      R"(<th scope="col" class="number">Examples</th>)"
      R"(<th scope="col" class="number">Predicted</th></tr></thead>
<tbody>
{}</tbody>
</table>
</div>
)",
      missing,
      rows);
}

}  // namespace fastintent::cli
