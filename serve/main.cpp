#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "bench.h"
#include "exit_codes.h"
#include "fastintent/error.h"
#include "help_formatter.h"
#include "messages.h"

int main(int argc, char** argv) {
  using namespace fastintent;
  CLI::App program("Serves intent classifiers over HTTP.", "fastintent-serve");
  program.formatter(std::make_shared<cli::HelpFormatter>());
  program.require_subcommand(1);
  std::function<int()> run;
  serve::add_bench_command(program, run);
  try {
    program.parse(argc, argv);
    return run();
  } catch (const CLI::ParseError& error) {
    return program.exit(error) == 0 ? cli::kOk : cli::kUsage;
  } catch (const Error& error) {
    cli::say("fastintent: {}", error.what());
    return cli::exit_code(error.code());
  }
}
