#include "mesh/stamp/timestamp.h"

#include <cassert>
#include <cmath>

namespace meshcheck::stamp {
namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;
// From 1900 to 1970: 70 years with 17 leap days.
constexpr std::int64_t kNtpToUnixSeconds = 2'208'988'800;
constexpr std::int64_t kNtpEraSeconds = std::int64_t{1} << 32;
constexpr std::uint8_t kScaleMax = 63;

}  // namespace

Timestamp Timestamp::from(WallTime time, TimestampFormat format) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::int64_t seconds = whole.time_since_epoch().count();
  const auto nanoseconds = static_cast<std::uint64_t>((time - whole).count());
  if (format == TimestampFormat::kPtp) {
    return {static_cast<std::uint64_t>(seconds) << 32 | nanoseconds};
  }
  const std::uint64_t fraction = (nanoseconds << 32) / kNanosecondsPerSecond;
  return {static_cast<std::uint64_t>(seconds + kNtpToUnixSeconds) << 32 | fraction};
}

WallTime Timestamp::time(TimestampFormat format) const {
  auto seconds = static_cast<std::int64_t>(bits >> 32);
  const auto low = static_cast<std::uint32_t>(bits);
  if (format == TimestampFormat::kPtp) {
    return WallTime(std::chrono::seconds(seconds) + std::chrono::nanoseconds(low));
  }
  // from() cuts the fraction, by less than half a nanosecond.
  const std::uint64_t nanoseconds =
      (std::uint64_t{low} * kNanosecondsPerSecond + (std::uint64_t{1} << 31)) >> 32;
  if (seconds < kNtpEraSeconds / 2) seconds += kNtpEraSeconds;
  return WallTime(std::chrono::seconds(seconds - kNtpToUnixSeconds) +
                  std::chrono::nanoseconds(nanoseconds));
}

ErrorEstimate ErrorEstimate::parse(std::uint16_t bits) {
  return {.synchronized = (bits & 0x8000U) != 0,
          .format = (bits & 0x4000U) != 0 ? TimestampFormat::kPtp : TimestampFormat::kNtp,
          .scale = static_cast<std::uint8_t>(bits >> 8 & kScaleMax),
          .multiplier = static_cast<std::uint8_t>(bits)};
}

std::uint16_t ErrorEstimate::bits() const {
  assert(scale <= kScaleMax);
  return static_cast<std::uint16_t>((synchronized ? 0x8000U : 0U) |
                                    (format == TimestampFormat::kPtp ? 0x4000U : 0U) |
                                    unsigned{scale} << 8 | multiplier);
}

ErrorEstimate ErrorEstimate::of(std::chrono::nanoseconds error, bool synchronized) {
  assert(error.count() >= 0);
  ErrorEstimate estimate{.synchronized = synchronized, .scale = 0, .multiplier = 1};
  while (estimate.error() < error) {
    if (estimate.multiplier < 255) {
      ++estimate.multiplier;
    } else {
      estimate.multiplier = 128;  // 255 * 2^n < 128 * 2^(n + 1): nothing smaller is skipped.
      ++estimate.scale;
    }
  }
  return estimate;
}

std::chrono::nanoseconds ErrorEstimate::error() const {
  const double nanoseconds = std::ceil(
      std::ldexp(static_cast<double>(multiplier * kNanosecondsPerSecond), int{scale} - 32));
  constexpr auto kLongest = std::chrono::nanoseconds::max();
  if (nanoseconds >= static_cast<double>(kLongest.count())) return kLongest;
  return std::chrono::nanoseconds(static_cast<std::int64_t>(nanoseconds));
}

}  // namespace meshcheck::stamp
