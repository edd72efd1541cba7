#include "text/normalize/bert_normalizer.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/utf8.h"
#include "text/normalize/ascii.h"
#include "text/normalize/character_tables.h"
#include "text/normalize/hangul.h"

// Accents are stripped by canonical decomposition and removal of the nonspacing marks. The marks
// that are left (few, of scripts younger than the package's list of nonspacing marks) must still be
// sorted by combining class within a run without starters; the writer below holds such a run back.

namespace fastintent {
namespace {

// Normalizes the characters outside ASCII.
class CharacterWriter {
 public:
  CharacterWriter(const BertNormalizerOptions& options, char* out) : options_(options), out_(out) {}

  void write(char32_t c) {
    const CharacterClass& kind = character_class(c);
    if (options_.clean_text && kind.is_control) {
      return;
    }
    if (options_.clean_text && kind.is_clean_space) {
      put(' ');
    } else if (options_.space_cjk && kind.is_cjk) {
      put(' ');
      write_without_accents(c, kind);
      put(' ');
    } else {
      write_without_accents(c, kind);
    }
  }

  // Ends a run of marks, as any starter does.
  void flush() {
    if (marks_.empty()) {
      return;
    }
    std::stable_sort(marks_.begin(), marks_.end(), [](char32_t a, char32_t b) {
      return character_class(a).combining_class < character_class(b).combining_class;
    });
    for (const char32_t mark : marks_) {
      write_lower_case(mark);
    }
    marks_.clear();
  }

  bool has_open_run() const { return !marks_.empty(); }
  char* end() const { return out_; }
  void resume_at(char* out) { out_ = out; }

 private:
  void put(char32_t c) {
    flush();
    out_ = encode_utf8(c, out_);
  }

  void write_without_accents(char32_t c, const CharacterClass& kind) {
    if (!options_.strip_accents) {
      write_lower_case(c);
    } else if (is_hangul_syllable(c)) {
      flush();
      append_hangul_parts(c, [this](char32_t part) { out_ = encode_utf8(part, out_); });
    } else if (kind.decomposes) {
      for (const char32_t part : decomposition(c).to) {
        if (part != 0) {
          write_part(part, character_class(part));
        }
      }
    } else {
      write_part(c, kind);
    }
  }

  void write_part(char32_t c, const CharacterClass& kind) {
    if (kind.combining_class == 0) {
      flush();
    }
    if (kind.is_accent) {
      return;
    }
    if (kind.combining_class == 0) {
      write_lower_case(c);
    } else {
      marks_.push_back(c);
    }
  }

  void write_lower_case(char32_t c) {
    if (options_.lower_case && c == kCapitalIWithDot) {
      *out_++ = 'i';
      out_ = encode_utf8(kCombiningDotAbove, out_);
      return;
    }
    out_ = encode_utf8(options_.lower_case ? c + character_class(c).lower_case_offset : c, out_);
  }

  const BertNormalizerOptions& options_;
  char* out_;
  std::vector<char32_t> marks_;  // the current run, as yet unsorted
};

}  // namespace

BertNormalizer::BertNormalizer(BertNormalizerOptions options) : options_(options) {
  for (char32_t c = 0; c < ascii_.size(); ++c) {
    const CharacterClass& kind = character_class(c);
    const char32_t cleaned = options.clean_text && kind.is_clean_space ? U' ' : c;
    const char32_t lowered = options.lower_case ? cleaned + kind.lower_case_offset : cleaned;
    const bool removed = options.clean_text && kind.is_control;
    ascii_[c] = {static_cast<char>(lowered), static_cast<uint8_t>(removed ? 0 : 1)};
  }
}

std::string_view BertNormalizer::normalize(std::string_view text, char* buffer) const {
  char* out = buffer;
  const char* in = text.data();
  const char* const end = in + text.size();
  CharacterWriter writer(options_, out);
  while (in != end) {
    while (in != end && is_ascii(*in)) {
      const AsciiRule rule = ascii_[static_cast<unsigned char>(*in++)];
      *out = rule.lowered;
      out += rule.kept;
    }
    writer.resume_at(out);
    // A control character that is removed does not end a run of marks.
    while (in != end && (!is_ascii(*in) || writer.has_open_run())) {
      const DecodedCharacter character = decode_utf8(in);
      writer.write(character.code_point);
      in += character.bytes;
    }
    out = writer.end();
  }
  writer.flush();
  out = writer.end();
  std::memset(out, 0, kLoadBytes);
  return {buffer, static_cast<size_t>(out - buffer)};
}

}  // namespace fastintent
