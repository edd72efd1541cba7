#include "fastintent/printable.h"

#include "base/utf8.h"
#include "fastintent/error.h"

namespace fastintent {
namespace {

using std::string_literals::operator""s;

TEST(Printable, TextStaysAsItIs) {
  for (const std::string text : {"",
                                 "Where is my card?",
                                 "Größe – 你好 – \u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645",
                                 "\U0001F468\u200D\U0001F469\u200D\U0001F467 \\x1b"}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(Printable, WhatATerminalObeysIsEscaped) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("a\nb\rc\td\0e\x7F"s), "a\\nb\\rc\\td\\x00e\\x7f");
  EXPECT_EQ(printable("\u009B31m"), "\\u009b31m");             // CSI in one character
  EXPECT_EQ(printable("\u202Egpj.exe"), "\\u202egpj.exe");     // right to left
  EXPECT_EQ(printable("a\u2028b\uFEFF"), "a\\u2028b\\ufeff");  // a line without a line feed
  EXPECT_EQ(printable("\U000E0041"), "\\U000e0041");
}

TEST(Printable, BytesThatAreNotUtf8AreEscaped) {
  EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
  EXPECT_EQ(printable("\xed\xa0\x80 \xc0\x80 \xe2\x82"), "\\xed\\xa0\\x80 \\xc0\\x80 \\xe2\\x82");
}

TEST(Printable, ALongTextLosesItsMiddle) {
  EXPECT_EQ(printable("0123456789", 10), "0123456789");
  EXPECT_EQ(printable("0123456789A", 10), "012...789A");
  EXPECT_EQ(printable("ääääääääääö", 10), "äää...äääö");
  EXPECT_EQ(printable("0123456789", 3), "...");
  const std::string large(5'000'000, '\x1b');
  EXPECT_EQ(printable(large + "end", 100).size(), 100U);
  EXPECT_TRUE(printable(large + "end", 100).ends_with("end"));
}

TEST(Printable, ItsOwnResultStaysAsItIs) {
  std::mt19937 generator(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (size_t i = generator() % 300; i > 0; --i) {
      text += static_cast<char>(generator() % 256);
    }
    const size_t limit = generator() % 200;
    const std::string once = printable(text, limit);
    EXPECT_EQ(printable(once, limit), once);
    EXPECT_EQ(valid_utf8_prefix(once), once.size());
    EXPECT_LE(once.size(), kMaxUtf8Bytes * std::max<size_t>(limit, 3));
  }
}

TEST(Printable, MessagesOfErrorsArePrintable) {
  const Error error(ErrorCode::invalid_data,
                    "read: expected a label, found '\x1b]0;title\a\n" +
                        std::string(1'000'000, 'x') + "' (rows.csv:7)");
  const std::string message = error.what();
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_LE(message.size(), 2'000U);
  EXPECT_TRUE(message.starts_with("read: expected a label, found '\\x1b]0;title\\x07\\n"));
  EXPECT_TRUE(message.ends_with("' (rows.csv:7)"));
}

}  // namespace
}  // namespace fastintent
