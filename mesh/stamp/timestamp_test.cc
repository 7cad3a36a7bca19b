#include "mesh/stamp/timestamp.h"

#include <gtest/gtest.h>

namespace meshcheck::stamp {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

WallTime unix_time(std::int64_t whole, std::int64_t fraction = 0) {
  return WallTime(seconds(whole) + nanoseconds(fraction));
}

TEST(TimestampTest, IsNtpAsRfc5905HasIt) {
  // RFC 5905 figure 4: 1 Jan 1970 is second 2,208,988,800 = 0x83aa7e80 of era 0.
  EXPECT_EQ(Timestamp::from(unix_time(0), TimestampFormat::kNtp).bits, 0x83aa7e8000000000U);
  EXPECT_EQ(Timestamp::from(unix_time(0, 500'000'000), TimestampFormat::kNtp).bits,
            0x83aa7e8080000000U);
}

TEST(TimestampTest, IsPtpAsSecondsAndNanoseconds) {
  EXPECT_EQ(Timestamp::from(unix_time(0x12345678, 999'999'999), TimestampFormat::kPtp).bits,
            0x123456783b9ac9ffU);
}

TEST(TimestampTest, KeepsEveryNanosecond) {
  for (const auto format : {TimestampFormat::kNtp, TimestampFormat::kPtp}) {
    for (std::int64_t fraction = 0; fraction < 1'000'000'000; fraction += 999'983) {
      const WallTime time = unix_time(1'790'000'000, fraction);
      ASSERT_EQ(Timestamp::from(time, format).time(format), time) << fraction;
    }
    const WallTime last = unix_time(1'790'000'000, 999'999'999);
    EXPECT_EQ(Timestamp::from(last, format).time(format), last);
  }
}

TEST(TimestampTest, GoesOnAfterNtpsSecondsWrapIn2036) {
  const WallTime before = unix_time(2'085'978'495);
  EXPECT_EQ(Timestamp::from(before, TimestampFormat::kNtp).bits, 0xffffffff00000000U);
  const WallTime after = before + seconds(1);
  EXPECT_EQ(Timestamp::from(after, TimestampFormat::kNtp).bits, 0U);
  EXPECT_EQ(Timestamp{0}.time(TimestampFormat::kNtp), after);
  EXPECT_EQ(Timestamp{0xffffffff00000000U}.time(TimestampFormat::kNtp), before);
}

TEST(TimestampTest, ReadsAnythingWithoutOverflow) {
  for (const auto format : {TimestampFormat::kNtp, TimestampFormat::kPtp}) {
    for (const std::uint64_t bits : {std::uint64_t{0}, ~std::uint64_t{0}, ~std::uint64_t{0} >> 1,
                                     std::uint64_t{1} << 63, ~std::uint64_t{0} >> 32}) {
      const WallTime time = Timestamp{bits}.time(format);
      EXPECT_GT(time, unix_time(-100'000'000));
      EXPECT_LT(time, unix_time(4'300'000'000));
    }
  }
}

TEST(ErrorEstimateTest, HasTheBitsOfRfc4656) {
  // S=1, Z=1, scale=0x2a, multiplier=0x55: 1 1 101010 01010101.
  const ErrorEstimate estimate{
      .synchronized = true, .format = TimestampFormat::kPtp, .scale = 0x2a, .multiplier = 0x55};
  EXPECT_EQ(estimate.bits(), 0xea55);
  EXPECT_EQ(ErrorEstimate::parse(0xea55), estimate);
  EXPECT_EQ(ErrorEstimate{}.bits(), 0x0001);
  for (unsigned bits = 0; bits <= 0xffff; ++bits) {
    const auto value = static_cast<std::uint16_t>(bits);
    ASSERT_EQ(ErrorEstimate::parse(value).bits(), value);
  }
}

TEST(ErrorEstimateTest, IsNeverBelowTheErrorAndCloseToIt) {
  for (const std::int64_t error : {1, 1'000, 50'000, 1'000'000, 1'000'000'000}) {
    const auto estimate = ErrorEstimate::of(nanoseconds(error), true);
    EXPECT_TRUE(estimate.synchronized);
    EXPECT_GE(estimate.error().count(), error);
    EXPECT_LE(estimate.error().count(), error + error / 100 + 1);
  }
  // 2^32 * 2^-32 seconds: multiplier 128, scale 25.
  EXPECT_EQ((ErrorEstimate{.scale = 25, .multiplier = 128}.error()), seconds(1));
  EXPECT_EQ((ErrorEstimate{.scale = 63, .multiplier = 255}.error()), nanoseconds::max());
  EXPECT_EQ(ErrorEstimate::of(nanoseconds::max(), false).error(), nanoseconds::max());
}

}  // namespace
}  // namespace meshcheck::stamp
