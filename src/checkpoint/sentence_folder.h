#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/folder_snapshot.h"
#include "checkpoint/modules_json.h"

namespace fastintent {

/// A folder in the format of sentence-transformers: its modules, and what its files say about a
/// text before it reaches the encoder.
struct SentenceFolder {
  std::vector<ModuleEntry> modules;  ///< their `type` is the class alone: "Pooling"
  std::string encoder;               ///< the folder of the first module, a Transformer; or empty
  std::string prompt_name;           ///< the name of the default prompt, or empty
  std::string prompt;                ///< text before every text; empty where there is none
  bool lower_case = false;           ///< texts are lower-cased before the tokenizer's normalizer
  std::optional<double> max_length;  ///< tokens of the longest text
};

/// The names of the file with the settings of the Transformer module; the first that a folder has is
/// read.
std::span<const std::string_view> transformer_config_names();

/// Reads a folder that has modules.json; returns nothing for one that has not. Whether the modules
/// after the first are supported is for the caller to decide.
///
/// Throws bad_checkpoint for malformed files, and for settings that are not followed.
std::optional<SentenceFolder> read_sentence_folder(const SnapshotPath& folder);

}  // namespace fastintent
