#include "smoke-mini/app.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <nlohmann/json.hpp>
#include <utility>

namespace meshcheck::smoke_mini {
namespace {

constexpr std::size_t kConnectionsOutMax = 256;
constexpr std::size_t kConnectionsInMax = 1000;

http::Response answer_of(const std::optional<std::string>& why, Clock::duration took,
                         int failed_status = 500) {
  auto json = nlohmann::ordered_json::object();
  json["status"] = why ? "failed" : "ok";
  if (why) json["reason"] = *why;
  json["seconds"] = std::chrono::duration<double>(took).count();
  // What comes from elsewhere may be no UTF-8.
  return http::Response::json(
      json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace),
      why ? failed_status : 200);
}

bool has_task(const std::string& path) {
  constexpr std::array<std::string_view, 6> kPaths = {
      "/api", "/dns", "/disk", "/neighbor", "/neighbor-via-service", "/prometheus"};
  return std::find(kPaths.begin(), kPaths.end(), path) != kPaths.end();
}

}  // namespace

App::App(uv::Loop& loop, const Config& config)
    : loop_(loop),
      config_(config),
      http_(loop, {.connections_max = kConnectionsOutMax,
                   .user_agent = "meshcheck-smoke-mini/" MESHCHECK_VERSION}),
      disk_(loop, config.disk, "meshcheck-smoke-mini-" + config.pod_name) {
  kube::ConfigOptions options;
  options.kubeconfig = config.kubeconfig;
  if (auto found = kube::find_config(options)) {
    kube_.emplace(loop, http_, *found);
  } else {
    no_kube_ = found.error().message();
  }
}

Result<std::unique_ptr<App>> App::listen(uv::Loop& loop, const Config& config) {
  std::unique_ptr<App> app(new App(loop, config));
  http::Server::Options options;
  options.connections_max = kConnectionsInMax;
  options.parked_max = config.runs_max;
  // Runs end by their own deadline, which is earlier.
  options.gate_timeout =
      std::chrono::ceil<std::chrono::seconds>(config.timeout) + std::chrono::seconds(2);
  options.gate = [raw = app.get()](const http::Request& request, http::Ticket ticket) {
    return raw->admit(request, ticket);
  };
  auto server = http::Server::listen(loop, config.endpoint, app->router_, app->counters_, options);
  if (!server) return server.error();
  app->server_ = *std::move(server);
  return app;
}

std::optional<http::Admission> App::admit(const http::Request& request, http::Ticket ticket) {
  if (auto response = answer_at_once(request)) {
    return http::Admission{.refusal = std::move(response), .principal = {}};
  }
  begin(request.path, ticket);
  return std::nullopt;
}

std::optional<http::Response> App::answer_at_once(const http::Request& request) const {
  if (request.method != http::Method::kGet && request.method != http::Method::kHead) {
    http::Response response = http::Response::error(405, "Method Not Allowed");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const auto at_once = Clock::duration(0);
  if (request.path == "/") {
    http::Response response;
    response.body = "ok";
    return response;
  }
  if (request.path == "/error") return answer_of("this is what was asked for", at_once);
  if (request.path == "/ready") {
    return answer_of(ending_ ? std::optional<std::string>("it is about to end") : std::nullopt,
                     at_once);
  }
  if (!has_task(request.path)) return http::Response::error(404, "404 page not found");
  if (runs_.size() >= config_.runs_max) {
    return answer_of("too many are asking at once", at_once, /*failed_status=*/503);
  }
  return std::nullopt;
}

void App::begin(const std::string& path, http::Ticket ticket) {
  Run& run = runs_[ticket];
  run.path = path;
  run.began = Clock::now();
  run.deadline = std::make_unique<uv::Timer>(loop_, [this, ticket] {
    finish(ticket, "it took longer than " + std::to_string(config_.timeout.count()) + " ms");
  });
  run.deadline->start(config_.timeout);
  run.task =
      task_of(path, [this, ticket](const std::optional<std::string>& why) { finish(ticket, why); });
}

std::unique_ptr<Task> App::task_of(const std::string& path, Task::OnDone on_done) {
  if (path == "/api") return ask_api(std::move(on_done));
  if (path == "/dns") return look_up_task(loop_, config_.dns_name, std::move(on_done));
  if (path == "/disk") return disk_.try_task(std::move(on_done));
  if (path == "/prometheus") return ask_prometheus(std::move(on_done));
  if (path == "/neighbor") return ask_neighbors(config_.neighbors, std::move(on_done));
  assert(path == "/neighbor-via-service");
  std::vector<std::string> urls;
  if (!config_.service_url.empty() && config_.group_size > 1) {
    urls.assign(config_.group_size - 1, config_.service_url);
  }
  return ask_neighbors(std::move(urls), std::move(on_done));
}

std::unique_ptr<Task> App::ask_api(Task::OnDone on_done) {
  if (!kube_) return fail_task(loop_, no_kube_, std::move(on_done));
  if (config_.pod_name.empty()) {
    return fail_task(loop_, "neither POD_NAME nor HOSTNAME is set", std::move(on_done));
  }
  const std::string& name_space =
      config_.pod_namespace.empty() ? kube_->default_namespace() : config_.pod_namespace;
  return pod_task(*kube_, {name_space, config_.pod_name}, std::move(on_done));
}

std::unique_ptr<Task> App::ask_neighbors(std::vector<std::string> urls, Task::OnDone on_done) {
  if (urls.empty()) {
    return fail_task(loop_, "there is nobody to ask: -neighbors, -service", std::move(on_done));
  }
  // Whoever is silent has failed before the run is over, so that the others still count.
  return neighbors_task(http_, {.urls = std::move(urls), .timeout = config_.timeout * 3 / 4},
                        std::move(on_done));
}

std::unique_ptr<Task> App::ask_prometheus(Task::OnDone on_done) {
  if (config_.prometheus_url.empty()) {
    return fail_task(loop_, "-prometheus-url is not set", std::move(on_done));
  }
  return prometheus_task(http_,
                         {.url = config_.prometheus_url,
                          .queries = {"vector(1)"},
                          .expected = "1",
                          .ca_file = config_.prometheus_ca_file,
                          .token_file = config_.prometheus_token_file,
                          .verify = !config_.prometheus_insecure,
                          .timeout = config_.timeout},
                         std::move(on_done));
}

void App::finish(http::Ticket ticket, const std::optional<std::string>& why) {
  const auto run = runs_.extract(ticket);
  assert(!run.empty());
  note(run.mapped().path, why);
  server_->decide(ticket,
                  {.refusal = answer_of(why, Clock::now() - run.mapped().began), .principal = {}});
}

void App::note(const std::string& path, const std::optional<std::string>& why) {
  const auto known = well_.emplace(path, true).first;
  if (why && known->second) config_.log.warning("failing", {{"path", path}, {"why", *why}});
  if (!why && !known->second) config_.log.info("working again", {{"path", path}});
  known->second = !why;
}

}  // namespace meshcheck::smoke_mini
