#include <cstdint>

#include "checkpoint/json_document.h"
#include "folder.h"

// Reads a JSON document and requests a value of each type for each key.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  fuzz::attempt([&] {
    const JsonDocument document = JsonDocument::parse(fuzz::as_text(data, size), "fuzz");
    for (const auto& item : document.value().items()) {
      fuzz::attempt([&] { (void)document.integer(item.key()); });
      fuzz::attempt([&] { (void)document.number_or(item.key(), 0); });
      fuzz::attempt([&] { (void)document.text_or(item.key(), ""); });
      fuzz::attempt([&] { (void)document.boolean_or(item.key(), false); });
      fuzz::attempt([&] { (void)document.array(item.key()); });
      fuzz::attempt([&] { (void)document.section(item.key()); });
    }
  });
  return 0;
}
