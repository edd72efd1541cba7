#include "input_options.h"

#include <unistd.h>

#include <cctype>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "choices.h"
#include "fastintent/error.h"
#include "fastintent/printable.h"
#include "messages.h"

namespace fastintent::cli {
namespace {

// "3/8".
Shard parse_shard(const std::string& text) {
  Shard shard;
  const char* end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, shard.index);
  bool valid = index.ec == std::errc() && index.ptr != end && *index.ptr == '/';
  if (valid) {
    const auto count = std::from_chars(index.ptr + 1, end, shard.count);
    valid = count.ec == std::errc() && count.ptr == end;
  }
  if (!valid || shard.index < 0 || shard.index >= shard.count) {
    throw CLI::ValidationError(
        "--shard", fmt::format("expected I/N with I from 0 to N - 1, such as 0/8, found {}", text));
  }
  return shard;
}

}  // namespace

void add_dataset_options(CLI::App& command,
                         DatasetOptions& options,
                         bool has_labels,
                         const std::string& group) {
  add_choice(
      command,
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
  if (options.shard && (options.input.empty() || options.input == "-")) {
    throw CLI::ValidationError(
        "--shard",
        fmt::format(
            "expected --input to be a file, found {}; only a file has parts that can be read "
            "apart",
            options.texts.empty() ? "standard input" : "TEXT"));
  }
}

void add_shard_option(CLI::App& command, InputOptions& options) {
  const auto parse = [&options](const std::string& text) { options.shard = parse_shard(text); };
  command
      .add_option_function<std::string>(
          "--shard",
          parse,
          "answer only part I of N, from 0, of the --input file; the parts are contiguous, so that "
          "the outputs of all, one after another, are those of the file")
      ->type_name("I/N")
      ->group("Texts");
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
    reader_.emplace(std::cin, "standard input", options.dataset);
  } else {
    reader_.emplace(
        std::filesystem::path(options.input), options.dataset, options.shard.value_or(Shard()));
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

std::optional<int64_t> InputTexts::next_chunk() {
  std::string line;
  if (!std::getline(std::cin, line)) {
    return std::nullopt;
  }
  int64_t texts = 0;
  const char* end = line.data() + line.size();
  const auto number = std::from_chars(line.data(), end, texts);
  if (number.ec != std::errc() || number.ptr != end || texts < 0) {
    constexpr size_t kMostShown = 40;  // of a line that may be anything
    throw Error(ErrorCode::invalid_data,
                fmt::format("input: expected the number of rows of the next chunk, found \"{}\"",
                            printable(line.substr(0, kMostShown))));
  }
  return texts;
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
  const std::string warning = reader_ ? replaced_warning(reader_->name(), reader_->replaced())
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
