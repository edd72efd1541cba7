#pragma once

#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fastintent {

/// How texts are stored in a file. `automatic` follows the extension, in letters of any case: .csv,
/// .tsv, .jsonl or .ndjson, else text.
enum class FileFormat {
  automatic,
  text,   ///< one text per line
  csv,    ///< comma-separated with a header row
  tsv,    ///< tab-separated with a header row
  jsonl,  ///< one JSON object per line
};

/// The format that `automatic` means for `file`; never `automatic`.
FileFormat format_of(const std::filesystem::path& file);

/// What a double quote means in CSV and TSV.
enum class Quoting {
  automatic,  ///< `on` for CSV, `off` for TSV
  on,         ///< RFC 4180: fields in quotes may hold separators, line breaks and doubled quotes
  off,        ///< a quote is a character like any other, and a record is one line
};

/// How to read a file of texts. Empty names: column or key "text" for texts, the first of "label",
/// "intent" and "category" for labels.
struct DatasetOptions {
  FileFormat format = FileFormat::automatic;  ///< how the texts are stored
  std::string text_column = {};               ///< empty: `text`
  std::string label_column = {};              ///< empty: `label`, `intent` or `category`
  /// The encoding of the file, by a name of iconv: "windows-1252", "utf-16", "shift_jis" and so on.
  /// Empty: UTF-8; a file that is clearly UTF-16 or UTF-32 is then refused by name.
  std::string encoding = {};
  Quoting quoting = Quoting::automatic;  ///< of CSV and TSV
};

/// Texts that were not valid in the file's encoding, or in JSON had half of a surrogate pair. Each
/// such part was replaced by U+FFFD.
struct ReplacedTexts {
  int64_t texts = 0;       ///< number of texts
  int64_t first_line = 0;  ///< line of the first one, from 1; 0 where there is none
};

/// Labelled messages in file order, with counts that reveal common faults of the data.
struct LabelledTexts {
  std::vector<std::string> texts;        ///< not blank
  std::vector<std::string> labels;       ///< one for each text, without white space around it
  std::vector<std::string> label_names;  ///< distinct labels, sorted
  std::vector<int64_t> label_counts;     ///< of label_names
  /// Rows with the text of an earlier row, ignoring case and surrounding white space.
  int64_t duplicates = 0;
  /// Of those, rows with another label than the earlier row.
  int64_t conflicting_duplicates = 0;
  int64_t blank_texts = 0;  ///< rows skipped because their text is blank
  ReplacedTexts replaced;   ///< texts that were not valid, which are kept
};

/// Reads a complete labelled file. Rows with a blank text (empty or only Unicode white space) are
/// skipped and counted; Unicode white space around a label is removed. Throws missing_input when the
/// file cannot be opened, invalid_argument for an unknown encoding, invalid_data (file, line,
/// expected, found) for a bad row, a missing column, an empty label, a label that is not valid in
/// the encoding, or no rows at all, and out_of_resources as soon as it is clear that the rows do not
/// fit into the memory that is free.
LabelledTexts read_labelled_texts(const std::filesystem::path& file,
                                  const DatasetOptions& options = {});

/// Two different labels that a person would read as one.
struct AlikeLabels {
  std::string label;       ///< the one with more rows
  int64_t rows = 0;        ///< its number of rows
  std::string other;       ///< the one with fewer rows
  int64_t other_rows = 0;  ///< its number of rows
};

/// Labels that differ only in case, white space, accents, invisible characters or Unicode form, in
/// sorted order. `labels` has one label for each row. Most often the data has a mistake there.
std::vector<AlikeLabels> find_alike_labels(const std::vector<std::string>& labels);

/// One of `count` parts of a file of texts, for as many processes that answer one part each. The
/// parts are contiguous and of about equal numbers of bytes: a row belongs to the part in which its
/// first byte is. The texts of all parts, in the order of their index, are those of the file.
struct Shard {
  int32_t index = 0;  ///< from 0 to count - 1
  int32_t count = 1;  ///< at least 1, which is the complete file
};

/// Reads texts one at a time in constant memory, blank ones included. One thread at a time.
class TextReader {
 public:
  /// Messages call the stream `name`; `FileFormat::automatic` means text. The stream must outlive
  /// the reader. Throws invalid_argument for an unknown encoding.
  TextReader(std::istream& stream, const std::string& name, const DatasetOptions& options = {});
  /// Reads the rows of `shard`. The start of a shard is looked up without reading the rows before
  /// it; in CSV and TSV with quotes, which may enclose line breaks, the file is searched for quotes
  /// up to the end of the shard. Messages count the lines of a shard from its first one, after the
  /// header where there is one.
  ///
  /// Throws missing_input when the file cannot be opened; invalid_argument for a shard that does not
  /// exist, and, with more than one, for what is no ordinary file and for an encoding that switches
  /// between character sets (ISO-2022-JP, UTF-7), whose lines cannot be read from the middle of a
  /// file; else as the other constructor.
  explicit TextReader(const std::filesystem::path& file,
                      const DatasetOptions& options = {},
                      const Shard& shard = {});
  ~TextReader();
  /// A moved-from reader may only be destroyed or assigned.
  TextReader(TextReader&&) noexcept;
  /// As the move constructor.
  TextReader& operator=(TextReader&&) noexcept;

  /// Reads the next text, which is valid UTF-8; returns false at the end. Throws invalid_data (file,
  /// line, expected, found) for a bad row.
  bool next(std::string& text);

  /// Reads all texts that are left, without the blank ones. Throws as next(), and out_of_resources as
  /// soon as it is clear that they do not fit into the memory that is free.
  std::vector<std::string> read_all();

  /// How messages call what is read: the file, with its shard where there are several, or the stream.
  const std::string& name() const;

  /// Those of the texts read so far that were not valid.
  const ReplacedTexts& replaced() const;

 private:
  class Source;
  std::unique_ptr<Source> source_;
};

/// Returns true for a text that is empty or only Unicode white space.
bool is_blank(std::string_view text);

/// Returns true for a text that is valid UTF-8.
bool is_utf8(std::string_view text);

}  // namespace fastintent
