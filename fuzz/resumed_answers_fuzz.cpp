#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "folder.h"
#include "report/training_history.h"
#include "resume_answers.h"

// Reads what an interrupted `predict` left of its answers, to the texts "a", "b", ...; and the same
// bytes as the log of an interrupted training run.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace fastintent;
  static const fuzz::Folder folder;
  const std::string_view input = fuzz::as_text(data, size);
  const auto lines = std::count(input.begin(), input.end(), '\n');
  folder.write("log", input);
  cli::TrainingHistory history;
  history.read_log(folder.path() / "log");
  fuzz::require(history.unreadable_lines() <= lines + 1);

  folder.write("answers", input);
  char next = 'a';
  fuzz::attempt([&] {
    const cli::AnswerCounts counts =
        cli::resume_answers(folder.path() / "answers", [&](std::string& text) {
          text.assign(1, next);
          return next++ <= 'z';
        });
    fuzz::require(counts.texts == lines && counts.blank <= counts.texts);
  });
  return 0;
}
