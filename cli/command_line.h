#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

namespace fastintent::cli {

/// The arguments as typed, and the command chosen by them.
struct CommandLine {
  std::vector<std::string> arguments;  ///< as typed, without the program's name
  std::vector<std::string> trailing;   ///< after "--": texts, also those like flags
  std::function<int()> run;            ///< the chosen command; returns the exit code
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
void add_demo_command(CLI::App& program, CommandLine& line);
void add_serve_command(CLI::App& program, CommandLine& line);

}  // namespace fastintent::cli
