#include <cstdint>
#include <string>

#include "folder.h"
#include "model/config_numbers.h"
#include "model/model_config.h"

// Reads a config.json of any family. Sizes that are accepted cannot overflow in a product.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  fuzz::attempt([&] {
    const JsonDocument document = JsonDocument::parse(fuzz::as_text(data, size), "fuzz");
    fuzz::attempt([&] {
      const EncoderConfig config = read_encoder_config(document);
      const auto within = [](int64_t value, int64_t most) { return value >= 1 && value <= most; };
      fuzz::require(within(config.hidden, kLargestWidth) && within(config.heads, kLargestWidth) &&
                    config.hidden % config.heads == 0 &&
                    within(config.intermediate, kLargestWidth) &&
                    within(config.layers, kMostLayers) && within(config.vocabulary, kMostRows) &&
                    within(config.positions, kMostRows) && within(config.max_tokens(), kMostRows));
    });
    fuzz::attempt(
        [&] { fuzz::require(!read_intents(document).empty() || document.has("id2label")); });
  });
  return 0;
}
