#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace fastintent::cli {

/// Help in two columns: the flag with its argument, then its effect, its default and the
/// environment variable that replaces it.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();

 private:
  std::string make_help(const CLI::App* app,
                        std::string name,
                        CLI::AppFormatMode mode) const override;
  std::string make_usage(const CLI::App* app, std::string name) const override;
  std::string make_option_opts(const CLI::Option* option) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

/// Assigns every flag of `command` its environment variable: --max-length is FASTINTENT_MAX_LENGTH.
void name_environment_variables(CLI::App& command);

}  // namespace fastintent::cli
