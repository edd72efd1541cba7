#include "help_formatter.h"

#include <fmt/format.h>

#include <cctype>
#include <sstream>
#include <utility>

namespace fastintent::cli {
namespace {

constexpr size_t kDescriptionColumn = 36;  // the longest flag, --head-learning-rate X, and room
constexpr size_t kWidth = 100;             // of a page of help

std::string wrapped(const std::string& text, size_t width) {
  std::istringstream words(text);
  std::string lines;
  size_t used = 0;
  for (std::string word; words >> word;) {
    if (used > 0 && used + 1 + word.size() > width) {
      lines += '\n';
      used = 0;
    }
    lines += (used > 0 ? " " : "") + word;
    used += word.size() + (used > 0 ? 1 : 0);
  }
  return lines;
}

}  // namespace

HelpFormatter::HelpFormatter() {
  column_width(kDescriptionColumn);
  label("Subcommands", "Commands");
}

std::string HelpFormatter::make_help(const CLI::App* app,
                                     std::string name,
                                     CLI::AppFormatMode mode) const {
  // CLI11 leaves two blank lines between groups.
  return CLI::detail::find_and_replace(
      CLI::Formatter::make_help(app, std::move(name), mode), "\n\n\n", "\n\n");
}

std::string HelpFormatter::make_usage(const CLI::App* app, std::string name) const {
  const bool takes_texts = app->get_allow_extras();
  const auto is_shown = [](const CLI::App* each) { return !each->get_group().empty(); };
  const bool has_commands = !app->get_subcommands(is_shown).empty();
  return fmt::format("Usage: {} {}{}\n",
                     name,
                     has_commands ? "COMMAND " : "",
                     takes_texts ? "[OPTION ...] [TEXT ...]" : "[OPTION ...]");
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
  return option->get_type_size() == 0 ? "" : " " + option->get_type_name();
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  std::string notes;
  const auto note = [&](const std::string& text) { notes += (notes.empty() ? "" : ", ") + text; };
  if (option->get_required()) {
    note("required");
  }
  if (!option->get_default_str().empty()) {
    note("default " + option->get_default_str());
  }
  if (!option->get_envname().empty()) {
    note(option->get_envname());
  }
  const std::string text = option->get_description() + (notes.empty() ? "" : " [" + notes + "]");
  return wrapped(text, kWidth - kDescriptionColumn);
}

void name_environment_variables(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (option == command.get_help_ptr() || option->get_lnames().empty()) {
      continue;
    }
    std::string name = "FASTINTENT_";
    for (const char c : option->get_lnames().front()) {
      name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    option->envname(name);
  }
}

}  // namespace fastintent::cli
