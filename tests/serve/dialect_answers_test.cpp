#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string>

#include "dialects/dialects.h"
#include "exchange.h"

namespace fastintent::serve {
namespace {

using nlohmann::json;
using namespace std::string_literals;

// A list of all intents, as several protocols write it.
const std::string kRanking =
    R"([{"label":"lost_card","score":0.625},{"label":"refund, \"now\"","score":0.25},)"
    R"({"label":"card_arrival","score":0.125}])";
const std::string kTeiRanking =
    R"([{"score":0.625,"label":"lost_card"},{"score":0.25,"label":"refund, \"now\""},)"
    R"({"score":0.125,"label":"card_arrival"}])";

struct Exchange {
  const char* name;
  const char* path;
  std::string body;
  std::string answer;
  Fields headers = {};
};

std::string name_of(const testing::TestParamInfo<Exchange>& info) {
  return info.param.name;
}

void PrintTo(const Exchange& exchange, std::ostream* out) {
  *out << exchange.path << " " << exchange.body;
}

class Answers : public testing::TestWithParam<Exchange> {};

// To the byte: clients depend on members, their types and their nesting.
TEST_P(Answers, AreGolden) {
  const HttpResponse response = post(GetParam().path, GetParam().body, GetParam().headers);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, GetParam().answer);
}

const std::string kNativeMembers =
    R"("intent":"lost_card","confidence":0.625,"needs_review":true,"truncated":false,)"
    R"("alternatives":[{"intent":"refund, \"now\"","confidence":0.25}])";
const std::string kNativeHead = R"({"model":"intents","model_version":"3f9c0a1b2c3d",)";

INSTANTIATE_TEST_SUITE_P(
    Native,
    Answers,
    testing::Values(
        Exchange{
            "one", "/v1/predict", R"({"text":"a","top_k":1})", kNativeHead + kNativeMembers + "}"},
        Exchange{
            "many",
            "/v1/predict",
            R"({"texts":["a"," "],"top_k":1,"ignored":null})",
            kNativeHead + R"("predictions":[{)" + kNativeMembers + R"(},{"error":"blank text"}]})"},
        Exchange{"echo_and_logits",
                 "/v1/predict",
                 "{\"text\":\"a\xff\",\"top_k\":0,\"echo\":true,\"logits\":true}",
                 kNativeHead +
                     "\"text\":\"a\xEF\xBF\xBD\",\"intent\":\"lost_card\",\"confidence\":0.625,"
                     R"("needs_review":true,"truncated":false,"alternatives":[],)"
                     R"("logits":[-1,2,0.5]})"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Tei,
    Answers,
    testing::Values(
        Exchange{"one", "/predict", R"({"inputs":"a"})", kTeiRanking},
        Exchange{"one_in_array", "/predict", R"({"inputs":["a"],"truncate":null})", kTeiRanking},
        Exchange{"batch",
                 "/",
                 R"({"inputs":[["a"],["b"]],"truncation_direction":"right"})",
                 "[" + kTeiRanking + "," + kTeiRanking + "]"},
        Exchange{"batch_of_one", "/predict", R"({"inputs":[["a"]]})", "[" + kTeiRanking + "]"},
        Exchange{"raw_scores",
                 "/predict",
                 R"({"inputs":"a","raw_scores":true})",
                 R"([{"score":2,"label":"lost_card"},{"score":0.5,"label":"refund, \"now\""},)"
                 R"({"score":-1,"label":"card_arrival"}])"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    HuggingFace,
    Answers,
    testing::Values(
        Exchange{"one", "/models/intents", R"({"inputs":"a"})", "[" + kRanking + "]"},
        Exchange{
            "many",
            "/models/intents",
            R"({"inputs":["a","b"],"parameters":{"top_k":1,"function_to_apply":null}})",
            R"([[{"label":"lost_card","score":0.625}],[{"label":"lost_card","score":0.625}]])"},
        Exchange{"none",
                 "/models/intents",
                 R"({"inputs":"a","parameters":{"top_k":2,"function_to_apply":"none"}})",
                 R"([[{"label":"lost_card","score":2},{"label":"refund, \"now\"","score":0.5}]])"},
        Exchange{"sigmoid",
                 "/models/intents",
                 R"({"inputs":"a","parameters":{"top_k":1,"function_to_apply":"sigmoid"}})",
                 R"([[{"label":"lost_card","score":0.880797}]])"},
        Exchange{"at_the_root", "/", R"({"inputs":"a","parameters":{}})", "[" + kRanking + "]"}),
    name_of);

const std::string kInferHead = R"({"model_name":"intents","model_version":"3f9c0a1b2c3d",)";

const std::string kBinaryJson =
    R"({"inputs":[{"name":"x","shape":[1],"datatype":"BYTES",)"
    R"("parameters":{"binary_data_size":5}}],"parameters":{"binary_data_output":true}})";

INSTANTIATE_TEST_SUITE_P(
    OpenInference,
    Answers,
    testing::Values(
        Exchange{
            "json",
            "/v2/models/intents/infer",
            R"({"id":"r1","inputs":[{"name":"x","shape":[2],"datatype":"BYTES","data":["a","b"]}]})",
            kInferHead +
                R"("id":"r1","outputs":[)"
                R"({"name":"label","datatype":"BYTES","shape":[2],"data":["lost_card","lost_card"]},)"
                R"({"name":"score","datatype":"FP32","shape":[2],"data":[0.625,0.625]}]})"},
        Exchange{
            "rows_and_all_outputs",
            "/v2/models/intents/versions/3f9c0a1b2c3d/infer",
            R"({"inputs":[{"name":"x","shape":[1,1],"datatype":"BYTES","data":[["a"]]}],)"
            R"("outputs":[{"name":"index"},{"name":"logits"},{"name":"probabilities"},)"
            R"({"name":"output-0"},{"name":"score","parameters":{"classification":2}}]})",
            kInferHead +
                R"("outputs":[)"
                R"({"name":"index","datatype":"INT64","shape":[1],"data":[1]},)"
                R"({"name":"logits","datatype":"FP32","shape":[1,3],"data":[-1,2,0.5]},)"
                R"({"name":"probabilities","datatype":"FP32","shape":[1,3],"data":[0.125,0.625,0.25]},)"
                R"({"name":"output-0","datatype":"INT64","shape":[1],"data":[1]},)"
                R"({"name":"score","datatype":"BYTES","shape":[1,2],)"
                R"("data":["0.625:1:lost_card","0.25:2:refund, \"now\""]}]})"},
        Exchange{"binary",
                 "/v2/models/intents/infer",
                 kBinaryJson + "\x01\x00\x00\x00"
                               "a"s,
                 kInferHead + R"("outputs":[{"name":"label","datatype":"BYTES","shape":[1],)"
                              R"("parameters":{"binary_data_size":13}},)"
                              R"({"name":"score","datatype":"FP32","shape":[1],)"
                              R"("parameters":{"binary_data_size":4}}]})"
                              "\x09\x00\x00\x00lost_card\x00\x00\x20\x3f"s,
                 {{"Inference-Header-Content-Length", std::to_string(kBinaryJson.size())}}}),
    name_of);

const std::string kBestOfTwo = R"({"label":"lost_card","score":0.625})";

INSTANTIATE_TEST_SUITE_P(
    Others,
    Answers,
    testing::Values(
        Exchange{
            "kserve",
            "/v1/models/intents:predict",
            R"({"instances":["a",{"inputs":"b"},{"text":"c"}],"parameters":{"top_k":1}})",
            R"({"predictions":[[)" + kBestOfTwo + "],[" + kBestOfTwo + "],[" + kBestOfTwo + "]]}"},
        Exchange{"vertex",
                 "/vertex",
                 R"({"instances":[{"inputs":"a"}]})",
                 R"({"predictions":[)" + kRanking + "]}"},
        Exchange{"vertex_at_predict",
                 "/predict",
                 R"({"instances":["a"]})",
                 R"({"predictions":[)" + kRanking + "]}"},
        Exchange{
            "data_frame_split",
            "/invocations",
            R"({"dataframe_split":{"index":[0,1],"columns":["id","text"],"data":[[1,"a"],[2,"b"]]}})",
            R"({"predictions":[)" + kBestOfTwo + "," + kBestOfTwo + "]}"},
        Exchange{"data_frame_records",
                 "/invocations",
                 R"({"dataframe_records":[{"text":"a"}]})",
                 R"({"predictions":[)" + kBestOfTwo + "]}"},
        Exchange{"sagemaker_hugging_face",
                 "/endpoints/intents/invocations",
                 R"({"inputs":"a","parameters":{"top_k":1}})",
                 "[[" + kBestOfTwo + "]]"},
        Exchange{"csv",
                 "/invocations",
                 "a\r\n\"b, \"\"c\"\"\nd\"\n",
                 "lost_card\nlost_card\n",
                 {{"content-type", "text/csv; charset=utf-8"}}},
        Exchange{"lines",
                 "/invocations",
                 "a, b\n\"c\"",
                 "lost_card\nlost_card\n",
                 {{"Content-Type", "Text/Plain"}}},
        Exchange{"rasa",
                 "/model/parse",
                 R"({"text":"a","message_id":"m"})",
                 R"({"text":"a","intent":{"name":"lost_card","confidence":0.625},"entities":[],)"
                 R"("intent_ranking":[{"name":"lost_card","confidence":0.625},)"
                 R"({"name":"refund, \"now\"","confidence":0.25},)"
                 R"({"name":"card_arrival","confidence":0.125}]})"},
        Exchange{"azure",
                 "/language/:analyze-conversations",
                 R"({"kind":"Conversation","analysisInput":{"conversationItem":{"id":"1",)"
                 R"("participantId":"1","text":"a"}},"parameters":{"projectName":"intents"}})",
                 R"({"kind":"ConversationResult","result":{"query":"a","prediction":{)"
                 R"("topIntent":"lost_card","projectKind":"Conversation","intents":[)"
                 R"({"category":"lost_card","confidenceScore":0.625},)"
                 R"({"category":"refund, \"now\"","confidenceScore":0.25},)"
                 R"({"category":"card_arrival","confidenceScore":0.125}],"entities":[]}}})"}),
    name_of);

TEST(Tei, ReportsCostInHeaders) {
  const HttpResponse response = post("/predict", "{\"inputs\":[[\"a\xC3\xA9\"],[\"b\"]]}");
  EXPECT_EQ(response.headers,
            (Fields{{"x-compute-type", "cpu (avx2)"},
                    {"x-compute-time", "7"},
                    {"x-compute-characters", "3"},
                    {"x-compute-tokens", "10"},
                    {"x-total-time", "7"},
                    {"x-tokenization-time", "1"},
                    {"x-inference-time", "6"}}));
}

TEST(Vllm, Classifies) {
  const std::string body = R"({"model":"intents","input":["a","b"]})";
  const json first = json::parse(post("/classify", body).body);
  const json second = json::parse(post("/v1/classify", body).body);
  const std::string id = first["id"];
  EXPECT_EQ(id.size(), std::string("classify-").size() + 32);
  EXPECT_TRUE(id.starts_with("classify-"));
  EXPECT_NE(id, second["id"]);
  EXPECT_TRUE(first["created"].is_number_integer());
  EXPECT_EQ(first["object"], "list");
  EXPECT_EQ(first["model"], "intents");
  EXPECT_EQ(first["data"][1].dump(),
            R"({"index":1,"label":"lost_card","num_classes":3,"probs":[0.125,0.625,0.25]})");
  EXPECT_EQ(first["usage"].dump(),
            R"({"completion_tokens":0,"prompt_tokens":10,"prompt_tokens_details":null,)"
            R"("total_tokens":10})");
}

TEST(OpenInference, BinaryAnswerSaysWhereItsJsonEnds) {
  const HttpResponse response =
      post("/v2/models/intents/infer",
           R"({"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["a"]}],)"
           R"("outputs":[{"name":"label"},{"name":"index","parameters":{"binary_data":true}}]})");
  EXPECT_EQ(response.content_type, "application/octet-stream");
  ASSERT_EQ(response.headers.size(), 1);
  EXPECT_EQ(response.headers[0].first, "Inference-Header-Content-Length");
  const size_t end = std::stoul(response.headers[0].second);
  EXPECT_EQ(response.body.substr(end), "\x01\x00\x00\x00\x00\x00\x00\x00"s);
  EXPECT_TRUE(json::accept(response.body.substr(0, end)));
}

TEST(Dialects, PassOnWhatTheCallAsks) {
  const PredictionCall infer = read_call(
      post_request("/v2/models/other/versions/7/infer",
                   R"({"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":["a"]}],)"
                   R"("parameters":{"timeout":1500}})"));
  EXPECT_EQ(infer.model, "other");
  EXPECT_EQ(infer.version, "7");
  EXPECT_EQ(infer.timeout, std::chrono::microseconds(1500));
  EXPECT_EQ(infer.top_k, 0);
  EXPECT_FALSE(infer.with_logits);

  EXPECT_TRUE(
      read_call(post_request("/predict", R"({"inputs":"a","truncate":false})")).refuse_truncated);
  EXPECT_FALSE(read_call(post_request("/predict", R"({"inputs":"a"})")).refuse_truncated);
  EXPECT_EQ(read_call(post_request("/v1/predict", R"({"text":"a","model":"m"})")).model, "m");
  EXPECT_EQ(read_call(post_request("/v1/predict", R"({"text":"a"})")).top_k, 5);
  EXPECT_TRUE(read_call(post_request("/v1/predict", R"({"texts":["a"]})")).errors_in_place);
  EXPECT_FALSE(read_call(post_request("/v1/predict", R"({"text":"a"})")).errors_in_place);
  EXPECT_EQ(read_call(post_request("/models/m", R"({"inputs":"a"})")).model, "m");
  EXPECT_EQ(read_call(post_request("/v1/models/m:predict", R"({"instances":["a"]})")).model, "m");
  EXPECT_EQ(read_call(post_request("/endpoints/m/invocations", R"({"inputs":"a"})")).model, "m");
  EXPECT_EQ(read_call(post_request("/classify", R"({"input":"a"})")).model, "");
}

TEST(Dialects, ShowModels) {
  EXPECT_EQ(show("GET", "/v2/models/intents/ready").body, R"({"name":"intents","ready":true})");
  EXPECT_EQ(show("GET", "/v2/models/intents/ready", false).status, 503);
  EXPECT_EQ(
      show("GET", "/v2/models/intents/stats").body,
      R"({"model_stats":[{"name":"intents","version":"3f9c0a1b2c3d","inference_count":42}]})");
  EXPECT_EQ(show("GET", "/v2/models/stats").body, show("GET", "/v2/models/intents/stats").body);
  EXPECT_EQ(show("POST", "/v2/repository/index").body,
            R"([{"name":"intents","version":"3f9c0a1b2c3d","state":"READY"}])");
  const json metadata = json::parse(show("GET", "/v2/models/intents").body);
  EXPECT_EQ(metadata["versions"], json({"3f9c0a1b2c3d"}));
  EXPECT_EQ(metadata["inputs"].dump(), R"([{"datatype":"BYTES","name":"text","shape":[-1,1]}])");
  EXPECT_EQ(metadata["outputs"].size(), 5);
  EXPECT_EQ(show("GET", "/v2/models/intents/versions/3f9c0a1b2c3d").body,
            show("GET", "/v2/models/intents").body);
  EXPECT_EQ(json::parse(show("GET", "/v2/models/intents/config").body)["max_batch_size"], 1024);
  EXPECT_EQ(json::parse(show("GET", "/v2").body)["name"], "fastintent");
  EXPECT_EQ(json::parse(show("GET", "/v1/models/intents").body)["ready"], true);

  const json list = json::parse(show("GET", "/v1/models").body);
  EXPECT_EQ(list["data"][0]["id"], "intents");
  EXPECT_EQ(list["data"][0]["max_model_len"], 64);
  EXPECT_EQ(list["models"], json({"intents"}));

  const json info = json::parse(show("GET", "/info").body);
  EXPECT_EQ(info["model_type"]["classifier"]["id2label"]["1"], "lost_card");
  EXPECT_EQ(info["model_type"]["classifier"]["label2id"]["lost_card"], 1);
  EXPECT_EQ(info["max_client_batch_size"], 1024);
  EXPECT_EQ(info["max_input_length"], 64);
}

TEST(Dialects, ShareNoRoute) {
  std::set<std::string> seen;
  for (const auto& dialect : dialects()) {
    for (const Route& route : dialect->routes()) {
      EXPECT_NE(static_cast<bool>(route.read), static_cast<bool>(route.show)) << route.path;
      EXPECT_TRUE(seen.insert(std::string(route.method) + " " + std::string(route.path)).second)
          << route.path;
    }
  }
}

TEST(KserveV1, ServesThePathOfVertex) {
  const auto paths_with = [](const char* route) {
    setenv("AIP_PREDICT_ROUTE", route, 1);
    const auto dialect = make_kserve_v1();
    unsetenv("AIP_PREDICT_ROUTE");
    return dialect->routes().size();
  };
  const size_t without = make_kserve_v1()->routes().size();
  EXPECT_EQ(paths_with("/v1/endpoints/7/deployedModels/8:predict"), without + 1);
  EXPECT_EQ(paths_with("/predict"), without);
  EXPECT_EQ(paths_with("vertex"), without);
}

}  // namespace
}  // namespace fastintent::serve
