#include <array>
#include <string>

#include "answer_json.h"
#include "base/utf8.h"
#include "dialects.h"

namespace fastintent::serve {
namespace {

enum class LineFormat { text, csv };

[[noreturn]] void refuse_csv(const std::string& message) {
  throw RequestError(Failure::invalid_request, message);
}

// Moves one quoted field from the front of `rest`, which begins with its quote.
std::string take_quoted(std::string_view& rest) {
  std::string field;
  for (rest.remove_prefix(1);; rest.remove_prefix(1)) {
    if (rest.empty()) {
      refuse_csv("expected the quote that ends a field, found the end of the body (CSV)");
    }
    if (rest.front() == '"') {
      rest.remove_prefix(1);
      if (!rest.starts_with('"')) {
        return field;
      }
    }
    field += rest.front();
  }
}

std::string take_line(std::string_view& rest) {
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(line.size());
  return std::string(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
}

// Moves the line end from the front of `rest`, which has one unless it is empty.
void take_line_end(std::string_view& rest) {
  if (rest.starts_with('\r')) {
    rest.remove_prefix(1);
  }
  if (rest.starts_with('\n')) {
    rest.remove_prefix(1);
  } else if (!rest.empty()) {
    refuse_csv("expected one column, found text behind a quoted field (CSV)");
  }
}

std::vector<std::string> read_lines(std::string_view rest, LineFormat format) {
  std::vector<std::string> texts;
  while (!rest.empty()) {
    if (format == LineFormat::csv && rest.front() == '"') {
      texts.push_back(take_quoted(rest));
    } else {
      texts.push_back(take_line(rest));
      if (format == LineFormat::csv && texts.back().find(',') != std::string::npos) {
        refuse_csv("expected one column, found a comma; put the text in quotes (CSV)");
      }
    }
    take_line_end(rest);
  }
  return texts;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
    return std::string(text);
  }
  std::string field = "\"";
  for (const char c : text) {
    field += c == '"' ? "\"\"" : std::string(1, c);
  }
  return field + '"';
}

// A label for each line.
HttpResponse write_lines(const CallAnswer& answer, LineFormat format) {
  HttpResponse response;
  response.content_type = format == LineFormat::csv ? "text/csv" : "text/plain";
  for (const IntentPrediction& prediction : answer.predictions) {
    response.body += format == LineFormat::csv ? csv_field(prediction.intent) : prediction.intent;
    response.body += '\n';
  }
  return response;
}

PredictionCall read_line_request(const HttpRequest& request, LineFormat format) {
  refuse_content_encoding(request);
  PredictionCall call;
  call.texts = read_lines(replace_invalid_utf8(request.body), format);
  refuse_empty(call.texts, "body");
  call.write = [format](const CallAnswer& answer) { return write_lines(answer, format); };
  return call;
}

PredictionCall read_invocation(const HttpRequest& request, const PathValues& values) {
  const std::string type = media_type(request);
  PredictionCall call = type == "text/csv"     ? read_line_request(request, LineFormat::csv)
                        : type == "text/plain" ? read_line_request(request, LineFormat::text)
                                               : read_by_keys(request);
  call.model = values.empty() ? "" : values.front();
  return call;
}

class SageMaker final : public Dialect {
 public:
  std::span<const Route> routes() const override { return routes_; }

  HttpResponse write_failure(Failure failure, std::string_view message) const override {
    return plain_failure(default_status(failure), message);
  }

 private:
  const std::array<Route, 2> routes_{
      Route{.method = "POST", .path = "/invocations", .read = read_invocation},
      Route{.method = "POST", .path = "/endpoints/{model}/invocations", .read = read_invocation}};
};

}  // namespace

std::unique_ptr<Dialect> make_sagemaker() {
  return std::make_unique<SageMaker>();
}

}  // namespace fastintent::serve
