#pragma once

// FASTINTENT_ADDRESS_SANITIZER is defined in programs of the address sanitizer: GCC and clang say it in
// different words.
#if defined(__SANITIZE_ADDRESS__)
#define FASTINTENT_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FASTINTENT_ADDRESS_SANITIZER
#endif
#endif
