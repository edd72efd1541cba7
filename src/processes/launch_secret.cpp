#include "processes/launch_secret.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <vector>

#include "base/file_descriptor.h"
#include "base/shared_library.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

// The functions used from OpenSSL, declared here since prediction is built without its headers.
struct Libcrypto {
  using Digest = const void* (*)();
  using Hmac = unsigned char* (*)(const void* digest,
                                  const void* key,
                                  int key_bytes,
                                  const unsigned char* data,
                                  size_t data_bytes,
                                  unsigned char* out,
                                  unsigned int* out_bytes);

  SharedLibrary library{"libcrypto.so.3", "join processes", ErrorCode::io_error};
  Digest sha256 = library["EVP_sha256"];
  Hmac hmac = library["HMAC"];
};

}  // namespace

Nonce draw_nonce() {
  Nonce nonce{};
  // So few bytes are never returned in part.
  if (::getrandom(nonce.data(), nonce.size(), 0) != static_cast<ssize_t>(nonce.size())) {
    throw Error(ErrorCode::io_error,
                fmt::format("join processes: expected random bytes of the system, found: {}",
                            last_system_error()));
  }
  return nonce;
}

Proof prove(const std::string& secret, std::initializer_list<std::span<const std::byte>> parts) {
  Proof proof{};
  if (secret.empty()) {
    return proof;
  }
  static const Libcrypto crypto;
  std::vector<std::byte> message;
  for (const std::span<const std::byte> part : parts) {
    message.insert(message.end(), part.begin(), part.end());
  }
  unsigned int size = 0;
  if (crypto.hmac(crypto.sha256(),
                  secret.data(),
                  static_cast<int>(secret.size()),
                  reinterpret_cast<const unsigned char*>(message.data()),
                  message.size(),
                  reinterpret_cast<unsigned char*>(proof.data()),
                  &size) == nullptr ||
      size != proof.size()) {
    throw Error(ErrorCode::io_error,
                "join processes: expected an HMAC of libcrypto, found that it failed");
  }
  return proof;
}

bool same_proof(const Proof& first, const Proof& second) {
  std::byte difference{};
  for (size_t i = 0; i < first.size(); ++i) {
    difference |= first[i] ^ second[i];
  }
  return difference == std::byte{};
}

}  // namespace fastintent
