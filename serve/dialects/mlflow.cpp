#include <fmt/format.h>

#include "answer_json.h"
#include "dialects.h"

namespace fastintent::serve {
namespace {

constexpr const char* kTextColumn = "text";

// The best answer for each row, as MLflow's own servers of text classifiers answer.
HttpResponse write_answer(const CallAnswer& answer) {
  JsonWriter out = answer_writer();
  out.begin_object();
  out.key("predictions");
  out.begin_array();
  for (const IntentPrediction& prediction : answer.predictions) {
    out.begin_object();
    out.member("label", prediction.intent);
    out.member("score", prediction.confidence);
    out.end_object();
  }
  out.end_array();
  out.end_object();
  return json_response(out);
}

// The place of the texts: the column "text", or the only one.
size_t find_text_column(const RequestValue& columns) {
  const std::vector<std::string> names = columns.texts();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == kTextColumn) {
      return i;
    }
  }
  if (names.size() != 1) {
    columns.refuse("one column, or one with the name \"text\"",
                   fmt::format("{} columns", names.size()));
  }
  return 0;
}

std::vector<std::string> read_split(const RequestValue& frame) {
  const RequestValue columns = frame.at("columns");
  const size_t column = find_text_column(columns);
  const size_t width = columns.size();
  std::vector<std::string> texts;
  const RequestValue data = frame.at("data");
  for (size_t i = 0; i < data.size(); ++i) {
    const RequestValue row = data.item(i);
    if (row.size() != width) {
      row.refuse(fmt::format("{} values, one for each column", width), std::to_string(row.size()));
    }
    texts.push_back(row.item(column).text());
  }
  return texts;
}

std::vector<std::string> read_records(const RequestValue& records) {
  std::vector<std::string> texts;
  texts.reserve(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    texts.push_back(records.item(i).at(kTextColumn).text());
  }
  return texts;
}

}  // namespace

PredictionCall read_data_frame(const RequestValue& body) {
  PredictionCall call;
  if (const auto frame = body.find("dataframe_split")) {
    call.texts = read_split(*frame);
    refuse_empty(call.texts, "dataframe_split.data");
  } else {
    call.texts = read_records(body.at("dataframe_records"));
    refuse_empty(call.texts, "dataframe_records");
  }
  call.write = write_answer;
  return call;
}

}  // namespace fastintent::serve
