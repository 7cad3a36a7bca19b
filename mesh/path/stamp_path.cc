#include "mesh/path/stamp_path.h"

#include <algorithm>

namespace meshcheck::mesh {
namespace {

using std::chrono::nanoseconds;

// A wall clock was set meanwhile if it saw more time go by than the steady one, and a little for
// the moments between looking at both.
constexpr std::chrono::milliseconds kClockSlack{5};

stamp::Sender::Options sender_options(const StampPath::Options& options) {
  stamp::Sender::Options sender;
  sender.ssid = options.ssid;
  sender.error = options.error;
  // Late answers are still known for a while.
  const auto under_way = 4 * options.path.timeout / options.path.interval;
  sender.window = static_cast<std::size_t>(std::clamp<std::int64_t>(under_way + 4, 8, 256));
  return sender;
}

}  // namespace

StampPath::StampPath(const Options& options, const stamp::Key* key, Clock::time_point now)
    : options_(options), sender_(sender_options(options), key), path_(options.path, now) {}

stamp::Sender::Sent StampPath::send(Now now, stamp::WritableBytes out) {
  path_.sent(next_++, now.steady);
  return sender_.send({.size = options_.probe_size, .reply_size = {}, .follow_up = true}, now.wall,
                      out);
}

std::uint64_t StampPath::full_sequence(std::uint32_t sequence) const {
  return next_ - (static_cast<std::uint32_t>(next_) - sequence);
}

void StampPath::transmitted(std::uint32_t sequence, WallTime time) {
  sender_.transmitted(sequence, time);
}

Result<std::optional<nanoseconds>> StampPath::receive(stamp::Bytes packet, WallTime arrived,
                                                      Clock::time_point now) {
  const auto answer = sender_.receive(packet, arrived);
  if (!answer) return answer.error();
  const std::uint64_t sequence = full_sequence(answer->sequence);
  const auto age = path_.age_of(sequence, now).value_or(Clock::duration::zero());
  const nanoseconds elapsed = answer->received - answer->sent;
  const nanoseconds at_reflector = answer->reflector_sent - answer->reflector_received;
  const bool clock_ran = elapsed >= nanoseconds::zero() && elapsed <= age + kClockSlack;
  const bool known = clock_ran && at_reflector >= nanoseconds::zero() && at_reflector <= elapsed;

  Path::Answer judged{.sequence = sequence,
                      .elapsed = clock_ran ? elapsed : age,
                      .round_trip = {},
                      .forward_delay = {},
                      .backward_delay = {}};
  if (known) {
    judged.round_trip = answer->round_trip();
    judged.forward_delay = answer->reflector_received - answer->sent;
    judged.backward_delay = answer->received - answer->reflector_sent;
  }
  path_.answered(judged, now);
  const stamp::Sender::Totals totals = sender_.totals();
  path_.set_directions(totals.lost_forward, totals.lost_backward);
  if (answer->duplicate) return std::optional<nanoseconds>();

  const auto finished = finish(*answer);
  unfinished_.reset();
  if (known) {
    unfinished_ = {.sequence = sequence,
                   .reflector_sequence = answer->reflector_sequence,
                   .round_trip = *judged.round_trip,
                   .reflector_sent = answer->reflector_sent};
  }
  return finished;
}

std::optional<nanoseconds> StampPath::finish(const stamp::Sender::Answer& answer) {
  if (!unfinished_) return std::nullopt;
  nanoseconds round_trip = unfinished_->round_trip;
  const auto& follow_up = answer.follow_up;
  if (!follow_up || follow_up->sequence != unfinished_->reflector_sequence) return round_trip;
  const nanoseconds held =
      follow_up->timestamp.time(answer.reflector_error.format) - unfinished_->reflector_sent;
  if (held < nanoseconds::zero() || held > round_trip) return round_trip;
  round_trip -= held;
  path_.correct(unfinished_->sequence, round_trip);
  return round_trip;
}

void StampPath::failed(std::uint32_t sequence, std::string_view error, Clock::time_point now) {
  path_.failed(full_sequence(sequence), error, now);
}

void StampPath::unsent(std::uint32_t sequence, std::string_view error) {
  path_.unsent(full_sequence(sequence), error);
}

void StampPath::use_key(const stamp::Key* key) {
  sender_.use_key(key);
  path_.void_pending();
}

}  // namespace meshcheck::mesh
