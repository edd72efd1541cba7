// fastintent-serve: the intent server, which `fastintent serve` starts. Messages and the access log
// go to standard error; every failure ends in one of the codes of cli/exit_codes.h.

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "bench.h"
#include "check.h"
#include "exit_codes.h"
#include "fastintent/error.h"
#include "fastintent/version.h"
#include "help_formatter.h"
#include "messages.h"
#include "options.h"
#include "out_of_memory.h"
#include "server.h"

namespace fastintent::serve {
namespace {

constexpr const char* kDescription =
    "Serves trained models over HTTP, to the clients that people have: Hugging Face, TEI, Triton "
    "and\n"
    "KServe, vLLM, SageMaker, Vertex AI, MLflow, Rasa, Azure.\n";

constexpr const char* kFooter = R"(
A first server, and its page in a browser, http://127.0.0.1:8080/:
  fastintent serve --model intents
  curl localhost:8080/v1/predict --json '{"text":"Where is my card?"}'

SIGTERM ends it when the requests in progress are answered; SIGHUP loads models, keys and
certificates again. Every option is also an environment variable (--max-texts is
FASTINTENT_MAX_TEXTS); what is typed wins.)";

// Longer than a pass of any model; probes have limits of their own.
constexpr std::chrono::seconds kCheckPatience{5};

int check(const std::string& url) {
  const std::optional<std::string> problem = find_unreadiness(url, kCheckPatience);
  if (problem) {
    cli::say("fastintent serve --check: {}", *problem);
  }
  return problem ? cli::kTryAgain : cli::kOk;
}

int run(int argc, char** argv) {
  CLI::App program(kDescription, "fastintent serve");
  program.formatter(std::make_shared<cli::HelpFormatter>());
  program.footer(kFooter);
  program.set_version_flag("--version", std::string("fastintent ") + kVersion, "print the version");
  program.set_help_flag("--help,-h", "print this help");
  ServerOptions options;
  std::string checked_url;
  std::function<int()> bench;
  add_server_options(program, options);
  program
      .add_option("--check",
                  checked_url,
                  "ask the server at http://HOST:PORT or unix:FILE whether it is ready, and exit: "
                  "code 0 or 75")
      ->type_name("URL");
  cli::name_environment_variables(program);
  add_bench_command(program, bench);
  try {
    program.parse(argc, argv);
    if (bench) {
      return bench();
    }
    if (!checked_url.empty()) {
      return check(checked_url);
    }
    complete_options(options);
    return run_server(options);
  } catch (const CLI::Success& wanted) {  // --help, --version
    program.exit(wanted);
    return cli::kOk;
  } catch (const CLI::ParseError& error) {
    cli::say("fastintent serve: {}\n`fastintent serve --help` lists the options.", error.what());
    return cli::kUsage;
  } catch (const Error& error) {
    cli::say("fastintent: {}", error.what());
    return cli::exit_code(error.code());
  }
}

}  // namespace
}  // namespace fastintent::serve

int main(int argc, char** argv) {
  using namespace fastintent::cli;
  std::signal(SIGPIPE, SIG_IGN);  // a client that has left is an error of write()
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return fastintent::serve::run(argc, argv);
  } catch (const std::bad_alloc&) {
    return report_out_of_memory();
  } catch (const std::exception& error) {
    say("fastintent: internal error: {}", error.what());
    return kInternalError;
  }
}
