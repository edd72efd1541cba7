#include "hub/checksum.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/shared_library.h"
#include "fastintent/error.h"

namespace fastintent {

namespace fs = std::filesystem;

namespace {

constexpr size_t kSha1Digits = 40;
constexpr size_t kSha256Digits = 64;
constexpr size_t kChunk = 1 << 20;  // large enough that calls cost nothing beside the hashing

// The functions used from OpenSSL.
struct Libcrypto {
  SharedLibrary library{"libcrypto.so.3", "download model", ErrorCode::io_error};
  decltype(&::EVP_sha1) sha1 = library["EVP_sha1"];
  decltype(&::EVP_sha256) sha256 = library["EVP_sha256"];
  decltype(&::EVP_MD_CTX_new) context_new = library["EVP_MD_CTX_new"];
  decltype(&::EVP_MD_CTX_free) context_free = library["EVP_MD_CTX_free"];
  decltype(&::EVP_DigestInit_ex) digest_init = library["EVP_DigestInit_ex"];
  decltype(&::EVP_DigestUpdate) digest_update = library["EVP_DigestUpdate"];
  decltype(&::EVP_DigestFinal_ex) digest_final = library["EVP_DigestFinal_ex"];
};

const Libcrypto& libcrypto() {
  static const Libcrypto library;
  return library;
}

// The digest of `header` and then the content of `file`, in hexadecimal digits.
std::string digest(const EVP_MD* algorithm, std::string_view header, const fs::path& file) {
  const Libcrypto& crypto = libcrypto();
  const std::unique_ptr<EVP_MD_CTX, decltype(crypto.context_free)> context(crypto.context_new(),
                                                                           crypto.context_free);
  bool sound = context != nullptr && crypto.digest_init(context.get(), algorithm, nullptr) == 1 &&
               crypto.digest_update(context.get(), header.data(), header.size()) == 1;
  std::ifstream stream(file, std::ios::binary);
  std::vector<char> chunk(kChunk);
  while (sound && stream) {
    stream.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    const auto count = static_cast<size_t>(stream.gcount());
    sound = crypto.digest_update(context.get(), chunk.data(), count) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  if (!sound || !stream.eof() || crypto.digest_final(context.get(), bytes.data(), &size) != 1) {
    throw Error(ErrorCode::io_error,
                fmt::format("download model: expected to compute a checksum, found that reading "
                            "failed ({})",
                            file.string()));
  }
  std::string digits;
  for (const unsigned char byte : std::span(bytes).first(size)) {
    digits += fmt::format("{:02x}", byte);
  }
  return digits;
}

}  // namespace

bool is_checksum(const std::string& text) {
  return (text.size() == kSha1Digits || text.size() == kSha256Digits) &&
         text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool has_checksum(const fs::path& file, const std::string& checksum) {
  if (checksum.size() == kSha256Digits) {
    return digest(libcrypto().sha256(), {}, file) == checksum;
  }
  // Git names a blob by the SHA-1 of this header, a zero byte, and the content.
  std::string header = fmt::format("blob {}", fs::file_size(file));
  header += '\0';
  return digest(libcrypto().sha1(), header, file) == checksum;
}

}  // namespace fastintent
