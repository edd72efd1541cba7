#pragma once

#include <CLI/CLI.hpp>
#include <optional>
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
  std::optional<Shard> shard;  ///< of the file `input`; none: all of the input
};

/// Adds --format, --text-column, --encoding and --quoting, and --label-column where `has_labels`,
/// which every command that reads a file of texts has.
void add_dataset_options(CLI::App& command,
                         DatasetOptions& options,
                         bool has_labels,
                         const std::string& group = "Data");

/// Adds --input and the options of add_dataset_options, and lets `command` accept texts as arguments.
void add_input_options(CLI::App& command, InputOptions& options);

/// Fills `options.texts` from the arguments that the parsed `command` left over and from
/// `line.trailing`. Throws CLI::ParseError for an unknown flag among them, for texts beside --input
/// and for --shard without a file.
void take_texts(const CLI::App& command, const CommandLine& line, InputOptions& options);

/// Adds --shard, which `take_texts` allows with a file alone.
void add_shard_option(CLI::App& command, InputOptions& options);

/// True when the texts are typed at a terminal, one at a time.
bool is_typed(const InputOptions& options);

/// The texts of a command, one after another.
class InputTexts {
 public:
  /// Throws invalid_argument when there is no text, no --input and standard input is a terminal;
  /// missing_input when the file cannot be opened. `options` must outlive this.
  explicit InputTexts(const InputOptions& options);

  /// Reads the next text; returns false at the end.
  bool next(std::string& text);

  /// Reads the line before a chunk of standard input: the number of its texts, which may be 0.
  /// Nothing at the end. Throws invalid_data for another line.
  std::optional<int64_t> next_chunk();

  /// Reads all texts that are left, without the blank ones, as TextReader::read_all.
  std::vector<std::string> read_all();

  /// Says on standard error how many of the texts read were not valid, and where the first one is.
  void report_replaced() const;

 private:
  const InputOptions& options_;
  std::optional<TextReader> reader_;  // where the texts are no arguments
  size_t next_argument_ = 0;
  ReplacedTexts replaced_arguments_;  // their "lines" are numbers of arguments
};

/// "warning: 3 texts ..." about the texts of the file `name`; empty where there are none.
std::string replaced_warning(const std::string& name, const ReplacedTexts& replaced);

}  // namespace fastintent::cli
