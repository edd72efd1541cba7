#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "exchange.h"

namespace fastintent::serve {
namespace {

struct Wrong {
  const char* path;
  std::string body;
  const char* message;
  Failure failure = Failure::invalid_request;
  Fields headers = {};
};

void expect_refusal(const Wrong& wrong) {
  try {
    read_call(post_request(wrong.path, wrong.body, wrong.headers));
    ADD_FAILURE() << wrong.path << ": read " << wrong.body;
  } catch (const RequestError& error) {
    EXPECT_EQ(std::string(error.what()), wrong.message) << wrong.path << ": " << wrong.body;
    EXPECT_EQ(error.failure(), wrong.failure) << wrong.path << ": " << wrong.body;
  }
}

std::string infer(const std::string& input, const std::string& rest = "") {
  return R"({"inputs":[{"name":"x","datatype":"BYTES",)" + input + "}]" + rest + "}";
}

std::string input(const std::string& shape, const std::string& data) {
  return R"("shape":)" + shape + R"(,"data":)" + data;
}

TEST(Refusals, OfAnyJson) {
  for (const Wrong& wrong : {
           Wrong{"/v1/predict", "[]", "expected an object, found an array (body)"},
           Wrong{"/v1/predict",
                 R"({"text":"a","text":"b"})",
                 "read the request: expected each key once, found 'text' twice (body)"},
           Wrong{"/v1/predict",
                 R"({"text":"a"})",
                 "expected the Content-Type application/json, found application/xml",
                 Failure::unsupported_media,
                 {{"Content-Type", "Application/XML"}}},
           Wrong{"/v1/predict",
                 R"({"text":"a"})",
                 "expected a body without Content-Encoding, found one; send it uncompressed",
                 Failure::unsupported_media,
                 {{"Content-Encoding", "gzip"}}},
       }) {
    expect_refusal(wrong);
  }
}

TEST(Refusals, OfNative) {
  for (const Wrong& wrong : {
           Wrong{"/v1/predict", "{}", "expected a member \"texts\", found none (body)"},
           Wrong{"/v1/predict",
                 R"({"text":"a","texts":["a"]})",
                 "expected one of the members \"text\" and \"texts\", found both (body)"},
           Wrong{"/v1/predict", R"({"text":null})", "expected a text, found null (text)"},
           Wrong{"/v1/predict", R"({"texts":"a"})", "expected an array, found a text (texts)"},
           Wrong{"/v1/predict",
                 R"({"texts":["a",7]})",
                 "expected a text, found the number 7 (texts[1])"},
           Wrong{"/v1/predict",
                 R"({"texts":[]})",
                 "expected at least one text, found none (texts)",
                 Failure::empty_request},
           Wrong{"/v1/predict",
                 R"({"text":"a","logits":0})",
                 "expected true or false, found the number 0 (logits)"},
           Wrong{"/v1/predict",
                 R"({"text":"a","echo":null})",
                 "expected true or false, found null (echo)"},
           Wrong{"/v1/predict",
                 R"({"text":"a","model":7})",
                 "expected a text, found the number 7 (model)"},
       }) {
    expect_refusal(wrong);
  }
  for (const char* number : {"-1",
                             "1.0",
                             "1e3",
                             "true",
                             "null",
                             "1000001",
                             "9223372036854775808",
                             "-9223372036854775809",
                             "18446744073709551616"}) {
    const std::string body = std::string(R"({"text":"a","top_k":)") + number + "}";
    EXPECT_THROW(read_call(post_request("/v1/predict", body)), RequestError) << number;
  }
}

TEST(Refusals, OfTeiAndHuggingFace) {
  for (
      const Wrong& wrong : {
          Wrong{"/predict",
                R"({"inputs":["a","b"]})",
                "expected one text in an array, as a batch is [[\"a\"],[\"b\"]], found 2 (inputs)"},
          Wrong{"/predict",
                R"({"inputs":[["a"],["a","b"]]})",
                "expected one text in an array, as a batch is [[\"a\"],[\"b\"]], found 2 "
                "(inputs[1])"},
          Wrong{"/predict",
                R"({"inputs":[["a"],"b"]})",
                "expected an array of one text, found a text (inputs[1])"},
          Wrong{"/predict",
                R"({"inputs":[]})",
                "expected at least one text, found none (inputs)",
                Failure::empty_request},
          Wrong{"/predict", R"({"inputs":null})", "expected a text, found null (inputs)"},
          Wrong{
              "/predict",
              R"({"inputs":"a","truncation_direction":"left"})",
              "expected \"right\", the end that is cut, found another text (truncation_direction)"},
          Wrong{"/predict",
                R"({"inputs":"a","raw_scores":null})",
                "expected true or false, found null (raw_scores)"},
          Wrong{"/",
                "{}",
                "expected a member \"inputs\", \"instances\", \"dataframe_split\" or "
                "\"dataframe_records\", found none (body)"},
          Wrong{"/models/m",
                R"({"inputs":{"text":"a","text_pair":"b"}})",
                "expected a text or an array of texts, found an object (inputs)"},
          Wrong{"/models/m",
                R"({"inputs":"a","parameters":{"top_k":0}})",
                "expected a whole number from 1 to 1000000, found the number 0 (parameters.top_k)"},
          Wrong{"/models/m",
                R"({"inputs":"a","parameters":{"function_to_apply":"relu"}})",
                "expected \"softmax\", \"sigmoid\" or \"none\", found another text "
                "(parameters.function_to_apply)"},
          Wrong{"/models/m",
                R"({"inputs":"a","parameters":[]})",
                "expected an object, found an array (parameters)"},
      }) {
    expect_refusal(wrong);
  }
}

TEST(Refusals, OfOpenInference) {
  static constexpr const char* kPath = "/v2/models/intents/infer";
  for (const Wrong& wrong : {
           Wrong{kPath, R"({"inputs":[]})", "expected one input, found 0 (inputs)"},
           Wrong{kPath,
                 R"({"inputs":[{"name":"x","datatype":"FP32"}]})",
                 "expected \"BYTES\", found another type (inputs[0].datatype)"},
           Wrong{kPath,
                 infer(input("[2]", R"(["a"])")),
                 "expected 2 texts, as the shape says, found 1 (inputs[0].data)"},
           Wrong{kPath,
                 infer(input("[1,2]", R"(["a","b"])")),
                 "expected a whole number from 1 to 1, found the number 2 (inputs[0].shape[1])"},
           Wrong{kPath,
                 infer(input("[]", R"(["a"])")),
                 "expected [n] or [n, 1], found 0 dimensions (inputs[0].shape)"},
           Wrong{kPath,
                 infer(input("[-1]", R"(["a"])")),
                 "expected a whole number from 0 to 9223372036854775807, found the number -1 "
                 "(inputs[0].shape[0])"},
           Wrong{kPath,
                 infer(input("[9223372036854775807]", R"(["a"])")),
                 "expected 9223372036854775807 texts, as the shape says, found 1 (inputs[0].data)"},
           Wrong{kPath,
                 infer(input("[0]", "[]")),
                 "expected at least one text, found none (inputs[0])",
                 Failure::empty_request},
           Wrong{kPath,
                 infer(input("[2]", R"([["a","b"]])")),
                 "expected one text in each row, found 2 (inputs[0].data[0])"},
           Wrong{kPath,
                 infer(R"("shape":[1],"parameters":{"binary_data_size":5})"),
                 "expected 0, the bytes behind the JSON, found 5 "
                 "(inputs[0].parameters.binary_data_size)"},
           Wrong{kPath,
                 infer(input("[1]", R"(["a"])") + R"(,"parameters":{"binary_data_size":0})"),
                 "expected \"data\" or \"binary_data_size\", found both (inputs[0])"},
           Wrong{kPath,
                 infer(input("[1]", R"(["a"])"), R"(,"outputs":[{"name":"logit"}])"),
                 "expected \"label\", \"score\", \"index\", \"logits\" or \"probabilities\", found "
                 "another name (outputs[0].name)"},
           Wrong{kPath,
                 infer(input("[1]", R"(["a"])"), R"(,"parameters":{"timeout":-1})"),
                 "expected a whole number from 0 to 9223372036854775807, found the number -1 "
                 "(parameters.timeout)"},
       }) {
    expect_refusal(wrong);
  }
}

// A million sizes cost no more than their parsing, and no message repeats them.
TEST(Refusals, OfShapesWithManyDimensions) {
  std::string shape = "[1";
  for (int i = 1; i < 1'000'000; ++i) {
    shape += ",1";
  }
  expect_refusal({"/v2/models/intents/infer",
                  infer(input(shape + "]", R"(["a"])")),
                  "expected [n] or [n, 1], found 1000000 dimensions (inputs[0].shape)"});
}

TEST(Refusals, OfOthers) {
  static constexpr const char* kAzure = "/language/:analyze-conversations";
  for (const Wrong& wrong : {
           Wrong{
               "/classify", R"({"input":[1,2]})", "expected a text, found the number 1 (input[0])"},
           Wrong{"/classify",
                 R"({"input":[]})",
                 "expected at least one text, found none (input)",
                 Failure::empty_request},
           Wrong{"/vertex",
                 R"({"instances":[7]})",
                 "expected a text or an object, found the number 7 (instances[0])"},
           Wrong{"/vertex",
                 R"({"instances":[{"a":"b"}]})",
                 "expected a member \"text\", found none (instances[0])"},
           Wrong{"/invocations",
                 R"({"dataframe_split":{"columns":["a","b"],"data":[["x","y"]]}})",
                 "expected one column, or one with the name \"text\", found 2 columns "
                 "(dataframe_split.columns)"},
           Wrong{"/invocations",
                 R"({"dataframe_split":{"columns":["a"],"data":[[]]}})",
                 "expected 1 values, one for each column, found 0 (dataframe_split.data[0])"},
           Wrong{"/invocations",
                 "a,b\n",
                 "expected one column, found a comma; put the text in quotes (CSV)",
                 Failure::invalid_request,
                 {{"Content-Type", "text/csv"}}},
           Wrong{"/invocations",
                 "\"a\n",
                 "expected the quote that ends a field, found the end of the body (CSV)",
                 Failure::invalid_request,
                 {{"Content-Type", "text/csv"}}},
           Wrong{"/invocations",
                 "\"a\"b\n",
                 "expected one column, found text behind a quoted field (CSV)",
                 Failure::invalid_request,
                 {{"Content-Type", "text/csv"}}},
           Wrong{"/invocations",
                 "",
                 "expected at least one text, found none (body)",
                 Failure::empty_request,
                 {{"Content-Type", "text/plain"}}},
           Wrong{"/model/parse", R"({"text":["a"]})", "expected a text, found an array (text)"},
           Wrong{kAzure, R"({"kind":"X"})", "expected \"Conversation\", found another kind (kind)"},
           Wrong{kAzure,
                 R"({"kind":"Conversation","analysisInput":{"conversationItem":"a"}})",
                 "expected an object, found a text (analysisInput.conversationItem)"},
       }) {
    expect_refusal(wrong);
  }
}

TEST(Refusals, DoNotRepeatTexts) {
  const std::string secret(5'000, 's');
  for (const std::string& body : {"{\"" + secret + "\":1,\"" + secret + "\":2}",
                                  "{\"text\":[\"" + secret + "\"]}",
                                  "{\"text\":\"" + secret}) {
    try {
      read_call(post_request("/v1/predict", body));
      ADD_FAILURE() << "read";
    } catch (const RequestError& error) {
      EXPECT_LE(std::string(error.what()).size(), 300);
    }
  }
}

TEST(Refusals, OfBrokenJson) {
  for (const std::string body :
       {"", "{", "\"", "{\"text\":\"a\"}}", "{'text':'a'}", R"({"text":"\ud800"})"}) {
    try {
      read_call(post_request("/v1/predict", body));
      ADD_FAILURE() << "read " << body;
    } catch (const RequestError& error) {
      EXPECT_EQ(error.failure(), Failure::invalid_request);
      EXPECT_TRUE(std::string_view(error.what())
                      .starts_with("read the request: expected valid JSON, found"))
          << error.what();
    }
  }
}

TEST(Refusals, OfDeepJson) {
  const std::string deep(200'000, '[');
  EXPECT_THROW(read_call(post_request("/v1/predict", R"({"texts":)" + deep)), RequestError);
}

std::string failure_of(const char* path, Failure failure) {
  const HttpResponse response = find_route("POST", path).dialect->write_failure(failure, "m \"x\"");
  return std::to_string(response.status) + " " + response.body;
}

TEST(Failures, HaveTheBodyOfTheDialect) {
  EXPECT_EQ(failure_of("/v1/predict", Failure::overloaded),
            R"(429 {"error":{"code":"queue_full","message":"m \"x\""}})");
  EXPECT_EQ(failure_of("/predict", Failure::invalid_request),
            R"(422 {"error":"m \"x\"","error_type":"Validation"})");
  EXPECT_EQ(failure_of("/predict", Failure::invalid_text),
            R"(422 {"error":"m \"x\"","error_type":"Tokenizer"})");
  EXPECT_EQ(failure_of("/predict", Failure::empty_request),
            R"(400 {"error":"m \"x\"","error_type":"Empty"})");
  EXPECT_EQ(failure_of("/predict", Failure::overloaded),
            R"(429 {"error":"m \"x\"","error_type":"Overloaded"})");
  EXPECT_EQ(failure_of("/models/m", Failure::not_ready), R"(503 {"error":"m \"x\""})");
  EXPECT_EQ(failure_of("/v2/models/m/infer", Failure::unknown_model), R"(404 {"error":"m \"x\""})");
  EXPECT_EQ(failure_of("/invocations", Failure::too_large), R"(413 {"error":"m \"x\""})");
  EXPECT_EQ(failure_of("/vertex", Failure::deadline_exceeded), R"(504 {"error":"m \"x\""})");
  EXPECT_EQ(
      failure_of("/classify", Failure::invalid_request),
      R"(400 {"error":{"message":"m \"x\"","type":"BadRequestError","param":null,"code":400}})");
  EXPECT_EQ(failure_of("/model/parse", Failure::unauthorized),
            R"(401 {"version":"0.1.0","status":"failure","message":"m \"x\"",)"
            R"("reason":"NotAuthenticated","details":{},"help":null,"code":401})");
  EXPECT_EQ(failure_of("/language/:analyze-conversations", Failure::wrong_method),
            R"(405 {"error":{"code":"InvalidRequest","message":"m \"x\""}})");
}

// Every dialect answers every failure with an error's status and JSON.
TEST(Failures, AreJsonInEveryDialect) {
  for (const auto& dialect : dialects()) {
    for (int i = 0; i <= static_cast<int>(Failure::internal); ++i) {
      const HttpResponse response = dialect->write_failure(static_cast<Failure>(i), "m\xff");
      EXPECT_GE(response.status, 400);
      EXPECT_TRUE(nlohmann::json::accept(response.body)) << response.body;
    }
  }
}

TEST(Failures, OfUnknownModels) {
  for (const char* path :
       {"/v2/models/other", "/v2/models/intents/versions/7", "/v1/models/other"}) {
    try {
      show("GET", path);
      ADD_FAILURE() << path;
    } catch (const RequestError& error) {
      EXPECT_EQ(error.failure(), Failure::unknown_model) << path;
    }
  }
}

}  // namespace
}  // namespace fastintent::serve
