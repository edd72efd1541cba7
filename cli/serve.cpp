#include "command_line.h"
#include "exit_codes.h"
#include "serve_program.h"

namespace fastintent::cli {

void add_serve_command(CLI::App& program, CommandLine& line) {
  // The server reads its options itself, also --help.
  CLI::App* command =
      program.add_subcommand("serve", "answer clients over HTTP, with a page for people")
          ->prefix_command();
  command->set_help_flag();
  command->callback([command, &line] {
    line.run = [command, &line]() -> int {
      std::vector<std::string> arguments = command->remaining();
      arguments.insert(arguments.end(), line.trailing.begin(), line.trailing.end());
      run_serve_program(arguments);
    };
  });
}

}  // namespace fastintent::cli
