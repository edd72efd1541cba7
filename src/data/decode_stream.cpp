#include "data/decode_stream.h"

#include <fmt/format.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <streambuf>
#include <string_view>

#include "fastintent/error.h"

namespace fastintent {
namespace {

constexpr char kInvalid = '\xff';  // never part of UTF-8

// Python and HTML also write "latin-1", "utf_16" and so on.
std::string without_separators(std::string name) {
  std::erase_if(name, [](char c) { return c == '-' || c == '_'; });
  return name;
}

// A conversion by iconv.
class Conversion {
 public:
  Conversion(const std::string& to, const std::string& from)
      : handle_(iconv_open(to.c_str(), from.c_str())) {}
  ~Conversion() {
    if (is_known()) {
      iconv_close(handle_);
    }
  }
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

  // NOLINTNEXTLINE(performance-no-int-to-ptr): the value that POSIX defines for a failure
  bool is_known() const { return handle_ != reinterpret_cast<iconv_t>(-1); }

  // Converts the start of `in`, removes it there and appends the result to `out`. Returns 0, or
  // errno: EILSEQ at invalid bytes, EINVAL at an incomplete end, E2BIG when `out` is full.
  int run(std::string_view& in, std::string& out) {
    std::array<char, 4096> buffer;
    while (true) {
      char* from = const_cast<char*>(in.data());  // iconv's type; it does not write there
      size_t from_bytes = in.size();
      char* to = buffer.data();
      size_t to_bytes = buffer.size();
      const size_t done = iconv(handle_, &from, &from_bytes, &to, &to_bytes);
      const int error = done == static_cast<size_t>(-1) ? errno : 0;
      out.append(buffer.data(), to);
      in.remove_prefix(in.size() - from_bytes);
      if (error != E2BIG) {
        return error;
      }
    }
  }

  // Appends what the conversion holds back until it knows the next character.
  void finish(std::string& out) {
    std::array<char, 64> buffer;
    char* to = buffer.data();
    size_t to_bytes = buffer.size();
    iconv(handle_, nullptr, nullptr, &to, &to_bytes);
    out.append(buffer.data(), to);
  }

 private:
  iconv_t handle_;
};

// The name by which iconv knows `encoding`. A slash would begin an instruction to iconv.
std::string known_name(const std::string& encoding) {
  for (const std::string& name : {encoding, without_separators(encoding)}) {
    if (name.find('/') == std::string::npos && !name.empty() &&
        Conversion("UTF-8", name).is_known() && Conversion(name, "UTF-8").is_known()) {
      return name;
    }
  }
  throw Error(ErrorCode::invalid_argument,
              fmt::format("read data: encoding: expected a name that iconv knows, such as "
                          "windows-1252 or utf-16, found \"{}\"",
                          encoding));
}

// The bytes of a letter: invalid bytes are skipped by so many, or all that follows would be, too.
size_t bytes_of_unit(const std::string& encoding) {
  Conversion conversion(encoding, "UTF-8");
  std::string unit;
  for (int i = 0; i < 2; ++i) {  // the first result may begin with a byte order mark
    unit.clear();
    std::string_view letter = "A";
    conversion.run(letter, unit);
  }
  return std::max<size_t>(1, unit.size());
}

class DecodingBuffer : public std::streambuf {
 public:
  DecodingBuffer(std::istream& source, const std::string& name, std::string& start)
      : source_(source), conversion_("UTF-8", name), unit_(bytes_of_unit(name)), start_(start) {}

 protected:
  int_type underflow() override {
    decoded_.clear();
    while (decoded_.empty() && !ended_) {
      ended_ = !read_chunk();
      decode();
    }
    setg(decoded_.data(), decoded_.data(), decoded_.data() + decoded_.size());
    return decoded_.empty() ? traits_type::eof() : traits_type::to_int_type(decoded_[0]);
  }

 private:
  // At most a chunk, up to the next line feed. False at the end. What is thrown here becomes the
  // failure of the stream.
  bool read_chunk() {
    std::array<char, 4096> chunk;
    source_.getline(chunk.data(), chunk.size());
    const auto count = static_cast<size_t>(source_.gcount());
    const bool has_line_feed = source_.good();
    if (has_line_feed) {
      chunk[count - 1] = '\n';  // getline puts a zero there
    } else if (!source_.bad() && !source_.eof() && count == chunk.size() - 1) {
      source_.clear();
    } else if (!source_.eof()) {
      throw std::ios_base::failure("the source cannot be read");
    }
    encoded_.append(chunk.data(), count);
    if (!started_) {
      start_ = encoded_;
      started_ = true;
    }
    return count > 0;
  }

  void decode() {
    std::string_view rest = encoded_;
    while (true) {
      const int error = conversion_.run(rest, decoded_);
      const bool is_cut = error == EINVAL && ended_;
      if (error != EILSEQ && !is_cut) {
        break;  // an incomplete end is completed by the next chunk
      }
      decoded_ += kInvalid;
      rest.remove_prefix(is_cut ? rest.size() : std::min(unit_, rest.size()));
    }
    encoded_.erase(0, encoded_.size() - rest.size());
    if (ended_) {
      conversion_.finish(decoded_);
    }
  }

  std::istream& source_;
  Conversion conversion_;
  const size_t unit_;
  std::string& start_;  // receives the first chunk
  bool started_ = false;
  std::string encoded_;  // as yet undecoded
  std::string decoded_;
  bool ended_ = false;
};

class DecodedStream : public std::istream {
 public:
  DecodedStream(std::istream& source, const std::string& name, std::string& start)
      : std::istream(nullptr), buffer_(source, name, start) {
    rdbuf(&buffer_);
  }

 private:
  DecodingBuffer buffer_;
};

}  // namespace

std::unique_ptr<std::istream> decode_stream(std::istream& source,
                                            const std::string& encoding,
                                            std::string& start) {
  return std::make_unique<DecodedStream>(source, known_name(encoding), start);
}

std::optional<std::string> encode(std::string_view text, const std::string& encoding) {
  Conversion conversion(known_name(encoding), "UTF-8");
  std::string bytes;
  if (conversion.run(text, bytes) != 0) {
    return std::nullopt;
  }
  conversion.finish(bytes);
  return bytes;
}

bool is_utf8_name(const std::string& encoding) {
  std::string name = without_separators(encoding);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name == "utf8" || name == "utf8sig";  // Python's name for one with a byte order mark
}

}  // namespace fastintent
