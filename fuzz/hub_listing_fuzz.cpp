#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>

#include "folder.h"
#include "hub/hub_client.h"
#include "hub/model_files.h"

// Reads a hub's answer about a revision. Every file that is accepted stays below its folder.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  fuzz::attempt([&] {
    const RepositoryListing listing = parse_listing(std::string(fuzz::as_text(data, size)));
    fuzz::require(listing.commit.size() == 40);
    for (const std::string& file : listing.files) {
      const auto normal = std::filesystem::path(file).lexically_normal();
      fuzz::require(normal == file && normal.is_relative() && *normal.begin() != "..");
    }
    const auto chosen = choose_model_files(listing.files);
    fuzz::require(chosen.size() <= listing.files.size());
  });
  return 0;
}
