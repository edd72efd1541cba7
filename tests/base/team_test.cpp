#include "base/team.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace fastintent {
namespace {

TEST(TeamMember, SharesItemsOutWithoutGapsOrOverlaps) {
  for (const int size : {1, 2, 3, 7}) {
    for (const int64_t items : {0, 1, 2, 6, 24, 100}) {
      int64_t next = 0;
      for (int index = 0; index < size; ++index) {
        const Share share = TeamMember(index, size).share(items);
        EXPECT_EQ(share.begin, next);
        EXPECT_GE(share.count(), items / size);
        EXPECT_LE(share.count(), items / size + 1);
        next = share.end;
      }
      EXPECT_EQ(next, items);
    }
  }
}

// The number of teams that `pauses` declines until it allows one.
int declined(TeamPauses& pauses) {
  int count = 0;
  while (pauses.decline()) {
    ++count;
  }
  return count;
}

TEST(TeamPauses, DoubleWhileTeamsGiveWayAndEndWithOneThatDoesNot) {
  TeamPauses pauses;
  EXPECT_EQ(declined(pauses), 0);
  for (const int expected : {2, 4, 8, 16, 32, 64, 128, 256, 256}) {
    pauses.ended(true);
    EXPECT_EQ(declined(pauses), expected);
  }
  pauses.ended(false);
  EXPECT_EQ(declined(pauses), 0);
  pauses.ended(true);
  EXPECT_EQ(declined(pauses), 2);
}

}  // namespace
}  // namespace fastintent
