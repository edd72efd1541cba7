#include "report/class_table.h"

#include <fmt/format.h>

#include <limits>

#include "evaluation_report.h"
#include "report/html.h"

namespace fastintent::cli {
namespace {

std::string figure_cell(double share) {
  return fmt::format("<td class=\"number\" data-value=\"{}\">{}</td>", share, percent(share));
}

std::string row(const ClassFigures& figures) {
  return fmt::format(
      "<tr><th scope=\"row\" class=\"name\">{}</th>{}"
      "<td class=\"bar\" aria-hidden=\"true\"><span style=\"background-size:{:.1f}% 100%\"></span>"
      "</td>{}{}<td class=\"number\">{}</td><td class=\"number\">{}</td></tr>\n",
      html_escaped(figures.label),
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
      html_escaped(figures.label),
      kNone,
      kNone,
      kNone,
      figures.predicted);
}

}  // namespace

std::string class_table(const Evaluation& evaluation) {
  std::string html = R"(<div class="scroll">
<table class="sortable">
<caption>Lowest F1 first; intents without examples last.</caption>
<thead><tr><th scope="col">Intent</th><th scope="col" class="number">F1</th><td class="bar"></td>)"
                     R"(<th scope="col" class="number">Precision</th>)"
                     R"(<th scope="col" class="number">Recall</th>)"
                     R"(<th scope="col" class="number">Examples</th>)"
                     R"(<th scope="col" class="number">Predicted</th></tr></thead>
<tbody>
)";
  for (const ClassFigures& figures : evaluation.worst_classes(std::numeric_limits<int>::max())) {
    html += row(figures);
  }
  for (const ClassFigures& figures : evaluation.classes) {
    if (figures.support == 0) {
      html += row_without_examples(figures);
    }
  }
  return html + "</tbody>\n</table>\n</div>\n";
}

}  // namespace fastintent::cli
