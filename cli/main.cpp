// fastintent: fine-tunes, measures and runs intent classifiers. Data goes to standard output,
// everything else to standard error; every failure ends in one of the codes of exit_codes.h.

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "command_line.h"
#include "exit_codes.h"
#include "fastintent/error.h"
#include "fastintent/version.h"
#include "help_formatter.h"
#include "messages.h"
#include "out_of_memory.h"
#include "output.h"

namespace fastintent::cli {
namespace {

constexpr const char* kDescription =
    "Fine-tunes, measures and runs intent classifiers: texts in, ranked intents out.\n";

constexpr const char* kFooter = R"(
A first run, with data of its own:
  fastintent demo

With your data, from a folder with a Hugging Face encoder to an answer:
  fastintent train --model all-MiniLM-L6-v2 --train messages.csv --output intents
  fastintent evaluate --model intents --data held_out.csv
  fastintent predict --model intents "Where is my card?"

`fastintent COMMAND --help` lists each command's options, with examples. Every option is also an
environment variable (--max-length is FASTINTENT_MAX_LENGTH); what is typed wins.
Data goes to standard output, everything else to standard error. Exit codes: 0 ok, 64 usage,
65 bad data, 66 missing input, 69 no such device, 71 out of memory, 73 cannot create the output,
74 reading or writing failed, 130 interrupted.)";

// The next file opened would get the number of a closed standard stream, and data would be written
// to that file; /dev/null takes that number, for reading only, so that writing still fails.
void hold_standard_streams() {
  int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  while (descriptor >= 0 && descriptor <= STDERR_FILENO) {
    descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  }
  if (descriptor > STDERR_FILENO) {
    close(descriptor);
  }
}

CommandLine read_arguments(int argc, char** argv) {
  CommandLine line;
  line.arguments.assign(argv + std::min(argc, 1), argv + argc);
  return line;
}

void print_data(const std::string& text) {
  Output output;
  output.write(text);
  output.finish();
}

// CLI11 would only say that a command is missing.
void check_command(const CLI::App& program, const std::string& name) {
  std::string known;
  for (const CLI::App* command : program.get_subcommands({})) {
    if (command->check_name(name)) {
      return;
    }
    known += (known.empty() ? "" : "|") + command->get_name();
  }
  throw CLI::ValidationError("COMMAND", "expected " + known + ", found " + name);
}

// Parses and runs; throws CLI::ParseError, Error and exceptions of the standard library.
int run(CLI::App& program, CommandLine& line) {
  if (line.arguments.empty()) {
    print_message(program.help());
    return kUsage;
  }
  const auto marker = std::find(line.arguments.begin(), line.arguments.end(), "--");
  std::vector<std::string> before(line.arguments.begin(), marker);
  if (marker != line.arguments.end()) {
    line.trailing.assign(marker + 1, line.arguments.end());
  }
  if (!before.empty() && before.front()[0] != '-') {
    check_command(program, before.front());
  }
  try {
    std::reverse(before.begin(), before.end());  // the order that CLI11 expects
    program.parse(std::move(before));
  } catch (const CLI::CallForHelp&) {
    print_data(program.help());
    return kOk;
  } catch (const CLI::CallForVersion& version) {
    print_data(std::string(version.what()) + "\n");
    return kOk;
  }
  if (!line.trailing.empty() && !program.get_subcommands().front()->get_allow_extras()) {
    throw CLI::ExtrasError("fastintent", line.trailing);
  }
  return line.run();
}

// A variable of a script that is not set would otherwise name the current folder, or nothing.
void refuse_empty_names(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    const std::string type = option->get_type_name();
    if (type.find("FILE") != std::string::npos || type.find("DIR") != std::string::npos ||
        type == "MODEL") {
      option->check([type](const std::string& name) {
        return name.empty() ? fmt::format("expected {}, found an empty name", type) : "";
      });
    }
  }
}

int report_usage(const CLI::App& program, const CLI::ParseError& error) {
  std::string command = "fastintent";
  if (!program.get_subcommands().empty()) {
    command += " " + program.get_subcommands().front()->get_name();
  }
  say("{}: {}\n`{} --help` lists the options.", command, error.what(), command);
  return kUsage;
}

int run_reporting_failures(CLI::App& program, CommandLine& line) {
  try {
    return run(program, line);
  } catch (const CLI::ParseError& error) {
    return report_usage(program, error);
  } catch (const ReaderGone&) {
    return kOk;
  } catch (const Error& error) {
    say("fastintent: {}", error.what());
    return exit_code(error.code());
  } catch (const std::filesystem::filesystem_error& error) {
    say("fastintent: {}", error.what());
    const bool of_memory = error.code() == std::errc::not_enough_memory;
    return of_memory ? kOutOfResources : kInputOutput;
  } catch (const std::bad_alloc&) {
    return report_out_of_memory();
  } catch (const std::exception& error) {
    say("fastintent: internal error: {}", error.what());
    return kInternalError;
  }
}

int run_program(int argc, char** argv) {
  CommandLine line = read_arguments(argc, argv);
  CLI::App program(kDescription, "fastintent");
  program.formatter(std::make_shared<HelpFormatter>());
  program.footer(kFooter);
  program.set_version_flag("--version", std::string("fastintent ") + kVersion, "print the version");
  program.set_help_flag("--help,-h", "print this help");
  program.require_subcommand(1);
  add_train_command(program, line);
  add_evaluate_command(program, line);
  add_predict_command(program, line);
  add_quantize_command(program, line);
  add_tokenize_command(program, line);
  add_bench_command(program, line);
  add_info_command(program, line);
  add_demo_command(program, line);
  add_serve_command(program, line);
  for (CLI::App* command : program.get_subcommands({})) {
    name_environment_variables(*command);
    refuse_empty_names(*command);
  }
  return run_reporting_failures(program, line);
}

}  // namespace
}  // namespace fastintent::cli

int main(int argc, char** argv) {
  using namespace fastintent::cli;
  hold_standard_streams();
  // A closed pipe and a limit on the size of files are errors of write(), reported by main.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  int code = kOk;
  try {
    std::ios::sync_with_stdio(false);
    code = run_program(argc, argv);
  } catch (const std::bad_alloc&) {  // before the options were read, or during another report
    code = report_out_of_memory();
  }
  if (code == kOutOfResources) {
    _exit(code);  // what libraries do at exit may need memory
  }
  return code;
}
