#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace fastintent::cli {

/// What was typed, and what came of it.
struct CommandLine {
  std::vector<std::string> arguments;  ///< as typed, without the program's name
  std::vector<std::string> trailing;   ///< what stood after "--": texts, whatever they look like
  std::function<int()> run;            ///< the chosen command; gives the exit code
};

// Each adds one subcommand, which sets `line.run` when it is the chosen one. `line` must outlive
// `program`.

void add_train_command(CLI::App& program, CommandLine& line);
void add_evaluate_command(CLI::App& program, CommandLine& line);
void add_predict_command(CLI::App& program, CommandLine& line);
void add_quantize_command(CLI::App& program, CommandLine& line);
void add_tokenize_command(CLI::App& program, CommandLine& line);
void add_bench_command(CLI::App& program, CommandLine& line);
void add_info_command(CLI::App& program, CommandLine& line);

}  // namespace fastintent::cli
