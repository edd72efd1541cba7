#include "input_options.h"

#include <unistd.h>

#include <cctype>
#include <cstdint>
#include <filesystem>
#include <iostream>

#include "choices.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "messages.h"

namespace fastintent::cli {

void add_dataset_options(CLI::App& command,
                         DatasetOptions& options,
                         bool has_labels,
                         const std::string& group) {
  add_choice(command,
             "--format",
             options.format,
             kFormats,
             "how the texts are stored in the file: one a line (text), a column of csv or tsv with a "
             "header row, or a key of JSON lines; auto goes by the file's extension")
      ->group(group);
  command
      .add_option(
          "--text-column", options.text_column, "column or key with the text (default text)")
      ->type_name("NAME")
      ->group(group);
  if (has_labels) {
    command
        .add_option("--label-column",
                    options.label_column,
                    "column or key with the label (default the first of label, intent, category)")
        ->type_name("NAME")
        ->group(group);
  }
  command
      .add_option("--encoding",
                  options.encoding,
                  "of the file, such as windows-1252 or utf-16: a name of iconv (default UTF-8)")
      ->type_name("NAME")
      ->group(group);
  add_choice(command,
             "--quoting",
             options.quoting,
             kQuotings,
             "whether quotes enclose fields of csv and tsv; auto: on for csv, off for tsv")
      ->group(group);
}

void add_input_options(CLI::App& command, InputOptions& options) {
  // Texts are the arguments that CLI11 leaves over: as a positional argument, "[a, b]" would be
  // split at the comma.
  command.allow_extras();
  command.add_option("--input", options.input, "file with the texts; - is standard input")
      ->type_name("FILE|-")
      ->group("Texts");
  add_dataset_options(command, options.dataset, false, "Texts");
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

InputTexts::InputTexts(const InputOptions& options) : options_(options) {
  if (!options.texts.empty()) {
    return;
  }
  if (options.input.empty() && isatty(STDIN_FILENO) != 0) {
    throw Error(ErrorCode::invalid_argument,
                "input: expected TEXT arguments, --input FILE or texts on standard input, found "
                "none (--input - to type them)");
  }
  if (options.input.empty() || options.input == "-") {
    name_ = "standard input";
    reader_.emplace(std::cin, name_, options.dataset);
  } else {
    name_ = options.input;
    reader_.emplace(std::filesystem::path(options.input), options.dataset);
  }
}

bool InputTexts::next(std::string& text) {
  if (reader_) {
    return reader_->next(text);
  }
  if (next_argument_ == options_.texts.size()) {
    return false;
  }
  text = options_.texts[next_argument_++];
  if (!is_utf8(text)) {
    auto& [texts, first] = replaced_arguments_;
    first = texts == 0 ? static_cast<int64_t>(next_argument_) : first;
    ++texts;
  }
  return true;
}

std::vector<std::string> InputTexts::read_all() {
  if (reader_) {
    return reader_->read_all();
  }
  std::vector<std::string> texts;
  for (std::string text; next(text);) {
    if (!is_blank(text)) {
      texts.push_back(text);
    }
  }
  return texts;
}

void InputTexts::report_replaced() const {
  const std::string warning = reader_ ? replaced_warning(name_, reader_->replaced())
                                      : replaced_warning("TEXT", replaced_arguments_);
  if (!warning.empty()) {
    print_message(warning);
  }
}

std::string replaced_warning(const std::string& name, const ReplacedTexts& replaced) {
  if (replaced.texts == 0) {
    return "";
  }
  return fmt::format(
      "warning: {} not valid UTF-8, the first at {}:{}; each part that is not was read as U+FFFD. "
      "If the file has another encoding, name it: --encoding windows-1252",
      replaced.texts == 1 ? "1 text is" : fmt::format("{} texts are", replaced.texts),
      printable(name),
      replaced.first_line);
}

}  // namespace fastintent::cli
