#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "command_line.h"
#include "fastintent/dataset.h"

namespace fastintent::cli {

/// The source of the texts of a command: arguments, a file or standard input.
struct InputOptions {
  std::vector<std::string> texts;
  std::string input;
  DatasetOptions dataset;
};

/// Adds --input, --format and --text-column, and lets `command` accept texts as arguments.
void add_input_options(CLI::App& command, InputOptions& options);

/// Fills `options.texts` from the arguments that the parsed `command` left over and from
/// `line.trailing`. Throws CLI::ParseError for an unknown flag among them and for texts beside
/// --input.
void take_texts(const CLI::App& command, const CommandLine& line, InputOptions& options);

/// True when the texts are typed at a terminal, one at a time.
bool is_typed(const InputOptions& options);

/// Returns the texts one after another, false at the end. Throws invalid_argument when there is no
/// text, no --input and standard input is a terminal; missing_input when the file cannot be opened.
std::function<bool(std::string& text)> open_texts(const InputOptions& options);

}  // namespace fastintent::cli
