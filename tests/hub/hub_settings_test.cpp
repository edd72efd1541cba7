#include "hub/hub_settings.h"

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "hub/environment.h"

namespace fastintent {
namespace {

class ReadHubSettings : public testing::Test {
 protected:
  void SetUp() override {
    clear_hub_environment();
    set_variable("HOME", "/home/someone");
  }
};

TEST_F(ReadHubSettings, Defaults) {
  const HubSettings settings = read_hub_settings();
  EXPECT_EQ(settings.cache, "/home/someone/.cache/huggingface/hub");
  EXPECT_EQ(settings.endpoint, "https://huggingface.co");
  EXPECT_EQ(settings.token, "");
  EXPECT_FALSE(settings.offline);
  EXPECT_EQ(settings.stall_seconds, 10);
}

TEST_F(ReadHubSettings, TheCacheByPrecedence) {
  set_variable("XDG_CACHE_HOME", "/xdg");
  EXPECT_EQ(read_hub_settings().cache, "/xdg/huggingface/hub");
  set_variable("HF_HOME", "~/hf");
  EXPECT_EQ(read_hub_settings().cache, "/home/someone/hf/hub");
  set_variable("HUGGINGFACE_HUB_CACHE", "/old");
  EXPECT_EQ(read_hub_settings().cache, "/old");
  set_variable("HF_HUB_CACHE", "~");
  EXPECT_EQ(read_hub_settings().cache, "/home/someone");
  set_variable("HF_HUB_CACHE", "");  // counts as unset
  EXPECT_EQ(read_hub_settings().cache, "/old");
}

TEST_F(ReadHubSettings, NoHome) {
  ::unsetenv("HOME");
  expect_error(ErrorCode::missing_input, "HF_HOME", [] { read_hub_settings(); });
  set_variable("HF_HOME", "/hf");
  EXPECT_EQ(read_hub_settings().cache, "/hf/hub");
}

TEST_F(ReadHubSettings, TheTokenByPrecedence) {
  const TemporaryFolder folder;
  set_variable("HF_HOME", folder.path().string());
  folder.write("token", " from_login\n");
  EXPECT_EQ(read_hub_settings().token, "from_login");
  set_variable("HF_TOKEN_PATH", folder.write("other", "from_path").string());
  EXPECT_EQ(read_hub_settings().token, "from_path");
  set_variable("HUGGING_FACE_HUB_TOKEN", "old");
  EXPECT_EQ(read_hub_settings().token, "old");
  set_variable("HF_TOKEN", "new");
  EXPECT_EQ(read_hub_settings().token, "new");
  set_variable("HF_TOKEN", "two\r\nLines: 1");
  expect_error(ErrorCode::invalid_argument, "HF_TOKEN", [] { read_hub_settings(); });
}

TEST_F(ReadHubSettings, TheEndpoint) {
  set_variable("HF_ENDPOINT", "http://127.0.0.1:8000//");
  EXPECT_EQ(read_hub_settings().endpoint, "http://127.0.0.1:8000");
  EXPECT_EQ(read_hub_settings().user, "");
  set_variable("HF_ENDPOINT", "https://someone:pass%20word@mirror:8000/hub/");
  EXPECT_EQ(read_hub_settings().endpoint, "https://mirror:8000/hub");
  EXPECT_EQ(read_hub_settings().user, "someone");
  EXPECT_EQ(read_hub_settings().password, "pass word");
  for (const char* wrong : {"file:///etc", "https://host/?query", "https://host name", "host"}) {
    set_variable("HF_ENDPOINT", wrong);
    expect_error(ErrorCode::invalid_argument, "HF_ENDPOINT", [] { read_hub_settings(); });
  }
}

TEST_F(ReadHubSettings, Offline) {
  for (const char* value : {"1", "true", "YES", "On"}) {
    set_variable("HF_HUB_OFFLINE", value);
    EXPECT_TRUE(read_hub_settings().offline) << value;
  }
  for (const char* value : {"0", "false", "", "2"}) {
    set_variable("HF_HUB_OFFLINE", value);
    EXPECT_FALSE(read_hub_settings().offline) << value;
  }
  ::unsetenv("HF_HUB_OFFLINE");
  set_variable("TRANSFORMERS_OFFLINE", "1");
  EXPECT_TRUE(read_hub_settings().offline);
}

TEST_F(ReadHubSettings, TheTimeOut) {
  set_variable("HF_HUB_DOWNLOAD_TIMEOUT", "30");
  EXPECT_EQ(read_hub_settings().stall_seconds, 30);
  for (const char* value : {"0", "-1", "1.5", "soon", "99999999999999999999"}) {
    set_variable("HF_HUB_DOWNLOAD_TIMEOUT", value);
    expect_error(ErrorCode::invalid_argument, value, [] { read_hub_settings(); });
  }
}

}  // namespace
}  // namespace fastintent
