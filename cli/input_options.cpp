#include "input_options.h"

#include <unistd.h>

#include <cctype>
#include <iostream>
#include <memory>

#include "choices.h"
#include "fastintent/error.h"

namespace fastintent::cli {

void add_input_options(CLI::App& command, InputOptions& options) {
  // Texts are the arguments that CLI11 leaves over: as a positional argument, "[a, b]" would be
  // split at the comma.
  command.allow_extras();
  command.add_option("--input", options.input, "file with the texts; - is standard input")
      ->type_name("FILE|-")
      ->group("Texts");
  add_choice(command,
             "--format",
             options.dataset.format,
             kFormats,
             "how the texts lie in the input: one a line (text), a column of csv or tsv with a "
             "header row, or a key of JSON lines; auto goes by the file's extension")
      ->group("Texts");
  command
      .add_option("--text-column",
                  options.dataset.text_column,
                  "column or key with the text (default text)")
      ->type_name("NAME")
      ->group("Texts");
}

void take_texts(const CLI::App& command, const CommandLine& line, InputOptions& options) {
  for (const std::string& text : command.remaining()) {
    const bool number = text.size() > 1 && std::isdigit(static_cast<unsigned char>(text[1])) != 0;
    if (text.size() > 1 && text[0] == '-' && !number) {
      throw CLI::ExtrasError("fastintent", {text + " (a text that starts with - goes after --)"});
    }
    options.texts.push_back(text);
  }
  options.texts.insert(options.texts.end(), line.trailing.begin(), line.trailing.end());
  if (!options.texts.empty() && !options.input.empty()) {
    throw CLI::ExcludesError("--input (or FASTINTENT_INPUT)", "TEXT");
  }
}

bool is_typed(const InputOptions& options) {
  return options.texts.empty() && options.input == "-" && isatty(STDIN_FILENO) != 0;
}

std::function<bool(std::string& text)> open_texts(const InputOptions& options) {
  if (!options.texts.empty()) {
    return [&texts = options.texts, next = size_t{0}](std::string& text) mutable {
      if (next == texts.size()) {
        return false;
      }
      text = texts[next++];
      return true;
    };
  }
  if (options.input.empty() && isatty(STDIN_FILENO) != 0) {
    throw Error(ErrorCode::invalid_argument,
                "input: expected TEXT arguments, --input FILE or texts on standard input, found "
                "none (--input - to type them)");
  }
  const bool standard_input = options.input.empty() || options.input == "-";
  const auto reader =
      standard_input
          ? std::make_shared<TextReader>(std::cin, "standard input", options.dataset)
          : std::make_shared<TextReader>(std::filesystem::path(options.input), options.dataset);
  return [reader](std::string& text) { return reader->next(text); };
}

}  // namespace fastintent::cli
