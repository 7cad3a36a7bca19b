// A DNS server of a few lines. For tests only.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/ip_address.h"
#include "lib/uv/udp_socket.h"

namespace meshcheck::probe {

inline constexpr int kTypeA = 1;
inline constexpr int kTypeAaaa = 28;

struct DnsQuestion {
  std::string name;  // "a.example", without the last dot.
  int type = 0;
  std::string_view message;  // With its header.
};

// Reads the question that c-ares wrote.
inline DnsQuestion read_question(std::string_view message) {
  DnsQuestion question{.name = {}, .type = 0, .message = message};
  std::size_t at = 12;
  while (at < message.size() && message[at] != 0) {
    const auto size = static_cast<std::size_t>(message[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += message.substr(at + 1, size);
    at += 1 + size;
  }
  question.type = static_cast<unsigned char>(message.at(at + 2));
  return question;
}

// The question with a header that answers it, and an answer for each address.
inline std::string dns_answer(const DnsQuestion& question, int rcode,
                              const std::vector<IpAddress>& addresses = {}) {
  std::string answer(question.message);
  answer[2] = static_cast<char>(0x81);          // A response, as recursion was asked for ...
  answer[3] = static_cast<char>(0x80 | rcode);  // ... and given.
  answer[7] = static_cast<char>(addresses.size());
  for (const IpAddress& address : addresses) {
    const auto bytes = address.bytes();
    answer += std::string("\xc0\x0c\x00", 3);  // The name is that of the question.
    answer += static_cast<char>(bytes.size() == 4 ? kTypeA : kTypeAaaa);
    answer += std::string("\x00\x01\x00\x00\x00\x3c\x00", 7);  // Class IN, a minute to live.
    answer += static_cast<char>(bytes.size());
    answer.append(bytes.begin(), bytes.end());
  }
  return answer;
}

// Listens on loopback; `answer` returns the bytes to send back, or nothing.
class TestDnsServer {
 public:
  using Answer = std::function<std::optional<std::string>(const DnsQuestion&)>;

  TestDnsServer(uv::Loop& loop, Answer answer) {
    auto socket = uv::UdpSocket::bind(
        loop, *Endpoint::parse("127.0.0.1:0"),
        [this, answer = std::move(answer)](std::string_view bytes, const Endpoint& sender) {
          const DnsQuestion question = read_question(bytes);
          asked.push_back(question.name + (question.type == kTypeA ? " A" : " AAAA"));
          if (const auto reply = answer(question)) {
            static_cast<void>(socket_->send(*reply, sender).has_value());
          }
        });
    if (socket) socket_.emplace(*std::move(socket));
  }

  Endpoint endpoint() const { return socket_->local(); }

  std::vector<std::string> asked;  // "a.example A"

 private:
  std::optional<uv::UdpSocket> socket_;
};

}  // namespace meshcheck::probe
