#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <string>

#include "answer_json.h"
#include "binary_tensor.h"
#include "dialects.h"
#include "fastintent/version.h"

namespace fastintent::serve {
namespace {

// An output that a request may name.
enum class OutputKind { label, score, index, logits, probabilities };

struct OutputType {
  const char* name;
  OutputKind kind;
  const char* datatype;
  const char* config_type;  // as model configurations write it
  bool per_intent;          // a row for each text
};

constexpr std::array<OutputType, 6> kOutputs{{
    {"label", OutputKind::label, "BYTES", "TYPE_STRING", false},
    {"score", OutputKind::score, "FP32", "TYPE_FP32", false},
    {"index", OutputKind::index, "INT64", "TYPE_INT64", false},
    {"logits", OutputKind::logits, "FP32", "TYPE_FP32", true},
    {"probabilities", OutputKind::probabilities, "FP32", "TYPE_FP32", true},
    // What KServe's server of Hugging Face models answers.
    {"output-0", OutputKind::index, "INT64", "TYPE_INT64", false},
}};
// A day; longer ones would overflow the clock.
constexpr int64_t kMaxTimeoutMicroseconds = 86'400'000'000;
constexpr size_t kDocumentedOutputs = 5;  // the last one is another name of an earlier one

struct RequestedOutput {
  OutputType type;
  bool is_binary = false;
  size_t classes = 0;  // of the classification extension; 0: the output itself
};

// How an answer is written.
struct AnswerForm {
  std::string id;  // of the request; empty where it has none
  std::vector<RequestedOutput> outputs;
};

RequestedOutput read_output(const RequestValue& output, bool binary_by_default) {
  const RequestValue name = output.at("name");
  RequestedOutput requested{.type = kOutputs.front(), .is_binary = binary_by_default};
  const auto* type = kOutputs.begin();
  while (type != kOutputs.end() && name.text() != type->name) {
    ++type;
  }
  if (type == kOutputs.end()) {
    name.refuse("\"label\", \"score\", \"index\", \"logits\" or \"probabilities\"", "another name");
  }
  requested.type = *type;
  if (const auto parameters = output.find("parameters")) {
    if (const auto is_binary = parameters->find("binary_data")) {
      requested.is_binary = is_binary->boolean();
    }
    if (const auto classes = parameters->find("classification")) {
      requested.classes = static_cast<size_t>(classes->whole_number(0, kAllIntents));
    }
  }
  return requested;
}

std::vector<RequestedOutput> read_outputs(const RequestValue& body, bool binary_by_default) {
  std::vector<RequestedOutput> requested;
  if (const auto outputs = body.find("outputs")) {
    if (outputs->size() > kOutputs.size()) {
      outputs->refuse(fmt::format("at most {} outputs", kOutputs.size()),
                      std::to_string(outputs->size()));
    }
    for (size_t i = 0; i < outputs->size(); ++i) {
      requested.push_back(read_output(outputs->item(i), binary_by_default));
    }
  }
  if (requested.empty()) {
    for (const OutputType& type : {kOutputs[0], kOutputs[1]}) {
      requested.push_back({.type = type, .is_binary = binary_by_default});
    }
  }
  return requested;
}

// The number of texts that a shape [n] or [n, 1] says.
int64_t read_shape(const RequestValue& shape) {
  if (shape.size() != 1 && shape.size() != 2) {
    shape.refuse("[n] or [n, 1]", fmt::format("{} dimensions", shape.size()));
  }
  const int64_t count = shape.item(0).whole_number(0, std::numeric_limits<int64_t>::max());
  if (shape.size() == 2) {
    shape.item(1).whole_number(1, 1);
  }
  return count;
}

// Texts of "data", flat or as rows of one.
std::vector<std::string> read_data(const RequestValue& data, int64_t count) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < data.size(); ++i) {
    const RequestValue item = data.item(i);
    if (!item.is_array()) {
      texts.push_back(item.text());
      continue;
    }
    const std::vector<std::string> row = item.texts();
    if (row.size() != 1) {
      item.refuse("one text in each row", std::to_string(row.size()));
    }
    texts.push_back(row.front());
  }
  if (static_cast<int64_t>(texts.size()) != count) {
    data.refuse(fmt::format("{} texts, as the shape says", count), std::to_string(texts.size()));
  }
  return texts;
}

std::vector<std::string> read_input(const RequestValue& input, std::string_view tensors) {
  input.at("name").text();  // any: clients name it differently
  const RequestValue datatype = input.at("datatype");
  if (datatype.text() != "BYTES") {
    datatype.refuse("\"BYTES\"", "another type");
  }
  const int64_t count = read_shape(input.at("shape"));
  const auto parameters = input.find("parameters");
  const auto size = parameters ? parameters->find("binary_data_size") : std::nullopt;
  if (!size) {
    return read_data(input.at("data"), count);
  }
  if (input.find("data")) {
    input.refuse("\"data\" or \"binary_data_size\"", "both");
  }
  const int64_t bytes = size->whole_number(0, std::numeric_limits<int64_t>::max());
  if (static_cast<size_t>(bytes) != tensors.size()) {
    size->refuse(fmt::format("{}, the bytes behind the JSON", tensors.size()),
                 std::to_string(bytes));
  }
  return read_byte_tensor(tensors, count);
}

std::vector<std::string> read_inputs(const RequestValue& body, std::string_view tensors) {
  const RequestValue inputs = body.at("inputs");
  if (inputs.size() != 1) {
    inputs.refuse("one input", std::to_string(inputs.size()));
  }
  std::vector<std::string> texts = read_input(inputs.item(0), tensors);
  refuse_empty(texts, "inputs[0]");
  return texts;
}

// Alternatives that the outputs need.
int needed_top_k(const std::vector<RequestedOutput>& outputs) {
  int top_k = 0;
  for (const RequestedOutput& output : outputs) {
    if (output.type.kind == OutputKind::probabilities || output.classes > 0) {
      top_k = kAllIntents;
    }
  }
  return top_k;
}

bool needs_logits(const std::vector<RequestedOutput>& outputs) {
  for (const RequestedOutput& output : outputs) {
    if (output.type.kind == OutputKind::logits) {
      return true;
    }
  }
  return false;
}

// The elements of one output, in the order of the texts.
struct Tensor {
  std::vector<int64_t> shape;
  const char* datatype;
  std::vector<std::string> bytes = {};  // one of the three has the elements
  std::vector<float> floats = {};
  std::vector<int64_t> integers = {};
};

// "score:index:label", as the classification extension writes it.
void add_classes(Tensor& tensor,
                 const std::vector<float>& values,
                 size_t count,
                 const ModelInfo& model) {
  for (const size_t i : ranked(values, count)) {
    tensor.bytes.push_back(fmt::format("{}:{}:{}", values[i], i, model.intents[i]));
  }
}

void add_element(Tensor& tensor,
                 const RequestedOutput& output,
                 const IntentPrediction& prediction,
                 IntentNumbers& numbers,
                 const ModelInfo& model) {
  const OutputKind kind = output.type.kind;
  if (output.classes > 0) {
    add_classes(tensor,
                kind == OutputKind::logits ? prediction.logits : numbers.probabilities(prediction),
                output.classes,
                model);
  } else if (kind == OutputKind::label) {
    tensor.bytes.push_back(prediction.intent);
  } else if (kind == OutputKind::index) {
    tensor.integers.push_back(static_cast<int64_t>(numbers.of(prediction.intent)));
  } else if (kind == OutputKind::score) {
    tensor.floats.push_back(prediction.confidence);
  } else {
    const std::vector<float> row =
        kind == OutputKind::logits ? prediction.logits : numbers.probabilities(prediction);
    tensor.floats.insert(tensor.floats.end(), row.begin(), row.end());
  }
}

Tensor make_tensor(const RequestedOutput& output,
                   const CallAnswer& answer,
                   IntentNumbers& numbers) {
  Tensor tensor{.shape = {static_cast<int64_t>(answer.predictions.size())},
                .datatype = output.classes > 0 ? "BYTES" : output.type.datatype};
  if (output.classes > 0) {
    tensor.shape.push_back(static_cast<int64_t>(std::min(output.classes, numbers.size())));
  } else if (output.type.per_intent) {
    tensor.shape.push_back(static_cast<int64_t>(numbers.size()));
  }
  for (const IntentPrediction& prediction : answer.predictions) {
    add_element(tensor, output, prediction, numbers, answer.model);
  }
  return tensor;
}

void append_tensor(std::string& tensors, const Tensor& tensor) {
  for (const std::string& element : tensor.bytes) {
    append_bytes(tensors, element);
  }
  for (const float element : tensor.floats) {
    append_number(tensors, element);
  }
  for (const int64_t element : tensor.integers) {
    append_number(tensors, element);
  }
}

void write_data(JsonWriter& out, const Tensor& tensor) {
  if (!tensor.bytes.empty()) {
    out.member("data", tensor.bytes);
  } else if (!tensor.floats.empty()) {
    out.member("data", tensor.floats);
  } else {
    out.member("data", tensor.integers);
  }
}

// Appends the elements to `tensors` where the output is binary.
void write_output(JsonWriter& out,
                  const RequestedOutput& output,
                  const Tensor& tensor,
                  std::string& tensors) {
  out.begin_object();
  out.member("name", output.type.name);
  out.member("datatype", tensor.datatype);
  out.member("shape", tensor.shape);
  if (output.is_binary) {
    const size_t before = tensors.size();
    append_tensor(tensors, tensor);
    out.key("parameters");
    out.begin_object();
    out.member("binary_data_size", tensors.size() - before);
    out.end_object();
  } else {
    write_data(out, tensor);
  }
  out.end_object();
}

HttpResponse write_answer(const CallAnswer& answer, const AnswerForm& form) {
  IntentNumbers numbers(answer.model);
  JsonWriter out = answer_writer();
  std::string tensors;
  out.begin_object();
  out.member("model_name", answer.model.name);
  out.member("model_version", answer.model.version);
  if (!form.id.empty()) {
    out.member("id", form.id);
  }
  out.key("outputs");
  out.begin_array();
  bool has_binary = false;
  for (const RequestedOutput& output : form.outputs) {
    write_output(out, output, make_tensor(output, answer, numbers), tensors);
    has_binary = has_binary || output.is_binary;
  }
  out.end_array();
  out.end_object();
  HttpResponse response = json_response(out);
  if (has_binary) {
    response.headers = {{"Inference-Header-Content-Length", std::to_string(response.body.size())}};
    response.content_type = "application/octet-stream";
    response.body += tensors;
  }
  return response;
}

// The JSON and the call that it asks for, whose model the path names.
PredictionCall read_infer(const HttpRequest& request, const PathValues& values) {
  refuse_content_encoding(request);
  const DividedBody parts = divide_body(request);
  const JsonTree tree = parse_request(parts.json);
  const RequestValue body = root_object(tree);
  PredictionCall call;
  call.model = values.front();
  call.version = values.size() > 1 ? values[1] : "";
  AnswerForm form;
  if (const auto id = body.find("id")) {
    form.id = id->text();
  }
  bool binary_by_default = false;
  if (const auto parameters = body.find("parameters")) {
    if (const auto is_binary = parameters->find("binary_data_output")) {
      binary_by_default = is_binary->boolean();
    }
    if (const auto timeout = parameters->find("timeout")) {
      const int64_t microseconds = timeout->whole_number(0, std::numeric_limits<int64_t>::max());
      if (microseconds > 0) {  // 0 is none in Triton
        call.timeout = std::chrono::microseconds(std::min(microseconds, kMaxTimeoutMicroseconds));
      }
    }
  }
  call.texts = read_inputs(body, parts.tensors);
  form.outputs = read_outputs(body, binary_by_default);
  call.top_k = needed_top_k(form.outputs);
  call.with_logits = needs_logits(form.outputs);
  call.write = [form](const CallAnswer& answer) { return write_answer(answer, form); };
  return call;
}

// The model that a path names. Throws unknown_model.
const ModelInfo& find_model(const PathValues& values, const ServerView& view) {
  for (const auto& model : view.models) {
    if (model->name == values.front() && (values.size() < 2 || model->version == values[1])) {
      return *model;
    }
  }
  throw RequestError(Failure::unknown_model, "expected the name of a served model, found another");
}

HttpResponse show_server(const HttpRequest& /*request*/,
                         const PathValues& /*values*/,
                         const ServerView& /*view*/) {
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("name", "fastintent");
  out.member("version", kVersion);
  out.member("extensions",
             std::array{"binary_tensor_data",
                        "classification",
                        "model_configuration",
                        "model_repository",
                        "statistics"});
  out.end_object();
  return json_response(out);
}

HttpResponse show_model_ready(const HttpRequest& /*request*/,
                              const PathValues& values,
                              const ServerView& view) {
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("name", find_model(values, view).name);
  out.member("ready", view.is_ready);
  out.end_object();
  return json_response(out, view.is_ready ? 200 : default_status(Failure::not_ready));
}

HttpResponse show_metadata(const HttpRequest& /*request*/,
                           const PathValues& values,
                           const ServerView& view) {
  const ModelInfo& model = find_model(values, view);
  const auto write_tensor = [](JsonWriter& out,
                               std::string_view name,
                               std::string_view datatype,
                               const std::vector<int64_t>& shape) {
    out.begin_object();
    out.member("name", name);
    out.member("datatype", datatype);
    out.member("shape", shape);
    out.end_object();
  };
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("name", model.name);
  out.member("versions", std::array{model.version});
  out.member("platform", "fastintent");
  out.key("inputs");
  out.begin_array();
  write_tensor(out, "text", "BYTES", {-1, 1});
  out.end_array();
  out.key("outputs");
  out.begin_array();
  for (size_t i = 0; i < kDocumentedOutputs; ++i) {
    std::vector<int64_t> shape{-1};
    if (kOutputs[i].per_intent) {
      shape.push_back(static_cast<int64_t>(model.intents.size()));
    }
    write_tensor(out, kOutputs[i].name, kOutputs[i].datatype, shape);
  }
  out.end_array();
  out.end_object();
  return json_response(out);
}

// An output in a model's configuration, whose shapes are without that of the batch. No size at all
// is [1] there, with a reshape to [].
void write_output_config(JsonWriter& out, const OutputType& output, size_t intents) {
  out.begin_object();
  out.member("name", output.name);
  out.member("data_type", output.config_type);
  out.member("dims", std::array{output.per_intent ? intents : size_t{1}});
  if (!output.per_intent) {
    out.key("reshape");
    out.begin_object();
    out.member("shape", std::vector<int64_t>());
    out.end_object();
  }
  out.end_object();
}

HttpResponse show_config(const HttpRequest& /*request*/,
                         const PathValues& values,
                         const ServerView& view) {
  const ModelInfo& model = find_model(values, view);
  JsonWriter out = answer_writer();
  out.begin_object();
  out.member("name", model.name);
  out.member("platform", "fastintent");
  out.member("backend", "fastintent");
  out.member("max_batch_size", view.limits.texts);
  out.key("input");
  out.begin_array();
  out.begin_object();
  out.member("name", "text");
  out.member("data_type", "TYPE_STRING");
  out.member("dims", std::array{1});
  out.end_object();
  out.end_array();
  out.key("output");
  out.begin_array();
  for (size_t i = 0; i < kDocumentedOutputs; ++i) {
    write_output_config(out, kOutputs[i], model.intents.size());
  }
  out.end_array();
  out.end_object();
  return json_response(out);
}

// Of the models with the name and version that a path has; of all where it has none.
HttpResponse show_statistics(const HttpRequest& /*request*/,
                             const PathValues& values,
                             const ServerView& view) {
  const ModelInfo* only = values.empty() ? nullptr : &find_model(values, view);
  JsonWriter out = answer_writer();
  out.begin_object();
  out.key("model_stats");
  out.begin_array();
  for (size_t i = 0; i < view.models.size(); ++i) {
    if (only != nullptr && only != view.models[i].get()) {
      continue;
    }
    out.begin_object();
    out.member("name", view.models[i]->name);
    out.member("version", view.models[i]->version);
    out.member("inference_count", view.answered_texts[i]);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return json_response(out);
}

HttpResponse show_index(const HttpRequest& /*request*/,
                        const PathValues& /*values*/,
                        const ServerView& view) {
  JsonWriter out = answer_writer();
  out.begin_array();
  for (const auto& model : view.models) {
    out.begin_object();
    out.member("name", model->name);
    out.member("version", model->version);
    out.member("state", view.is_ready ? "READY" : "LOADING");
    out.end_object();
  }
  out.end_array();
  return json_response(out);
}

class OpenInference final : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    return plain_failure(default_status(failure), message);
  }

 private:
  const std::vector<Route> routes_{
      {.method = "POST", .path = "/v2/models/{model}/infer", .read = read_infer},
      {.method = "POST", .path = "/v2/models/{model}/versions/{version}/infer", .read = read_infer},
      {.method = "GET", .path = "/v2", .show = show_server},
      {.method = "GET", .path = "/v2/models/stats", .show = show_statistics},
      {.method = "GET", .path = "/v2/models/{model}", .show = show_metadata},
      {.method = "GET", .path = "/v2/models/{model}/ready", .show = show_model_ready},
      {.method = "GET", .path = "/v2/models/{model}/config", .show = show_config},
      {.method = "GET", .path = "/v2/models/{model}/stats", .show = show_statistics},
      {.method = "GET", .path = "/v2/models/{model}/versions/{version}", .show = show_metadata},
      {.method = "GET",
       .path = "/v2/models/{model}/versions/{version}/ready",
       .show = show_model_ready},
      {.method = "GET",
       .path = "/v2/models/{model}/versions/{version}/config",
       .show = show_config},
      {.method = "GET",
       .path = "/v2/models/{model}/versions/{version}/stats",
       .show = show_statistics},
      {.method = "POST", .path = "/v2/repository/index", .show = show_index}};
};

}  // namespace

std::unique_ptr<Dialect> make_open_inference() {
  return std::make_unique<OpenInference>();
}

}  // namespace fastintent::serve
