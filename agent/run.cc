#include "agent/run.h"

#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "agent/agent.h"
#include "agent/checker.h"
#include "lib/base/log_sink.h"
#include "lib/http/url.h"
#include "lib/uv/timer.h"

namespace meshcheck::agent {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// An agent runs on every node: it takes as little as it can.
void save_memory() {
  mallopt(M_ARENA_MAX, 1);
  // One look-up at a time needs one thread; set before the pool's first use.
  setenv("UV_THREADPOOL_SIZE", "1", /*overwrite=*/0);
}

// Only for a name of the cluster, and only if the Service was there before the pod.
std::optional<IpAddress> service_address(const ServerOptions& server) {
  const std::string variable = service_variable(http::host_of_endpoint(server.endpoint));
  if (variable.empty()) return std::nullopt;
  const auto address = IpAddress::parse(environment(variable.c_str()));
  return address ? std::optional(*address) : std::nullopt;
}

int check(uv::Loop& loop, const Config& config) {
  Checker checker(loop, config);
  const bool good = checker.run();
  std::puts(checker.last().c_str());
  std::fflush(stdout);
  return good ? 0 : 1;
}

}  // namespace

void run(const Program& program, int argc, const char* const* argv) {
  save_memory();
  const Invocation invocation{.arguments = {argv + (argc > 0 ? 1 : 0), argv + argc},
                              .pod_name = environment("MY_POD_NAME"),
                              .node_name = environment("MY_NODE_NAME"),
                              .pod_addresses = environment("MY_POD_IPS"),
                              .pod_uid = environment("MY_POD_UID")};
  auto configured = configure(program, invocation);
  if (const auto* exit = std::get_if<Exit>(&configured)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    std::exit(exit->code);
  }
  uv::Loop loop;
  int exit_code = 0;
  auto& config = std::get<Config>(configured);
  config.server.service_address = service_address(config.server);
  LogSink sink({.descriptor = 2, .format = config.log.format()});
  config.log = config.log.through(sink);
  uv::Timer flushing(loop, [&sink] { sink.flush(); });
  flushing.start_repeating(LogSink::kFlushPeriod);
  if (config.check_patience) {
    exit_code = check(loop, config);
  } else {
    Agent agent(loop, std::move(config));
    exit_code = agent.run();
  }
  sink.flush();
  // Not through ~Loop, which would wait for a getaddrinfo that is stuck in its thread.
  std::quick_exit(exit_code);
}

}  // namespace meshcheck::agent
