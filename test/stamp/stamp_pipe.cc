// Sender and reflector of mesh/stamp behind a pipe, for stamp_test.py: one command a line on stdin,
// one line of answer each on stdout. Octets are hex, times nanoseconds since 1970, "-" is nothing.
//   key HEX|-                                     from now on, at both ends
//   reflect SSID_PEER RECEIVED NOW TTL PACKET     -> reply HEX | none | error TEXT
//   transmitted TIME                              -> ok           (the last reply really left)
//   send NOW SIZE REPLY_SIZE|- FOLLOW_UP          -> probe SEQUENCE HEX
//   receive RECEIVED PACKET                       -> answer KEY=VALUE... | error TEXT
//   totals                                        -> totals KEY=VALUE...
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "mesh/stamp/reflector.h"
#include "mesh/stamp/sender.h"

namespace meshcheck::stamp {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets from_hex(const std::string& text) {
  Octets octets;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    octets.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  return octets;
}

std::string to_hex(Bytes octets) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += kDigits[octet >> 4];
    text += kDigits[octet & 15];
  }
  return text;
}

WallTime time_of(std::int64_t nanoseconds) {
  return WallTime(std::chrono::nanoseconds(nanoseconds));
}
std::string text_of(WallTime time) {
  return std::to_string(time.time_since_epoch().count());
}

class Pipe {
 public:
  std::string answer(const std::string& line) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "key") return set_key(words);
    if (command == "reflect") return reflect(words);
    if (command == "transmitted") return transmitted(words);
    if (command == "send") return send(words);
    if (command == "receive") return receive(words);
    if (command == "totals") return totals();
    return "error no such command: " + command;
  }

 private:
  std::string set_key(std::istringstream& words) {
    std::string hex;
    words >> hex;
    key_.reset();
    if (hex != "-") {
      auto key = Key::from_bytes(from_hex(hex));
      if (!key) return "error " + key.error().message();
      key_.emplace(std::move(*key));
    }
    sender_.emplace(Sender::Options{.ssid = 0x4242}, key());
    return "ok";
  }

  std::string reflect(std::istringstream& words) {
    std::uint16_t port = 0;
    std::int64_t received = 0;
    std::int64_t now = 0;
    unsigned ttl = 0;
    std::string hex;
    words >> port >> received >> now >> ttl >> hex;
    const Octets packet = from_hex(hex);
    const auto reply = reflector_.reflect({.packet = packet,
                                           .peer = {.port = port},
                                           .key = key(),
                                           .received = time_of(received),
                                           .now = time_of(now),
                                           .ttl = static_cast<std::uint8_t>(ttl)},
                                          out_);
    if (!reply) return "error " + reply.error().message();
    last_reply_ = *reply;
    return reply->packet.empty() ? "none" : "reply " + to_hex(reply->packet);
  }

  std::string transmitted(std::istringstream& words) {
    std::int64_t time = 0;
    words >> time;
    reflector_.transmitted(last_reply_, time_of(time), FollowUpTelemetry::Method::kSoftware);
    return "ok";
  }

  std::string send(std::istringstream& words) {
    std::int64_t now = 0;
    Sender::Probe probe;
    std::string reply_size;
    words >> now >> probe.size >> reply_size >> probe.follow_up;
    if (reply_size != "-") probe.reply_size = static_cast<std::uint16_t>(std::stoul(reply_size));
    const auto sent = sender_->send(probe, time_of(now), out_);
    return "probe " + std::to_string(sent.sequence) + " " + to_hex(sent.packet);
  }

  std::string receive(std::istringstream& words) {
    std::int64_t received = 0;
    std::string hex;
    words >> received >> hex;
    const auto answer = sender_->receive(from_hex(hex), time_of(received));
    if (!answer) return "error " + answer.error().message();
    std::ostringstream out;
    out << "answer sequence=" << answer->sequence << " reflector=" << answer->reflector_sequence
        << " reflector_received=" << text_of(answer->reflector_received)
        << " reflector_sent=" << text_of(answer->reflector_sent)
        << " round_trip=" << answer->round_trip().count() << " ttl=" << unsigned{answer->ttl}
        << " trusted=" << answer->tlvs_trusted << " resized=" << answer->resized;
    if (answer->follow_up) {
      const auto time = answer->follow_up->timestamp.time(answer->reflector_error.format);
      out << " follow_up=" << answer->follow_up->sequence << " left=" << text_of(time);
    }
    return out.str();
  }

  std::string totals() const {
    const auto totals = sender_->totals();
    return "totals forward=" + std::to_string(totals.lost_forward) +
           " backward=" + std::to_string(totals.lost_backward);
  }

  const Key* key() const { return key_ ? &*key_ : nullptr; }

  std::optional<Key> key_;
  std::optional<Sender> sender_{std::in_place, Sender::Options{.ssid = 0x4242}, nullptr};
  Reflector reflector_{{.asymmetrical = true}};
  Reflector::Reply last_reply_;
  Octets out_ = Octets(65536);
};

}  // namespace
}  // namespace meshcheck::stamp

int main() {
  meshcheck::stamp::Pipe pipe;
  std::string line;
  while (std::getline(std::cin, line)) std::cout << pipe.answer(line) << std::endl;
  return 0;
}
