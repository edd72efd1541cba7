#include <cstdint>
#include <string>

#include "checkpoint/json_document.h"
#include "fastintent/error.h"

// Reads a JSON document and requests a value of each type for each key.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  const auto attempt = [](auto call) {
    try {
      call();
    } catch (const Error&) {
      // expected for bad input; anything else is a finding
    }
  };
  attempt([&] {
    const std::string text(reinterpret_cast<const char*>(data), size);
    const JsonDocument document = JsonDocument::parse(text, "fuzz");
    for (const auto& item : document.value().items()) {
      attempt([&] { (void)document.integer(item.key()); });
      attempt([&] { (void)document.number_or(item.key(), 0); });
      attempt([&] { (void)document.text_or(item.key(), ""); });
      attempt([&] { (void)document.boolean_or(item.key(), false); });
      attempt([&] { (void)document.array(item.key()); });
      attempt([&] { (void)document.section(item.key()); });
    }
  });
  return 0;
}
