#include "probe/http_round.h"

#include <cassert>
#include <utility>

namespace meshcheck::probe {
namespace {

constexpr int kRedirectsMax = 10;

std::int64_t whole_milliseconds(std::chrono::microseconds time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

mesh::HttpProbe to_http_probe(std::string url, const http::Outcome& outcome) {
  mesh::HttpProbe probe;
  probe.url = std::move(url);
  probe.total_ms = whole_milliseconds(outcome.phases.total);
  if (!outcome.connected) return probe;
  probe.connection_result = 1;
  probe.http_code = outcome.status;
  probe.content_transfer_ms = whole_milliseconds(outcome.phases.content_transfer);
  probe.tcp_connection_ms = whole_milliseconds(outcome.phases.tcp_connect);
  probe.dns_lookup_ms = whole_milliseconds(outcome.phases.dns);
  probe.connect_ms = whole_milliseconds(outcome.phases.connect);
  probe.server_processing_ms = whole_milliseconds(outcome.phases.server_processing);
  return probe;
}

HttpRound::HttpRound(http::Client& client, std::span<const std::string> urls,
                     const Options& options, OnDone on_done)
    : state_(std::make_unique<State>()) {
  assert(!urls.empty());
  State* const state = state_.get();
  state->results.resize(urls.size());
  state->missing = urls.size();
  state->on_done = std::move(on_done);
  for (std::size_t i = 0; i < urls.size(); ++i) {
    http::ClientRequest request;
    request.url = urls[i];
    request.timeout = options.timeout;
    request.ca_file = options.ca_file;
    request.redirects_max = kRedirectsMax;
    request.body_max = kHttpProbeBodyMax;
    request.discard_body = true;
    if (options.prepare) options.prepare(request);
    state->calls.push_back(
        client.start(std::move(request), [state, i, url = urls[i]](const http::Outcome& outcome) {
          state->results[i] = to_http_probe(url, outcome);
          if (--state->missing > 0) return;
          // The callback may destroy the round, and with it `state`.
          const OnDone done = std::move(state->on_done);
          done(std::move(state->results));
        }));
  }
}

}  // namespace meshcheck::probe
