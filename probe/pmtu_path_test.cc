#include "probe/pmtu_path.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "mesh/stamp/reflector.h"

namespace meshcheck::probe {
namespace {

using namespace std::chrono_literals;
using mesh::Direction;
using Bytes = std::vector<std::uint8_t>;

constexpr IpAddress::Family kIpv4 = IpAddress::Family::kIpv4;
constexpr IpAddress::Family kIpv6 = IpAddress::Family::kIpv6;
constexpr std::size_t kFixedSize = 44;  // Of a reply in open mode, without TLVs.

const stamp::Key& secret() {
  static const stamp::Key key = *stamp::Key::from_bytes(Bytes(32, 7));
  return key;
}

// A path, a reflector, and a network between the two that drops what is too large, in no time.
class PmtuPathTest : public testing::Test {
 protected:
  void make(IpAddress::Family family, const stamp::Key* key) {
    key_ = key;
    headers_ = family == kIpv4 ? 28 : 48;
    path_.emplace(PmtuPath::Options{.mtu = &options_, .family = family, .ssid = 3}, key, now_);
    path_->set_link_mtus(1500, 1500, now_);
    path_->mtu().set_path_state(mesh::PathState::kUp, now_);
  }
  std::optional<PmtuPath::Packet> next() { return path_->next(wall_, now_, request_); }
  Bytes reflect(const PmtuPath::Packet& packet) {
    const auto reply = reflector_.reflect(
        {.packet = packet.bytes, .peer = {}, .key = key_, .received = wall_, .now = wall_}, reply_);
    EXPECT_TRUE(reply) << (reply ? "" : reply.error().message());
    Bytes bytes(reply->packet.begin(), reply->packet.end());
    if (change_reply_) change_reply_(bytes);
    return bytes;
  }
  // Forward, backward.
  std::string classes() const {
    const auto of = [this](Direction direction) {
      return std::string(text(path_->mtu().result(direction, now_).fragmentation_class));
    };
    return of(Direction::kForward) + ", " + of(Direction::kBackward);
  }
  void pass(Clock::duration time) {
    now_ += time;
    wall_ += time;
  }
  // Of IP packets; what may be fragmented passes.
  void run(Clock::duration time, std::size_t forward_max, std::size_t backward_max) {
    for (const auto end = now_ + time; now_ < end; pass(5ms)) {
      const auto packet = next();
      if (!packet) continue;
      const std::size_t size = packet->bytes.size() + headers_;
      sizes_.push_back(size);
      if (size > forward_max && packet->dont_fragment) continue;
      const Bytes reply = reflect(*packet);
      const bool of_fragments = reply.size() + headers_ > 1500;
      if (reply.size() + headers_ > backward_max && !of_fragments) continue;
      EXPECT_TRUE(path_->receive(reply, wall_, now_));
    }
  }
  std::optional<std::uint16_t> size(Direction direction) const {
    return path_->mtu().result(direction, now_).size;
  }

  mesh::PathMtu::Options options_;
  Clock::time_point now_{1000h};
  WallTime wall_{std::chrono::seconds(1'754'819'072)};
  const stamp::Key* key_ = nullptr;
  std::size_t headers_ = 0;
  std::vector<std::size_t> sizes_;  // Of the IP packets sent.
  Bytes request_ = Bytes(PmtuPath::kPacketSizeMax);
  Bytes reply_ = Bytes(PmtuPath::kPacketSizeMax);
  stamp::Reflector reflector_{{.asymmetrical = true}};
  std::function<void(Bytes&)> change_reply_;
  std::optional<PmtuPath> path_;
};

TEST_F(PmtuPathTest, FindsAnySizeToTheByteInBothFamiliesAndModes) {
  for (const IpAddress::Family family : {kIpv4, kIpv6}) {
    for (const stamp::Key* key : {&secret(), static_cast<const stamp::Key*>(nullptr)}) {
      for (std::size_t i = 0; i < 8; ++i) {
        make(family, key);
        reflector_ = stamp::Reflector({.asymmetrical = true});
        run(20s, 1397 + i, 1353 + i);
        EXPECT_EQ(size(Direction::kForward), 1397 + i);
        EXPECT_EQ(size(Direction::kBackward), 1353 + i);
      }
    }
  }
}

TEST_F(PmtuPathTest, SendsSmallPacketsForLargeReplies) {
  make(kIpv4, &secret());
  run(20s, 1500, 1400);
  std::size_t small = 0;
  for (const std::size_t size : sizes_) small += size == 112 + 16 + 4 + 12 + 20 + 28 ? 1 : 0;
  EXPECT_GT(small, 20U);
  sizes_.clear();
  make(kIpv4, nullptr);
  reflector_ = stamp::Reflector({.asymmetrical = true});
  run(20s, 1500, 1400);
  EXPECT_EQ(size(Direction::kBackward), 1400);
  EXPECT_EQ(std::count(sizes_.begin(), sizes_.end(), 44 + 16 + 4 + 12 + 28), small)
      << "unauthenticated ones too";
}

TEST_F(PmtuPathTest, KnowsNothingOfAReflectorThatChangesNoSizes) {
  for (const stamp::Key* key : {&secret(), static_cast<const stamp::Key*>(nullptr)}) {
    make(kIpv4, key);
    reflector_ = stamp::Reflector({});
    run(3min, 1500, 1500);
    EXPECT_EQ(classes(), "unknown, unknown");
    EXPECT_FALSE(size(Direction::kForward));
    run(3min, 1000, 1000);
    EXPECT_EQ(classes(), "unknown, unknown") << "whatever gets lost";
  }
}

TEST_F(PmtuPathTest, KnowsNothingOfAReflectorThatKnowsNoneOfItsTlvs) {
  for (const bool symmetrical : {true, false}) {
    make(kIpv4, nullptr);
    reflector_ = stamp::Reflector({});
    change_reply_ = [symmetrical](Bytes& reply) {
      // RFC 8972: they come back with the U flag. Before it, replies had nothing behind the fixed
      // part.
      if (!symmetrical) return reply.resize(kFixedSize);
      for (std::size_t at = kFixedSize; at + 4 <= reply.size();) {
        reply[at] |= 0x80U;
        at += 4U + (std::size_t{reply[at + 2]} << 8U | reply[at + 3]);
      }
    };
    run(3min, 1500, 1500);
    EXPECT_EQ(classes(), "unknown, unknown");
    EXPECT_FALSE(size(Direction::kForward));
    EXPECT_FALSE(size(Direction::kBackward));
    // One of ours takes its place. By now the search goes at the steady pace.
    change_reply_ = nullptr;
    reflector_ = stamp::Reflector({.asymmetrical = true});
    run(3min, 1500, 1400);
    EXPECT_EQ(classes(), "clear, reduced");
  }
}

TEST_F(PmtuPathTest, TellsThatNothingPassesToOneThatWouldAnswer) {
  make(kIpv4, &secret());
  run(3min, 400, 400);
  EXPECT_EQ(classes(), "black_hole, reduced");
  EXPECT_EQ(size(Direction::kForward), 0);
}

TEST_F(PmtuPathTest, KnowsTheProbeThatAnIcmpMessageQuotes) {
  make(kIpv4, &secret());
  std::optional<PmtuPath::Packet> packet;
  const auto is_large = [&] { return packet->dont_fragment && packet->bytes.size() > 1400; };
  for (; !packet || !is_large(); pass(25ms)) {
    packet = next();
    if (!packet || is_large()) continue;
    EXPECT_TRUE(path_->receive(reflect(*packet), wall_, now_));
  }
  const IpAddress router = *IpAddress::parse("192.0.2.1");
  const Bytes quote(packet->bytes.begin(), packet->bytes.begin() + 100);
  EXPECT_FALSE(path_->too_big(stamp::Bytes(quote).first(3), 1300, router, now_));
  EXPECT_FALSE(path_->too_big(Bytes(100, 0xee), 1300, router, now_));
  EXPECT_FALSE(path_->too_big(quote, 1500, router, now_)) << "it would have passed";
  EXPECT_TRUE(path_->too_big(quote, 1300, router, now_));
  EXPECT_EQ(path_->mtu().result(Direction::kForward, now_).too_big->mtu, 1300);
}

TEST_F(PmtuPathTest, TakesWhatADeviceDropsForItsSizeForLost) {
  make(kIpv4, &secret());
  for (const auto end = now_ + 60s; now_ < end; pass(5ms)) {
    const auto packet = next();
    if (!packet) continue;
    if (packet->bytes.size() + 28 > 1404) {
      path_->not_sent(packet->sequence, ENOBUFS, 0, now_);
    } else {
      EXPECT_TRUE(path_->receive(reflect(*packet), wall_, now_));
    }
  }
  EXPECT_EQ(size(Direction::kForward), 1404);
}

TEST_F(PmtuPathTest, TakesAKernelWithoutRoomForNoEvidence) {
  make(kIpv4, &secret());
  for (const auto end = now_ + 60s; now_ < end; pass(5ms)) {
    const auto packet = next();
    if (packet) path_->not_sent(packet->sequence, ENOBUFS, 0, now_);
  }
  EXPECT_FALSE(size(Direction::kForward));
  for (const auto end = now_ + 60s; now_ < end; pass(5ms)) {
    const auto packet = next();
    if (!packet) continue;
    if (packet->dont_fragment && packet->bytes.size() > 1300) {
      path_->not_sent(packet->sequence, EMSGSIZE, 1328, now_);
    } else {
      EXPECT_TRUE(path_->receive(reflect(*packet), wall_, now_));
    }
  }
  EXPECT_EQ(size(Direction::kForward), 1328);
}

TEST_F(PmtuPathTest, CountsOnWhereAnotherPathOfTheSessionEnded) {
  make(kIpv4, &secret());
  run(20s, 1500, 1500);
  const std::uint64_t reached = path_->next_sequence();
  path_.emplace(PmtuPath::Options{.mtu = &options_, .ssid = 3, .first_sequence = reached}, key_,
                now_);
  path_->set_link_mtus(1500, 1500, now_);
  path_->mtu().set_path_state(mesh::PathState::kUp, now_);
  run(20s, 1500, 1400);
  EXPECT_EQ(size(Direction::kForward), 1500);
  EXPECT_EQ(size(Direction::kBackward), 1400);
}

}  // namespace
}  // namespace meshcheck::probe
