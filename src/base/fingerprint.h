#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace fastintent {

/// FNV-1a (Fowler, Noll & Vo), 64 bits, of a series of values: enough to distinguish things that
/// differ by accident, not a defence against forgery.
class Fingerprint {
 public:
  void add(std::string_view bytes) {
    for (const char byte : bytes) {
      add_byte(static_cast<unsigned char>(byte));
    }
    add_byte(0xff);  // ends a value: no UTF-8 text has this byte
  }
  /// 16 hexadecimal digits.
  std::string text() const;

 private:
  void add_byte(unsigned char byte) { hash_ = (hash_ ^ byte) * 0x100000001b3ULL; }

  uint64_t hash_ = 0xcbf29ce484222325ULL;
};

}  // namespace fastintent
