// meshcheck-smoke-mini: the small application that synthetic probes query.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "lib/base/log_sink.h"
#include "lib/uv/signal.h"
#include "lib/uv/timer.h"
#include "smoke-mini/app.h"

namespace meshcheck::smoke_mini {
namespace {

constexpr std::chrono::seconds kDrainPatience{5};

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int run(Config config) {
  uv::Loop loop;
  LogSink sink({.descriptor = 2, .format = config.log.format()});
  config.log = config.log.through(sink);
  uv::Timer flushing(loop, [&sink] { sink.flush(); });
  flushing.start_repeating(LogSink::kFlushPeriod);
  auto app = App::listen(loop, config);
  if (!app) {
    config.log.error("cannot listen", {{"why", app.error().within("-endpoint").message()}});
    sink.flush();
    return 1;
  }
  uv::Timer grace(loop, [&] { (*app)->drain(kDrainPatience, [&loop] { loop.stop(); }); });
  bool ending = false;
  const auto end = [&] {
    // Who asks twice does not want to wait.
    grace.start(ending ? std::chrono::milliseconds(0) : config.grace);
    if (!std::exchange(ending, true)) config.log.info("stopping");
    (*app)->announce_end();
  };
  const uv::Signal terminate(loop, SIGTERM, end);
  const uv::Signal interrupt(loop, SIGINT, end);
  config.log.info("listening", {{"endpoint", (*app)->local().text()}});
  loop.run();
  sink.flush();
  // Not through destructors, which would wait for a disk or a resolver that does not answer.
  std::quick_exit(0);
}

}  // namespace
}  // namespace meshcheck::smoke_mini

int main(int argc, char** argv) {
  using namespace meshcheck::smoke_mini;
  // A limit of files' sizes is an error of /disk, and not the end.
  std::signal(SIGXFSZ, SIG_IGN);
  Environment known{.pod_name = environment("POD_NAME"),
                    .pod_namespace = environment("POD_NAMESPACE")};
  if (known.pod_name.empty()) known.pod_name = environment("HOSTNAME");
  const auto configured = configure({argv + (argc > 0 ? 1 : 0), argv + argc}, known);
  if (const auto* exit = std::get_if<Exit>(&configured)) {
    std::fputs(exit->text.c_str(), exit->code == 0 ? stdout : stderr);
    return exit->code;
  }
  return run(std::get<Config>(configured));
}
