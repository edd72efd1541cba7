#pragma once

#include <filesystem>
#include <optional>

#include "base/folder_snapshot.h"
#include "text/read/tokenizer_settings.h"

namespace fastintent {

/// The name of the file beside tokenizer.json in a prepared folder.
constexpr const char* kPreparedTokenizerFile = "fastintent.tokenizer.safetensors";

/// Writes the tables of the tokenizer in `tokenizer_json`, as read_prepared_tokenizer reads them, into
/// `file`. Writes nothing for WordPiece, whose tables are made faster than they would be read. The format is documented in docs/prepared_folders.md. Throws
/// bad_checkpoint as parse_tokenizer_file, cannot_create, io_error.
void write_prepared_tokenizer(const SnapshotPath& tokenizer_json,
                              const std::filesystem::path& file);

/// What parse_tokenizer_file returns for `tokenizer_json`, from the prepared file beside it; nothing
/// where there is none. Throws bad_checkpoint when that file is damaged, or was made of another
/// tokenizer.json.
std::optional<TokenizerFile> read_prepared_tokenizer(const SnapshotPath& tokenizer_json);

/// Throws bad_checkpoint unless the prepared file beside `tokenizer_json`, if there is one, has what
/// write_prepared_tokenizer writes. Returns whether there is one.
bool check_prepared_tokenizer(const SnapshotPath& tokenizer_json);

}  // namespace fastintent
