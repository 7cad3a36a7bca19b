// meshctl ping.
#include <charconv>

#include "meshctl/command.h"
#include "meshctl/ping_document.h"

namespace meshcheck::meshctl {
namespace {

constexpr const char* kPath = "/api/v1/pings";

Result<std::uint32_t> number_of(const std::string& text, const char* flag) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return Error("a whole number is expected").within(flag);
  }
  return number;
}

class Ping : public Command {
 public:
  explicit Ping(CLI::App& parent)
      : Command(parent, "ping", "Let an agent probe another one now; 1 if a probe is lost") {
    add("FROM", from_, "A node, or an agent by its name").required();
    add("TO", to_, "Another one").required();
    add("--layer", layer_, "Without it the hosts', if their agents run").one_of({"pod", "host"});
    add("--family", family_, "Without it IPv4, if both have it").one_of({"ipv4", "ipv6"});
    add("--size", size_, "Bytes of the IP packets both ways, never cut into fragments; to 9216");
    add("--count", count_, "Probes, 200 ms apart; 1 to 100").show_default();
  }

  int run(Program& program) override {
    const auto body = this->body();
    if (!body) return program.fail(body.error());
    const auto session = program.session();
    if (!session) return program.fail(session.error());
    auto ping = order(**session, body->dump());
    if (!ping) return program.fail(ping.error());
    const std::string path = std::string(kPath) + '/' + std::to_string(integer_at(*ping, "id"));
    // The server says when it waits no more.
    while (text_at(*ping, "state") == "ordered") {
      rest(kPause);
      ping = (*session)->get_json(path);
      if (!ping) return program.fail(ping.error());
    }
    if (text_at(*ping, "state") != "done") {
      return program.fail(Error("agent " + text_at(*ping, "from") + " did not report in time"));
    }
    return program.show(ping_document(*ping), exit_code_of(*ping));
  }

 private:
  static Result<Json> order(Session& session, std::string body) {
    const auto answer = session.send({.method = "POST", .path = kPath, .body = std::move(body)});
    if (!answer) return answer.error();
    return parse_json(*answer);
  }

  Result<Json> body() const {
    Json body{{"from", from_}, {"to", to_}};
    if (!layer_.empty()) body["layer"] = layer_;
    if (!family_.empty()) body["family"] = family_;
    const auto count = number_of(count_, "--count");
    if (!count) return count.error();
    body["count"] = *count;
    if (size_.empty()) return body;
    const auto size = number_of(size_, "--size");
    if (!size) return size.error();
    body["size"] = *size;
    return body;
  }

  std::string from_;
  std::string to_;
  std::string layer_;
  std::string family_;
  std::string size_;
  std::string count_ = "3";
};

}  // namespace

CommandPtr make_ping(CLI::App& parent) {
  return std::make_unique<Ping>(parent);
}

}  // namespace meshcheck::meshctl
