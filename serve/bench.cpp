#include "bench.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "exit_codes.h"
#include "fastintent/error.h"
#include "help_formatter.h"
#include "load_generator.h"
#include "load_options.h"
#include "messages.h"
#include "output.h"

namespace fastintent::serve {
namespace {

constexpr std::array<std::pair<const char*, double>, 4> kPercentiles = {
    {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}}};
// A client that is later or busier than this measures itself.
constexpr double kMostLate = 0.01;
constexpr double kBusy = 0.9;

std::vector<std::string> read_bodies(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  if (!file) {
    throw Error(ErrorCode::missing_input,
                fmt::format("bench: expected a file of bodies, found none to open ({})", name));
  }
  std::vector<std::string> bodies;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty()) {
      bodies.push_back(line);
    }
  }
  if (bodies.empty()) {
    throw Error(ErrorCode::invalid_data,
                fmt::format("bench: expected one body a line, found no line ({})", name));
  }
  return bodies;
}

// All texts differ, so a server's cache answers none of them.
std::string made_up_body(int64_t number) {
  return fmt::format(R"({{"text":"Where is the parcel of my order {}? It is late."}})", number);
}

Load load_of(const cli::LoadOptions& options) {
  Load load{.url = parse_url(options.url),
            .body = made_up_body,
            .rate = options.rate,
            .connections = options.connections,
            .seconds = options.seconds};
  if (load.url.path == "/") {
    load.url.path = "/v1/predict";
  }
  for (const std::string& header : options.headers) {
    const size_t colon = header.find(':');
    if (colon == 0 || colon == std::string::npos) {
      throw Error(ErrorCode::invalid_argument,
                  fmt::format("bench: expected --header as NAME:VALUE, found {}", header));
    }
    const size_t value = std::min(header.find_first_not_of(" \t", colon + 1), header.size());
    load.headers.emplace_back(header.substr(0, colon), header.substr(value));
  }
  if (!options.body.empty()) {
    load.body = [bodies = read_bodies(options.body)](int64_t number) {
      return bodies[static_cast<size_t>(number) % bodies.size()];
    };
  }
  return load;
}

double answers_per_second(const LoadReport& report) {
  return report.seconds > 0 ? static_cast<double>(report.latencies.size()) / report.seconds : 0;
}

std::string table(const cli::LoadOptions& options, const LoadReport& report) {
  std::string text = fmt::format(
      "{}, {}, {}\n\n",
      options.url,
      cli::counted(options.connections, "connection"),
      options.rate > 0 ? fmt::format("{} requests a second for {} s", options.rate, options.seconds)
                       : fmt::format("each sends at its answer, for {} s", options.seconds));
  text += fmt::format("{:<12}{:>12.1f} a second\n", "status 200", answers_per_second(report));
  for (const auto& [status, count] : report.answers) {
    text += fmt::format("{:<12}{:>12}\n", fmt::format("status {}", status), count);
  }
  text += fmt::format("{:<12}{:>12}\n", "failed", report.failed);
  text += fmt::format("{:<12}{:>12}\n", "unanswered", report.unanswered);
  text += fmt::format("{:<12}{:>12}\n\n", "unsent", report.unsent);
  for (const auto& [name, share] : kPercentiles) {
    text += fmt::format("{:<12}{:>12.3f} ms\n", name, percentile(report.latencies, share));
  }
  text += fmt::format("{:<12}{:>12.3f} ms\n", "longest", percentile(report.latencies, 1));
  return text;
}

std::string json_line(const cli::LoadOptions& options, const LoadReport& report) {
  JsonWriter out(JsonWriter::Layout::one_line, JsonWriter::Invalid::replaced);
  out.begin_object();
  out.member("url", options.url);
  out.member("connections", options.connections);
  out.member("rate", options.rate);
  out.member("seconds", report.seconds);
  out.member("throughput", answers_per_second(report));
  out.key("answers");
  out.begin_object();
  for (const auto& [status, count] : report.answers) {
    out.member(std::to_string(status), count);
  }
  out.end_object();
  out.member("failed", report.failed);
  out.member("unanswered", report.unanswered);
  out.member("unsent", report.unsent);
  for (const auto& [name, share] : kPercentiles) {
    out.member(fmt::format("{}_ms", name), percentile(report.latencies, share));
  }
  out.member("longest_ms", percentile(report.latencies, 1));
  out.member("client_late", report.late);
  out.member("client_cpu_share", report.cpu_share);
  out.end_object();
  return out.text() + "\n";
}

void warn_of_client(const LoadReport& report) {
  int64_t answered = report.failed;
  for (const auto& [status, count] : report.answers) {
    answered += count;
  }
  if (static_cast<double>(report.late) > kMostLate * static_cast<double>(answered)) {
    cli::say(
        "bench: this client sent {} of {} requests a millisecond or more late, so the latencies "
        "include its own; lower --rate or run it on another machine",
        report.late,
        answered);
  }
  if (report.cpu_share > kBusy) {
    cli::say("bench: this client used {:.0f} % of its one core, so it may be what limits the rate",
             100 * report.cpu_share);
  }
}

int bench(const cli::LoadOptions& options, bool as_json) {
  const LoadReport report = run_load(load_of(options));
  warn_of_client(report);
  cli::Output output;
  output.write(as_json ? json_line(options, report) : table(options, report));
  output.finish();
  return cli::kOk;
}

}  // namespace

void add_bench_command(CLI::App& program, std::function<int()>& run) {
  CLI::App* command = program.add_subcommand("bench", "Measure a server that is running.");
  command->group("");  // people type `fastintent bench --url`
  const auto options = std::make_shared<cli::LoadOptions>();
  const auto as_json = std::make_shared<bool>(false);
  cli::add_load_options(*command, *options)->required();
  command->add_flag("--json", *as_json, "print one JSON object instead of the table");
  cli::name_environment_variables(*command);
  command->parse_complete_callback(
      [options, as_json, &run] { run = [options, as_json] { return bench(*options, *as_json); }; });
}

}  // namespace fastintent::serve
