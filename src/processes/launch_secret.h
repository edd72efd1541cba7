#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>

namespace fastintent {

/// Random bytes that nobody has seen before, so that no recorded proof fits them.
using Nonce = std::array<std::byte, 32>;

/// What only a process that knows the secret can compute: HMAC-SHA256.
using Proof = std::array<std::byte, 32>;

/// Throws io_error when the system has no random bytes.
Nonce draw_nonce();

/// The proof for `parts`, one after the other; zeros where `secret` is empty: then there is nothing
/// to prove. Throws io_error without OpenSSL's libcrypto, which is loaded here.
Proof prove(const std::string& secret, std::initializer_list<std::span<const std::byte>> parts);

/// Compares in a time that does not depend on where they differ.
bool same_proof(const Proof& first, const Proof& second);

}  // namespace fastintent
