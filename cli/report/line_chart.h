#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace fastintent::cli {

/// How a series is drawn: in the colour of what is right or wrong (two that differ, no more), faint
/// for what another line sums up.
enum class LineStyle { right, wrong, faint };

struct LineSeries {
  std::string name;
  LineStyle style = LineStyle::right;
  bool dots = false;                              ///< for few points
  std::vector<std::pair<double, double>> points;  ///< x, y; from left to right, finite
};

struct LineChart {
  std::string title;
  std::string x_name;
  bool shares = false;  ///< y is a share, shown in percent and never above 100; else it starts at 0
  std::vector<LineSeries> series;
  std::optional<double> marked_x;  ///< a vertical line here
  std::string mark;                ///< its label
};

/// The chart as a figure with caption, legend and SVG; of many points only as many are drawn as can
/// be distinguished. HTML.
std::string line_chart(const LineChart& chart);

}  // namespace fastintent::cli
