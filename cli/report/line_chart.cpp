#include "report/line_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "report/html.h"

namespace fastintent::cli {
namespace {

// In units of the drawing; a unit is a CSS pixel or a little more.
constexpr double kWidth = 520;
constexpr double kHeight = 260;
constexpr double kLeft = 64;           // room for figures such as "0.00015"
constexpr double kRight = 12;          // room for half of the last figure
constexpr double kTop = 20;            // room for the mark
constexpr double kBottom = 40;         // room for the figures and the name of x
constexpr double kDrawn = 2 * kWidth;  // points: two per unit cannot be distinguished
constexpr double kTicks = 5;           // about as many as one reads without counting

using Text = std::back_insert_iterator<std::string>;

// Maps values to places in the drawing, and places the figures of an axis.
struct Scale {
  double low;
  double high;
  double step;  ///< between figures: 1, 2 or 5 times a power of ten
  double from;  ///< place of `low`
  double to;    ///< place of `high`

  double place(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

double tick_step(double range, bool whole) {
  const double rough = range / kTicks;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  const double digit = rough / power;
  const double step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  return whole ? std::max(step, 1.0) : step;
}

std::pair<double, double> range_of(const LineChart& chart, double (*coordinate)(double, double)) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const LineSeries& series : chart.series) {
    for (const auto& [x, y] : series.points) {
      low = std::min(low, coordinate(x, y));
      high = std::max(high, coordinate(x, y));
    }
  }
  return low <= high ? std::pair(low, high) : std::pair(0.0, 1.0);
}

Scale horizontal_scale(const LineChart& chart) {
  const double high = range_of(chart, [](double x, double) { return x; }).second;
  const double right = std::max(high, 1.0);
  return {0, right, tick_step(right, true), kLeft, kWidth - kRight};
}

Scale vertical_scale(const LineChart& chart) {
  const auto [lowest, highest] = range_of(chart, [](double, double y) { return y; });
  // A flat line gets a range of its own; of shares, a hundredth.
  const double floor = chart.shares ? std::min(lowest, highest - 0.01) : 0;
  const double range = std::max(highest - floor, 1e-9);
  const double step = tick_step(range, false);
  const double low = std::max(std::floor(floor / step) * step, 0.0);
  double high = std::ceil(highest / step) * step;
  high = std::max(high, low + step);
  return {low, chart.shares ? std::min(high, 1.0) : high, step, kHeight - kBottom, kTop};
}

// A figure with the digits that distinguish it from the next one.
std::string figure(double value, double step, bool share) {
  const double factor = share ? 100 : 1;
  const int digits = static_cast<int>(std::max(0.0, -std::floor(std::log10(step * factor) + 1e-9)));
  return fmt::format("{:.{}f}{}", value * factor, digits, share ? " %" : "");
}

void write_scales(const LineChart& chart, const Scale& x, const Scale& y, Text out) {
  constexpr double kRounding = 1e-9;  // of sums of steps
  for (int i = 0; y.low + i * y.step <= y.high + y.step * kRounding; ++i) {
    const double value = y.low + i * y.step;
    fmt::format_to(out,
                   "<path class=\"grid\" d=\"M{:g} {:.2f}H{:g}\"/><text class=\"quiet\" "
                   "text-anchor=\"end\" x=\"{:g}\" y=\"{:.2f}\">{}</text>\n",
                   x.from,
                   y.place(value),
                   x.to,
                   x.from - 6,
                   y.place(value) + 4,
                   figure(value, y.step, chart.shares));
  }
  for (int i = 0; i * x.step <= x.high + x.step * kRounding; ++i) {
    fmt::format_to(out,
                   "<text class=\"quiet\" text-anchor=\"middle\" x=\"{:.2f}\" y=\"{:g}\">{}"
                   "</text>\n",
                   x.place(i * x.step),
                   y.from + 16,
                   figure(i * x.step, x.step, false));
  }
  fmt::format_to(out,
                 "<path class=\"axis\" d=\"M{0:g} {1:g}H{2:g}\"/>\n<text class=\"quiet\" "
                 "text-anchor=\"middle\" x=\"{3:g}\" y=\"{4:g}\">{5}</text>\n",
                 x.from,
                 y.from,
                 x.to,
                 (x.from + x.to) / 2,
                 y.from + 34,
                 html_escaped(chart.x_name));
}

const char* css_class(LineStyle style) {
  switch (style) {
    case LineStyle::right:
      return "right";
    case LineStyle::wrong:
      return "wrong";
    case LineStyle::faint:
      return "wrong faint";
  }
  return "";
}

void write_series(const LineSeries& series, const Scale& x, const Scale& y, Text out) {
  const auto every =
      static_cast<size_t>(std::ceil(static_cast<double>(series.points.size()) / kDrawn));
  std::string line;
  std::string dots;
  for (size_t i = 0; i < series.points.size(); i += every) {
    const auto& [at, value] = series.points[i];
    const double left = x.place(at);
    const double top = y.place(value);
    line += fmt::format("{}{:.2f} {:.2f}", line.empty() ? "M" : "L", left, top);
    if (series.dots) {
      dots += fmt::format(
          "<circle class=\"{0} hover\" cx=\"{1:.2f}\" cy=\"{2:.2f}\" r=\"4\"><title>{3}: {4:.4g}"
          "</title></circle>\n",
          css_class(series.style),
          left,
          top,
          html_escaped(series.name),
          value);
    }
  }
  fmt::format_to(
      out, "<path class=\"line {}\" d=\"{}\"/>\n{}", css_class(series.style), line, dots);
}

void write_mark(const LineChart& chart, const Scale& x, const Scale& y, Text out) {
  if (!chart.marked_x) {
    return;
  }
  const double left = x.place(*chart.marked_x);
  const bool beyond_middle = left > (x.from + x.to) / 2;  // the words are where there is room
  fmt::format_to(out,
                 "<path class=\"dashed\" d=\"M{:.2f} {:g}V{:g}\"/><text class=\"quiet\" "
                 "text-anchor=\"{}\" x=\"{:.2f}\" y=\"{:g}\">{}</text>\n",
                 left,
                 y.from,
                 y.to - 14,
                 beyond_middle ? "end" : "start",
                 beyond_middle ? left - 6 : left + 6,
                 y.to - 6,
                 html_escaped(chart.mark));
}

std::string legend(const LineChart& chart) {
  std::string list = "<ul class=\"legend\">\n";
  for (const LineSeries& series : chart.series) {
    list += fmt::format(
        "<li><svg viewBox=\"0 0 20 8\" aria-hidden=\"true\"><path class=\"line {}\" d=\"M0 4H20\"/>"
        "</svg>{}</li>\n",
        css_class(series.style),
        html_escaped(series.name));
  }
  return list + "</ul>\n";
}

}  // namespace

std::string line_chart(const LineChart& chart) {
  const Scale x = horizontal_scale(chart);
  const Scale y = vertical_scale(chart);
  const std::string title = html_escaped(chart.title);
  std::string html = fmt::format(
      "<figure>\n<figcaption>{}</figcaption>\n{}<svg role=\"img\" aria-label=\"{}\" "
      "viewBox=\"0 0 {:g} {:g}\">\n",
      title,
      legend(chart),
      title,
      kWidth,
      kHeight);
  const Text out(html);
  write_scales(chart, x, y, out);
  write_mark(chart, x, y, out);
  for (const LineSeries& series : chart.series) {
    write_series(series, x, y, out);
  }
  return html + "</svg>\n</figure>\n";
}

}  // namespace fastintent::cli
