#include "arrow_texts.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <limits>
#include <optional>

#include "base/expect_error.h"
#include "python/hand_made_array.h"

namespace fastintent::python {
namespace {

using Read = std::vector<std::optional<std::string>>;  // none: null

Read read(const ArrowSchema& schema, const ArrowArray& array) {
  std::vector<std::string_view> views;
  ArrowTexts(schema, "text").append(array, views);
  Read all;
  for (const std::string_view view : views) {
    all.push_back(view.data() == nullptr ? std::nullopt : std::optional(std::string(view)));
  }
  return all;
}

void expect_refused(const ArrowSchema& schema, const ArrowArray& array, const std::string& part) {
  expect_error(ErrorCode::invalid_data, part, [&] { read(schema, array); });
}

const Read kFour = {"a", std::nullopt, "card", ""};

// As four_texts(), in views of 16 bytes: short ones have their characters inside.
HandMadeArray four_views(int32_t length = 14, int32_t buffer = 1, int32_t offset = 2) {
  HandMadeArray made;
  made.array.length = 4;
  made.array.null_count = -1;  // not counted
  made.add(std::vector<uint8_t>{0b1101});
  std::vector<int32_t> views(16);
  views[0] = 1;
  std::memcpy(&views[1], "a", 1);
  views[4] = -7;  // of the null: not read
  views[8] = length;
  views[10] = buffer;
  views[11] = offset;
  made.add(views);
  made.add("unused");
  made.add("..where is it now");
  made.add(std::vector<int64_t>{6, 17});
  return made;
}

HandMadeArray indices(const std::vector<int8_t>& values, HandMadeArray& dictionary) {
  HandMadeArray made;
  made.array.length = static_cast<int64_t>(values.size());
  made.add_none();
  made.add(values);
  made.array.dictionary = &dictionary.array;
  return made;
}

TEST(ArrowTexts, ReadsStringsWithOffsetsOf32And64Bits) {
  EXPECT_EQ(read(HandMadeSchema("u").schema, four_texts().array), kFour);
  EXPECT_EQ(read(HandMadeSchema("U").schema, four_texts<int64_t>().array), kFour);
}

TEST(ArrowTexts, ReadsViewsInsideAndBesideTheirBuffer) {
  EXPECT_EQ(read(HandMadeSchema("vu").schema, four_views().array),
            Read({"a", std::nullopt, "where is it no", ""}));
}

TEST(ArrowTexts, ReadsASlice) {
  HandMadeArray made = four_texts();
  made.array.offset = 1;
  made.array.length = 2;
  EXPECT_EQ(read(HandMadeSchema("u").schema, made.array), Read({std::nullopt, "card"}));
  made.array.length = 0;
  EXPECT_EQ(read(HandMadeSchema("u").schema, made.array), Read());
}

TEST(ArrowTexts, ReadsNullsWithoutBuffers) {
  HandMadeArray made;
  made.array.length = 2;
  made.array.null_count = 2;
  EXPECT_EQ(read(HandMadeSchema("n").schema, made.array), Read({std::nullopt, std::nullopt}));
}

TEST(ArrowTexts, CountsTheNullsThatAnArrayStates) {
  const ArrowTexts nulls(HandMadeSchema("n").schema, "text");
  const ArrowTexts texts(HandMadeSchema("u").schema, "text");
  HandMadeArray made;
  made.array.length = 3;
  EXPECT_EQ(nulls.stated_nulls(made.array), 3);
  EXPECT_EQ(texts.stated_nulls(made.array), 0);
  made.array.null_count = 2;
  EXPECT_EQ(texts.stated_nulls(made.array), 2);
  made.array.null_count = -1;
  EXPECT_EQ(texts.stated_nulls(made.array), 0);
}

TEST(ReadArray, RefusesMoreNullsThanAnswersBeforeReadingThem) {
  HandMadeArray made;
  made.array.length = 10'000'000'000;  // views of these would need 160 GB
  made.array.null_count = made.array.length;
  expect_error(ErrorCode::invalid_argument, "found 10000000000", [&] {
    read_array(HandMadeSchema("n").schema, ArrowOwned<ArrowArray>(made.array), "text");
  });
}

TEST(ArrowTexts, ReadsAnEmptyArrayWithoutBuffers) {
  HandMadeArray made;
  made.add_none();
  made.add_none();
  made.add_none();
  for (const char* format : {"u", "U", "vu"}) {
    EXPECT_EQ(read(HandMadeSchema(format).schema, made.array), Read());
  }
}

TEST(ArrowTexts, EmptyTextsNeedNoCharacters) {
  HandMadeArray made;
  made.array.length = 2;
  made.add_none();
  made.add(std::vector<int32_t>{0, 0, 0});
  made.add_none();
  EXPECT_EQ(read(HandMadeSchema("u").schema, made.array), Read({"", ""}));
}

TEST(ArrowTexts, ReadsADictionaryWhoseValuesMayBeNull) {
  HandMadeArray dictionary = four_texts();
  HandMadeSchema values("u");
  HandMadeSchema schema("c");
  schema.schema.dictionary = &values.schema;
  EXPECT_EQ(read(schema.schema, indices({2, 0, 1, 2}, dictionary).array),
            Read({"card", "a", std::nullopt, "card"}));
  for (const int8_t wrong : {int8_t{4}, int8_t{-1}}) {
    expect_refused(schema.schema, indices({0, wrong}, dictionary).array, "dictionary of 4");
  }
}

TEST(ArrowTexts, ReadsAColumnOfABatchAtTheOffsetOfBoth) {
  HandMadeArray column = four_texts();
  column.array.offset = 1;
  column.array.length = 3;
  HandMadeArray other;
  other.array.length = 3;
  HandMadeArray batch;
  batch.array.offset = 1;
  batch.array.length = 2;
  batch.array.null_count = 1;
  batch.add(std::vector<uint8_t>{0b010});
  batch.add_child(other);
  batch.add_child(column);
  HandMadeSchema other_schema("n", "id");
  HandMadeSchema column_schema("u");
  HandMadeSchema schema("+s", nullptr);
  schema.add_child(other_schema);
  schema.add_child(column_schema);
  EXPECT_EQ(read(schema.schema, batch.array), Read({"card", std::nullopt}));

  batch.array.length = 3;
  expect_refused(schema.schema, batch.array, "expected a column of 4 rows, found 3");
  batch.array.length = 2;
  batch.array.n_children = 1;
  expect_refused(schema.schema, batch.array, "expected 2 columns, found 1");
  batch.array.n_children = 2;
  batch.children[1] = nullptr;
  expect_refused(schema.schema, batch.array, "found none (column \"text\")");
  batch.array.children = nullptr;
  expect_refused(schema.schema, batch.array, "found none (column \"text\")");
}

TEST(ArrowTexts, NamesTheColumnsWhereTheOneOfTheTextsIsMissing) {
  HandMadeSchema id("l", "id");
  HandMadeSchema text("u");
  HandMadeSchema schema("+s", nullptr);
  schema.add_child(id);
  expect_error(ErrorCode::invalid_argument, "found \"id\"; name the column", [&] {
    ArrowTexts(schema.schema, "text");
  });
  schema.add_child(text);
  schema.add_child(text);
  expect_error(
      ErrorCode::invalid_argument, "found two", [&] { ArrowTexts(schema.schema, "text"); });
  schema.schema.children[1] = nullptr;
  expect_error(ErrorCode::invalid_data, "column 1", [&] { ArrowTexts(schema.schema, "text"); });
  schema.schema.n_children = -1;
  expect_error(ErrorCode::invalid_data, "found -1", [&] { ArrowTexts(schema.schema, "text"); });
}

TEST(ArrowTexts, RefusesOtherTypes) {
  for (const char* format : {"l", "z", "vz", "+l", "", "u8"}) {
    expect_error(ErrorCode::invalid_argument, "cast to string first", [&] {
      ArrowTexts(HandMadeSchema(format).schema, "text");
    });
  }
  HandMadeSchema numbers("l");
  HandMadeSchema schema("i");
  schema.schema.dictionary = &numbers.schema;
  expect_error(
      ErrorCode::invalid_argument, "format \"l\"", [&] { ArrowTexts(schema.schema, "text"); });
  HandMadeSchema released("u");
  released.schema.release = nullptr;
  expect_error(
      ErrorCode::invalid_data, "a released one", [&] { ArrowTexts(released.schema, "text"); });
  expect_error(ErrorCode::invalid_data, "found none", [] {
    ArrowTexts(HandMadeSchema(nullptr).schema, "text");
  });
}

TEST(ArrowTexts, RefusesImpossibleNumbers) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const HandMadeSchema utf8("u");
  const auto expect_refused_after = [&](auto change, const std::string& part) {
    HandMadeArray made = four_texts();
    change(made.array);
    expect_refused(utf8.schema, made.array, part);
  };
  expect_refused_after([](ArrowArray& array) { array.length = -1; }, "length of 0 or more");
  expect_refused_after([](ArrowArray& array) { array.offset = -1; }, "offset of 0 or more");
  expect_refused_after([](ArrowArray& array) { array.length = kMost; }, "that have addresses");
  expect_refused_after([](ArrowArray& array) { array.offset = kMost; }, "that have addresses");
  expect_refused_after([](ArrowArray& array) { array.null_count = -2; }, "null_count");
  expect_refused_after([](ArrowArray& array) { array.n_buffers = 2; }, "expected 3 buffers");
  expect_refused_after([](ArrowArray& array) { array.buffers = nullptr; }, "found none");
  expect_refused_after([](ArrowArray& array) { array.release = nullptr; }, "a released one");
  for (const int buffer : {0, 1, 2}) {
    expect_refused_after([&](ArrowArray& array) { array.buffers[buffer] = nullptr; }, "found none");
  }
}

TEST(ArrowTexts, RefusesOffsetsThatDoNotRise) {
  const HandMadeSchema utf8("u");
  for (const std::vector<int32_t>& offsets :
       std::vector<std::vector<int32_t>>{{0, 2, 1}, {-1, 0, 1}, {0, 9, 5}, {0, 1, -1}, {3, 2, 3}}) {
    HandMadeArray made;
    made.array.length = 2;
    made.add_none();
    made.add(offsets);
    made.add("acard");
    expect_refused(utf8.schema, made.array, "offsets that rise");
  }
}

TEST(ArrowTexts, RefusesViewsOutsideTheirBuffers) {
  const HandMadeSchema views("vu");
  expect_refused(views.schema, four_views(-1).array, "view of 0 or more bytes");
  expect_refused(views.schema, four_views(16).array, "inside a buffer of 17 bytes");
  expect_refused(views.schema, four_views(14, 1, -1).array, "inside a buffer of 17 bytes");
  expect_refused(views.schema,
                 four_views(14, 1, std::numeric_limits<int32_t>::max()).array,
                 "inside a buffer of 17 bytes");
  expect_refused(views.schema, four_views(14, 2).array, "one of 2 buffers");
  expect_refused(views.schema, four_views(14, -1).array, "one of 2 buffers");
  HandMadeArray impossible = four_views();
  for (const int64_t size : {std::numeric_limits<int64_t>::min(), int64_t{-1}, int64_t{15}}) {
    std::memcpy(impossible.blocks.back().get() + sizeof(size), &size, sizeof(size));
    expect_refused(views.schema, impossible.array, "inside a buffer of");
  }
  HandMadeArray made = four_views();
  made.array.buffers[3] = nullptr;
  expect_refused(views.schema, made.array, "buffer of characters");
  made.array.buffers[4] = nullptr;
  expect_refused(views.schema, made.array, "sizes");
}

TEST(ArrowTexts, RefusesADictionaryThatIsMissing) {
  HandMadeArray dictionary = four_texts();
  HandMadeSchema values("u");
  HandMadeSchema schema("c");
  schema.schema.dictionary = &values.schema;
  HandMadeArray made = indices({0}, dictionary);
  made.array.dictionary = nullptr;
  expect_refused(schema.schema, made.array, "a dictionary");
}

// A stream of so many arrays of four texts, which then ends or fails.
struct Stream {
  int arrays = 2;
  int result = 0;
  int released = 0;         // arrays
  int stream_released = 0;  // must become 1
  std::list<HandMadeArray> made = {};

  ArrowOwned<ArrowArrayStream> open() {
    ArrowArrayStream stream{};
    stream.get_schema = [](ArrowArrayStream* /*of*/, ArrowSchema* out) {
      *out = HandMadeSchema("u").schema;
      return 0;
    };
    stream.get_next = [](ArrowArrayStream* of, ArrowArray* out) {
      auto& self = *static_cast<Stream*>(of->private_data);
      if (self.arrays-- == 0) {
        out->release = nullptr;
        return self.result;
      }
      *out = self.made.emplace_back(four_texts()).array;
      out->private_data = &self;
      out->release = [](ArrowArray* array) {
        ++static_cast<Stream*>(array->private_data)->released;
        array->release = nullptr;
      };
      return 0;
    };
    stream.get_last_error = [](ArrowArrayStream* /*of*/) { return "the disk is gone"; };
    stream.release = [](ArrowArrayStream* of) {
      ++static_cast<Stream*>(of->private_data)->stream_released;
      of->release = nullptr;
    };
    stream.private_data = this;
    return ArrowOwned<ArrowArrayStream>(stream);
  }
};

TEST(ReadStream, KeepsItsArraysUntilTheTextsAreGone) {
  Stream stream;
  {
    const ArrowInput input = read_stream(stream.open(), "text", [] { return false; });
    EXPECT_EQ(input.texts.size(), 8U);
    EXPECT_EQ(input.texts[6], "card");
    EXPECT_EQ(stream.stream_released, 1);
    EXPECT_EQ(stream.released, 0);
  }
  EXPECT_EQ(stream.released, 2);
}

TEST(ReadStream, AFailureReleasesEverythingOnce) {
  Stream stream{.result = EIO};
  expect_error(ErrorCode::io_error, "the disk is gone", [&] {
    read_stream(stream.open(), "text", [] { return false; });
  });
  EXPECT_EQ(stream.stream_released, 1);
  EXPECT_EQ(stream.released, 2);
}

TEST(ReadStream, StopsAfterAnArray) {
  Stream stream;
  expect_error(ErrorCode::interrupted, "after reading 4 texts", [&] {
    read_stream(stream.open(), "text", [] { return true; });
  });
  EXPECT_EQ(stream.stream_released, 1);
  EXPECT_EQ(stream.released, 1);
}

TEST(ReadStream, RefusesOneThatIsReleased) {
  expect_error(ErrorCode::invalid_data, "a released one", [] {
    read_stream({}, "text", [] { return false; });
  });
}

TEST(ReadArray, AMalformedArrayIsReleasedOnce) {
  static int released = 0;
  released = 0;
  HandMadeArray made = four_texts();
  made.array.length = -1;
  made.array.release = [](ArrowArray* array) {
    ++released;
    array->release = nullptr;
  };
  expect_error(ErrorCode::invalid_data, "length", [&] {
    read_array(HandMadeSchema("u").schema, ArrowOwned<ArrowArray>(made.array), "text");
  });
  EXPECT_EQ(released, 1);
}

}  // namespace
}  // namespace fastintent::python
