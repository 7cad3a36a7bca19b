// HTTP probes of several URLs at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lib/http/client.h"
#include "mesh/report/http_probe.h"

namespace meshcheck::probe {

// A page larger than this counts as answered, and the rest of it is not read.
inline constexpr std::size_t kHttpProbeBodyMax = std::size_t{8} << 20U;

// One GET of every URL, side by side, each over a connection of its own. Redirects are followed as
// Go does. Destroying the round cancels it, also inside its own callback.
class HttpRound {
 public:
  struct Options {
    std::chrono::milliseconds timeout{10'000};
    std::string ca_file;  // Authorities that https trusts; empty for the system's.
    // Called for each request before it starts, may change it; may be empty.
    std::function<void(http::ClientRequest&)> prepare;
  };
  using OnDone = std::function<void(std::vector<mesh::HttpProbe>)>;

  // `on_done` is called once and later, after the timeout at the latest, with the results in the
  // order of `urls`, which must not be empty.
  HttpRound(http::Client& client, std::span<const std::string> urls, const Options& options,
            OnDone on_done);

 private:
  // Pinned, since the calls point to it while the round itself may move.
  struct State {
    std::vector<mesh::HttpProbe> results;
    std::vector<http::Call> calls;
    std::size_t missing = 0;
    OnDone on_done;
  };
  std::unique_ptr<State> state_;
};

// As netchecker counts: without a connection every time but the total is 0.
mesh::HttpProbe to_http_probe(std::string url, const http::Outcome& outcome);

}  // namespace meshcheck::probe
