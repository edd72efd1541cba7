#include "resume_answers.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "fastintent/error.h"
#include "json.h"

namespace fastintent::cli {

void AnswerCounts::add(const IntentPrediction& prediction) {
  ++texts;
  blank += prediction.error.empty() ? 0 : 1;
  truncated += prediction.truncated ? 1 : 0;
  to_review += prediction.needs_review ? 1 : 0;
}

void AnswerCounts::add_line(std::string_view after_text) {
  // Quotes inside a JSON string are escaped, so these can only be keys.
  const auto has = [&](std::string_view key) {
    return after_text.find(key) != std::string_view::npos;
  };
  ++texts;
  blank += has(R"("error":)") ? 1 : 0;
  truncated += has(R"("truncated":true)") ? 1 : 0;
  to_review += has(R"("needs_review":true)") ? 1 : 0;
}

AnswerCounts resume_answers(const std::filesystem::path& answers,
                            const std::function<bool(std::string& text)>& next) {
  std::ifstream file(answers, std::ios::binary);
  if (!file) {
    throw Error(ErrorCode::missing_input,
                fmt::format("resume: expected to read {}, found that it cannot be opened",
                            answers.string()));
  }
  AnswerCounts counts;
  uintmax_t whole = 0;  // bytes of complete lines
  std::string line;
  std::string text;
  while (std::getline(file, line) && !file.eof()) {  // at the end of the file: an incomplete line
    const bool is_there = next(text);
    const std::string start = prediction_line_start(text);
    if (!is_there || !line.starts_with(start)) {
      throw Error(
          ErrorCode::invalid_data,
          fmt::format("resume: expected the answer to {}, found another text ({}, line {}); "
                      "--force starts anew",
                      is_there ? "text " + std::to_string(counts.texts + 1) + " of the input"
                               : "a text of the input, which has no more",
                      answers.string(),
                      counts.texts + 1));
    }
    counts.add_line(std::string_view(line).substr(start.size()));
    whole += line.size() + 1;
  }
  if (file.bad()) {
    throw Error(ErrorCode::io_error,
                fmt::format("resume: expected to read {}, found that reading failed after {} lines",
                            answers.string(),
                            counts.texts));
  }
  std::error_code error;
  std::filesystem::resize_file(answers, whole, error);
  if (error) {
    throw Error(ErrorCode::io_error,
                fmt::format("resume: expected to cut {} after its last whole line, found: {}",
                            answers.string(),
                            error.message()));
  }
  return counts;
}

}  // namespace fastintent::cli
