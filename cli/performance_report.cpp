#include "performance_report.h"

#include <fmt/format.h>

#include "json.h"
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

std::string to_json(const PerformanceReport& report) {
  std::string benchmarks;
  for (const auto& [name, figures] : report.benchmarks) {
    benchmarks +=
        fmt::format(R"({}{}:{{"throughput":{},"mean_ms":{},"p50_ms":{},"p95_ms":{},"p99_ms":{},)"
                    R"("tokenizer_share":{},"encoder_share":{}}})",
                    benchmarks.empty() ? "" : ",",
                    json_string(name),
                    json_number(figures.throughput),
                    json_number(figures.mean_ms),
                    json_number(figures.p50_ms),
                    json_number(figures.p95_ms),
                    json_number(figures.p99_ms),
                    json_number(figures.tokenizer_share),
                    json_number(figures.encoder_share));
  }
  return fmt::format(R"({{"device":{},"precision":{},"threads":{},"benchmarks":{{{}}}}})",
                     json_string(report.device),
                     json_string(precision_name(report.precision)),
                     report.threads,
                     benchmarks);
}

}  // namespace fastintent::cli
