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

JsonObject to_json(const PerformanceReport& report) {
  JsonObject benchmarks;
  for (const auto& [name, figures] : report.benchmarks) {
    benchmarks.object(name,
                      JsonObject()
                          .number("throughput", figures.throughput)
                          .number("mean_ms", figures.mean_ms)
                          .number("p50_ms", figures.p50_ms)
                          .number("p95_ms", figures.p95_ms)
                          .number("p99_ms", figures.p99_ms)
                          .number("tokenizer_share", figures.tokenizer_share)
                          .number("encoder_share", figures.encoder_share));
  }
  return JsonObject()
      .text("device", report.device)
      .text("precision", precision_name(report.precision))
      .number("threads", report.threads)
      .object("benchmarks", benchmarks);
}

}  // namespace fastintent::cli
