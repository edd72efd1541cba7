#include "performance_report.h"

#include <fmt/format.h>

#include "messages.h"

namespace fastintent::cli {

std::string performance_table(const PerformanceReport& report) {
  std::string table = fmt::format("device {}, precision {}, {}\n\n",
                                  report.device,
                                  precision_name(report.precision),
                                  counted(report.threads, "thread"));
  table += fmt::format("{:<18}{:>13}{:>10}{:>10}{:>10}{:>10}{:>11}{:>9}\n",
                       "",
                       "predictions/s",
                       "mean ms",
                       "p50 ms",
                       "p95 ms",
                       "p99 ms",
                       "tokenizer",
                       "encoder");
  for (const auto& [name, figures] : report.benchmarks) {
    table += fmt::format("{:<18}{:>13.0f}{:>10.4g}{:>10.4g}{:>10.4g}{:>10.4g}{:>10.1f}%{:>8.1f}%\n",
                         name,
                         figures.throughput,
                         figures.mean_ms,
                         figures.p50_ms,
                         figures.p95_ms,
                         figures.p99_ms,
                         100 * figures.tokenizer_share,
                         100 * figures.encoder_share);
  }
  return table;
}

void write_json(JsonWriter& out, const PerformanceReport& report) {
  out.begin_object();
  out.member("device", report.device);
  out.member("precision", precision_name(report.precision));
  out.member("threads", report.threads);
  out.key("benchmarks");
  out.begin_object();
  for (const auto& [name, figures] : report.benchmarks) {
    out.key(name);
    out.begin_object();
    out.member("throughput", figures.throughput);
    out.member("mean_ms", figures.mean_ms);
    out.member("p50_ms", figures.p50_ms);
    out.member("p95_ms", figures.p95_ms);
    out.member("p99_ms", figures.p99_ms);
    out.member("tokenizer_share", figures.tokenizer_share);
    out.member("encoder_share", figures.encoder_share);
    out.end_object();
  }
  out.end_object();
  out.end_object();
}

}  // namespace fastintent::cli
