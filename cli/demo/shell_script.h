#pragma once

#include <string>
#include <vector>

namespace fastintent::cli {

/// How a script ended.
struct ScriptResult {
  bool succeeded = false;
  std::string output;  ///< what it wrote to standard output, without the line feed at the end
};

/// Runs the text of a bash script, with `arguments`, and waits for it. Standard input is empty,
/// standard error is that of this process. On Ctrl-C `notice`, a literal, is printed, and the script
/// and its children get SIGTERM.
///
/// Throws missing_input when there is no bash, out_of_resources when it cannot be started, io_error
/// without a pipe, and interrupted after Ctrl-C.
ScriptResult run_script(const char* script,
                        const std::vector<std::string>& arguments,
                        const char* notice);

}  // namespace fastintent::cli
