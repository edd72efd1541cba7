#include <filesystem>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "fastintent/hub.h"
#include "hub/environment.h"
#include "hub/hub_cache.h"

namespace fastintent {
namespace {

namespace fs = std::filesystem;

// Downloads are tested by tests/cli/hub_test.py, which has a server.
class FindModel : public testing::Test {
 protected:
  void SetUp() override {
    clear_hub_environment();
    set_variable("HF_HUB_CACHE", folder_.path().string());
    set_variable("HF_HUB_OFFLINE", "1");
  }

  // A snapshot as huggingface_hub makes it.
  fs::path write_snapshot(const std::string& revision) const {
    const std::string commit(40, 'a');
    const HubCache cache(folder_.path(), "org/name");
    fs::create_directories(cache.blob("x").parent_path());
    for (const char* name : {"config.json", "tokenizer.json", "model.safetensors"}) {
      folder_.write("models--org--name/blobs/" + std::string(name), "{}");
      cache.link(commit, name, name);
    }
    cache.write_ref(revision, commit);
    return cache.snapshot(commit);
  }

  TemporaryFolder folder_;
};

TEST_F(FindModel, AFileIsNamed) {
  const fs::path file = folder_.write("model.safetensors", "");
  expect_error(ErrorCode::missing_input, "found a file", [&] { find_model(file.string()); });
}

TEST_F(FindModel, AFolderIsTakenAsItIs) {
  EXPECT_EQ(find_model(folder_.path().string()), folder_.path());
}

TEST_F(FindModel, AWholeSnapshotNeedsNoNetwork) {
  const fs::path snapshot = write_snapshot("main");
  EXPECT_EQ(find_model("org/name"), snapshot);
  EXPECT_EQ(find_model("org/name@main"), snapshot);
  EXPECT_EQ(find_model("org/name@" + std::string(40, 'a')), snapshot);
  expect_error(ErrorCode::missing_input, "found neither", [] { find_model("org/name@other"); });
  expect_error(ErrorCode::missing_input, "found neither", [] { find_model("other/name"); });
}

TEST_F(FindModel, LocalModelsAreKnownWithoutTheNetwork) {
  set_variable("HF_HUB_OFFLINE", "0");
  set_variable("HF_ENDPOINT", "http://127.0.0.1:1");  // a request would be an error
  EXPECT_EQ(find_local_model("org/name"), std::nullopt);
  const fs::path snapshot = write_snapshot("main");
  EXPECT_EQ(find_local_model("org/name"), snapshot);
  fs::remove(snapshot / "model.safetensors");
  EXPECT_EQ(find_local_model("org/name"), std::nullopt);
  EXPECT_EQ(find_local_model(folder_.path().string()), folder_.path());
  expect_error(ErrorCode::missing_input, "Hugging Face id", [] { find_local_model("./absent"); });
}

TEST_F(FindModel, ASnapshotThatLacksAFile) {
  fs::remove(write_snapshot("main") / "model.safetensors");
  expect_error(ErrorCode::missing_input, "lacks model.safetensors", [] { find_model("org/name"); });
}

TEST_F(FindModel, WhatIsNeitherAFolderNorAnId) {
  const std::string file = folder_.write("file", "").string();
  for (const std::string& name :
       {std::string("./absent"), file, std::string(), std::string("a/")}) {
    expect_error(ErrorCode::missing_input, "Hugging Face id", [&] { find_model(name); });
  }
}

TEST_F(FindModel, AHubThatIsNotReached) {
  ::unsetenv("HF_HUB_OFFLINE");
  set_variable("no_proxy", "127.0.0.1");
  set_variable("HF_ENDPOINT", "http://127.0.0.1:1");  // a port without a server
  expect_error(ErrorCode::io_error, "127.0.0.1:1", [] { find_model("org/name"); });
}

TEST_F(FindModel, StopsWhenAsked) {
  ::unsetenv("HF_HUB_OFFLINE");
  set_variable("no_proxy", "127.0.0.1");
  set_variable("HF_ENDPOINT", "http://127.0.0.1:1");
  HubCallbacks callbacks;
  callbacks.should_stop = [] { return true; };
  expect_error(ErrorCode::interrupted, "stopped", [&] { find_model("org/name", callbacks); });
}

}  // namespace
}  // namespace fastintent
