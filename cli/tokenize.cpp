#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "choices.h"
#include "command_line.h"
#include "exit_codes.h"
#include "fastintent/tokenizer.h"
#include "input_options.h"
#include "output.h"

namespace fastintent::cli {
namespace {

struct TokenizeOptions {
  std::string model;
  InputOptions input;
  int max_length = 0;
};

int tokenize(const TokenizeOptions& options) {
  InputTexts input(options.input);
  const Tokenizer tokenizer(options.model, options.max_length);
  const bool typed = is_typed(options.input);
  Output output;
  std::string text;
  std::vector<int32_t> ids;
  std::string line;
  while (input.next(text)) {
    ids.clear();
    tokenizer.append_ids(text, ids);
    line.clear();
    fmt::format_to(std::back_inserter(line), "[{}]\n", fmt::join(ids, ","));
    output.write(line);
    if (typed) {
      output.flush();
    }
  }
  output.finish();
  input.report_replaced();
  return kOk;
}

constexpr const char* kFooter = R"(
Examples:
  fastintent tokenize --model all-MiniLM-L6-v2 "Where is my card?"
  fastintent tokenize --model intents --input messages.csv > ids.jsonl

Writes one JSON array of token ids a line, in input order, special tokens included.)";

}  // namespace

void add_tokenize_command(CLI::App& program, CommandLine& line) {
  CLI::App* command = program.add_subcommand("tokenize", "Print the token ids of texts.");
  const auto options = std::make_shared<TokenizeOptions>();
  command->add_option("--model", options->model, "Hugging Face folder with a tokenizer")
      ->type_name("DIR")
      ->required();
  add_input_options(*command, options->input);
  command
      ->add_option("--max-length",
                   options->max_length,
                   "tokens a text, special ones included; 0: the folder's own")
      ->type_name("N")
      ->capture_default_str()
      ->check(at_least(0));
  command->footer(kFooter);
  command->parse_complete_callback([command, options, &line] {
    take_texts(*command, line, options->input);
    line.run = [options] { return tokenize(*options); };
  });
}

}  // namespace fastintent::cli
