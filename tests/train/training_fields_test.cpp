#include "fastintent/training_fields.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <type_traits>

#include "base/expect_error.h"
#include "train/training_defaults.h"

namespace fastintent {
namespace {

// Another value of the same type.
template <typename T>
void change(T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    value = !value;
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(static_cast<int>(value) + 1);
  } else if constexpr (std::is_arithmetic_v<T>) {
    value += 1;
  } else {
    value = "another";
  }
}
template <typename T>
void change(std::optional<T>& value) {
  T changed = value.value_or(T());
  change(changed);
  value = changed;
}

// `number` where the member is a number.
template <typename T>
void set_number(T& value, double number) {
  if constexpr (std::is_arithmetic_v<T>) {
    value = static_cast<T>(number);
  }
}
template <typename T>
void set_number(std::optional<T>& value, double number) {
  value = static_cast<T>(number);
}

template <typename T>
std::string default_text(const TrainingField& /*field*/, const T& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "on" : "off";
  } else if constexpr (std::is_enum_v<T>) {
    return "auto";
  } else if constexpr (std::is_arithmetic_v<T>) {
    return fmt::format("{}", value);
  } else {
    return {};
  }
}
template <typename T>
std::string default_text(const TrainingField& field, const std::optional<T>& /*value*/) {
  return field.open_default;
}

std::string fingerprint_of(const TrainingOptions& options) {
  return shared_fingerprint(options, ModelConfig(), LabelledTexts(), nullptr);
}

// Calls check(field, options) for every field, with options that differ in the value of that field.
template <typename Check>
void for_each_changed(const Check& check) {
  const TrainingOptions original;
  visit_training_fields(original, [&](const TrainingField& field, const auto& /*member*/) {
    TrainingOptions changed;
    visit_training_fields(changed, [&](const TrainingField& other, auto& member) {
      if (std::string(field.name) == other.name) {
        change(member);
      }
    });
    SCOPED_TRACE(field.name);
    check(field, changed);
  });
}

TEST(TrainingFields, AreAllMembers) {
  TrainingOptions options;
  // As many names as the struct has members; a new option needs its line below.
  const auto& [m1,
               m2,
               m3,
               m4,
               m5,
               m6,
               m7,
               m8,
               m9,
               m10,
               m11,
               m12,
               m13,
               m14,
               m15,
               m16,
               m17,
               m18,
               m19,
               m20,
               m21,
               m22,
               m23,
               m24,
               m25,
               m26] = options;
  const std::set<const void*> members = {&m1,  &m2,  &m3,  &m4,  &m5,  &m6,  &m7,  &m8,  &m9,
                                         &m10, &m11, &m12, &m13, &m14, &m15, &m16, &m17, &m18,
                                         &m19, &m20, &m21, &m22, &m23, &m24, &m25, &m26};
  std::set<const void*> visited;
  std::set<std::string> names;
  visit_training_fields(options, [&](const TrainingField& field, auto& member) {
    EXPECT_TRUE(visited.insert(&member).second) << field.name;
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_STRNE(field.meaning, "") << field.name;
  });
  EXPECT_EQ(visited, members);
}

TEST(TrainingFields, DecideTheFingerprintByTheirRole) {
  const std::string original = fingerprint_of(TrainingOptions());
  for_each_changed([&](const TrainingField& field, const TrainingOptions& changed) {
    EXPECT_EQ(fingerprint_of(changed) != original, field.role == TrainingRole::weights);
  });
}

TEST(TrainingFields, DecideTheFingerprintOfARunByBaseAndThreads) {
  const auto print = [](const TrainingOptions& options) {
    return fingerprint(options, "shared", "cpu", 1);
  };
  const std::string original = print(TrainingOptions());
  for_each_changed([&](const TrainingField& field, const TrainingOptions& changed) {
    const std::string name = field.name;
    EXPECT_EQ(print(changed) != original, name == "base_model" || name == "threads");
  });
}

// A dropout without a value means the rates of the model.
TEST(TrainingFields, OpenDropoutDecidesTheFingerprintByTheModelsRates) {
  ModelConfig other;
  other.encoder.attention_dropout += 0.25F;
  EXPECT_NE(shared_fingerprint(TrainingOptions(), other, LabelledTexts(), nullptr),
            fingerprint_of(TrainingOptions()));
}

TEST(TrainingFields, AreRefusedOutOfTheirRange) {
  const auto refuse = [](const TrainingField& field, double number) {
    SCOPED_TRACE(testing::Message() << field.name << " " << number);
    TrainingOptions options;
    options.output = "model";
    visit_training_fields(options, [&](const TrainingField& other, auto& member) {
      if (std::string(field.name) == other.name) {
        set_number(member, number);
      }
    });
    std::string name = field.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    expect_error(ErrorCode::invalid_argument, name + ": expected", [&] { check_options(options); });
  };
  TrainingOptions good;
  good.output = "model";
  EXPECT_NO_THROW(check_options(good));
  visit_training_fields(good, [&](const TrainingField& field, const auto& /*member*/) {
    if (!field.range) {
      return;
    }
    refuse(field, field.range->smallest - 1);
    if (!field.range->with_smallest) {
      refuse(field, field.range->smallest);
    }
    if (std::isfinite(field.range->largest)) {
      refuse(field, field.range->largest + 1);
      if (!field.range->with_largest) {
        refuse(field, field.range->largest);
      }
    }
  });
}

// | `name` | default, and more of it | meaning, and more of it |
TEST(TrainingFields, AreTheTableOfTheDocument) {
  std::ifstream page("docs/training.md");
  ASSERT_TRUE(page.is_open());
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("| `")) {
      rows.emplace(line.substr(3, line.find('`', 3) - 3), line);
    }
  }
  const TrainingOptions defaults;
  visit_training_fields(defaults, [&](const TrainingField& field, const auto& value) {
    const bool is_elsewhere =
        field.role == TrainingRole::files || field.role == TrainingRole::placement;
    if (is_elsewhere) {
      return;
    }
    const std::string start = fmt::format("| `{}` | {}", field.name, default_text(field, value));
    const std::string& row = rows[field.name];
    EXPECT_TRUE(row.starts_with(start)) << "expected " << start << "\nfound " << row;
    EXPECT_NE(row.find(fmt::format(" | {}", field.meaning)), std::string::npos)
        << "expected " << field.meaning << "\nfound " << row;
  });
}

}  // namespace
}  // namespace fastintent
