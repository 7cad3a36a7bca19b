#include "probe/ping_run.h"

#include <algorithm>
#include <array>
#include <utility>

#include "probe/packet_headers.h"

namespace meshcheck::probe {
namespace {

constexpr std::size_t kPacketSizeMax = 9600;
// How often the socket is looked at once all probes have left.
constexpr std::chrono::milliseconds kSweep{50};

stamp::Sender::Options sender_options(const PingRun::Options& options) {
  stamp::Sender::Options sender;
  sender.ssid = options.ssid;
  sender.window = options.count;
  return sender;
}

}  // namespace

PingRun::PingRun(uv::Loop& loop, const Options& options, std::optional<stamp::Key> key,
                 std::function<void()> on_done)
    : options_(options),
      key_(std::move(key)),
      on_done_(std::move(on_done)),
      sender_(sender_options(options), key_ ? &*key_ : nullptr),
      timer_(loop, [this] { turn(); }) {
  failed_.reserve(options_.count);
  round_trips_.reserve(options_.count);
  open(loop);
  timer_.start(std::chrono::milliseconds(0));
}

PingRun::~PingRun() = default;

void PingRun::open(uv::Loop& loop) {
  Endpoint any;
  const bool is_ipv4 = options_.to.address.family() == IpAddress::Family::kIpv4;
  any.address = *IpAddress::parse(is_ipv4 ? "0.0.0.0" : "::");
  auto opened = TimestampedSocket::open(
      loop, {.local = any, .packet_size_max = kPacketSizeMax},
      {.on_received = [this](const auto& received) { on_received(received); },
       .on_transmitted =
           [this](const TimestampedSocket::Transmitted& sent) {
             sender_.transmitted(static_cast<std::uint32_t>(sent.cookie), sent.time);
           },
       .on_failure = [this](const auto& failure) { on_failure(failure); }});
  if (opened) {
    socket_.emplace(*std::move(opened));
  } else {
    error_ = opened.error().message();
  }
}

void PingRun::turn() {
  if (done_) return;
  if (!socket_) return end();
  if (round_trips_.size() < options_.count) {
    send();
    deadline_ = Clock::now() + options_.timeout;
    timer_.start(round_trips_.size() < options_.count ? options_.interval : kSweep);
    return;
  }
  // Answers that wait in the kernel are no losses, and for its errors there is no event.
  socket_->drain();
  if (missing_ == 0 || Clock::now() >= deadline_) {
    end();
  } else {
    timer_.start(kSweep);
  }
}

stamp::Sender::Probe PingRun::shape() const {
  stamp::Sender::Probe shape;
  const std::size_t payload = payload_of(options_.size, options_.to.address.family());
  if (payload == 0) return shape;
  // The reply's size is asked for, so that the reflector does not let it be cut into fragments.
  shape.size = payload;
  shape.reply_size = static_cast<std::uint16_t>(payload);
  shape.exact = true;
  shape.address_token = address_token_;
  const std::size_t least = sender_.size_min(shape);
  if (payload < least) return {};
  return shape;
}

void PingRun::send() {
  std::array<std::uint8_t, kPacketSizeMax> buffer;
  const auto sent = sender_.send(shape(), WallClock::now(), buffer);
  round_trips_.emplace_back();
  failed_.push_back(false);
  ++missing_;
  socket_->send({.bytes = sent.packet,
                 .to = options_.to,
                 .from = {},
                 .cookie = sent.sequence,
                 .fragmentation = TimestampedSocket::Fragmentation::kNever});
  socket_->flush();
}

void PingRun::on_received(const TimestampedSocket::Received& received) {
  if (received.from != options_.to || done_) return;
  const auto answer = sender_.receive(received.bytes, received.time);
  if (!answer || answer->duplicate || answer->sequence >= round_trips_.size()) return;
  if (answer->address_token) address_token_ = answer->address_token;
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(answer->round_trip());
  round_trips_[answer->sequence] =
      std::clamp(time, std::chrono::microseconds(0), mesh::kPingRoundTripMax);
  if (!failed_[answer->sequence]) --missing_;
}

void PingRun::on_failure(const TimestampedSocket::Failure& failure) {
  std::uint64_t sequence = round_trips_.size();
  if (failure.cookie) {
    sequence = *failure.cookie;
  } else if (failure.quote.size() >= stamp::kSequenceSize) {
    sequence = stamp::get<std::uint32_t>(failure.quote, 0);
  }
  if (sequence >= round_trips_.size() || failed_[sequence] || round_trips_[sequence]) return;
  failed_[sequence] = true;
  error_ = failure.text();
  if (failure.mtu != 0) error_ += ", MTU " + std::to_string(failure.mtu);
  --missing_;
}

void PingRun::end() {
  done_ = true;
  socket_.reset();
  timer_.stop();
  on_done_();
}

mesh::PingResult PingRun::result() const {
  mesh::PingResult result{.round_trips = round_trips_, .error = error_};
  const auto totals = sender_.totals();
  const auto lost = static_cast<std::uint64_t>(
      std::count(round_trips_.begin(), round_trips_.end(), std::nullopt));
  result.lost_forward = static_cast<std::uint32_t>(std::min(totals.lost_forward, lost));
  result.lost_backward =
      static_cast<std::uint32_t>(std::min(totals.lost_backward, lost - result.lost_forward));
  return result;
}

}  // namespace meshcheck::probe
