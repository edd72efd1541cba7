#include "load_options.h"

#include "choices.h"

namespace fastintent::cli {
namespace {

constexpr const char* kGroup = "Load of a server (with --url)";
// One core sends far less than a million requests a second, and an hour of latencies fits in memory.
constexpr double kMostRate = 1e6;
constexpr double kMostSeconds = 3600;
constexpr double kMostConnections = 10'000;  // a third of the ports that a client has

}  // namespace

CLI::Option* add_load_options(CLI::App& command, LoadOptions& options) {
  CLI::Option* url =
      command
          .add_option("--url",
                      options.url,
                      "measure a server that is running: http://HOST:PORT[/PATH]; the path is "
                      "/v1/predict unless given")
          ->type_name("URL")
          ->group(kGroup);
  command
      .add_option("--rate",
                  options.rate,
                  "requests a second, sent whether or not earlier ones are answered; 0: each "
                  "connection sends its next one at its answer")
      ->type_name("N")
      ->capture_default_str()
      ->check(between(0, kMostRate))
      ->group(kGroup);
  command.add_option("--connections", options.connections, "kept alive")
      ->type_name("N")
      ->capture_default_str()
      ->check(between(1, kMostConnections))
      ->group(kGroup);
  command.add_option("--seconds", options.seconds, "how long to send")
      ->type_name("S")
      ->capture_default_str()
      ->check(between(0.1, kMostSeconds))
      ->group(kGroup);
  command
      .add_option(
          "--body",
          options.body,
          "requests' bodies, one a line, sent in turn (default: made-up texts, all different)")
      ->type_name("FILE")
      ->group(kGroup);
  command
      .add_option(
          "--header", options.headers, "sent with each request, for example a key; repeatable")
      ->type_name("NAME:VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->group(kGroup);
  return url;
}

}  // namespace fastintent::cli
