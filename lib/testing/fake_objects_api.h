// For tests: a Kubernetes API on loopback that keeps the objects it is given.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/time.h"
#include "lib/http/server.h"
#include "lib/kube/config.h"

namespace meshcheck::checks {

// Objects are kept by their path. A test plays the controllers: in `on_create`, or by changing
// `objects`. Lists know selectors of the form "a=b,c" and answer in pages of two.
class FakeObjectsApi {
 public:
  using json = nlohmann::json;

  explicit FakeObjectsApi(uv::Loop& loop) {
    http::Server::Options options;
    options.gate = [this](const http::Request& request,
                          http::Ticket) -> std::optional<http::Admission> {
      if (silent) return std::nullopt;
      return http::Admission{.refusal = answer(request), .principal = {}};
    };
    auto server =
        http::Server::listen(loop, *Endpoint::parse("127.0.0.1:0"), router_, counters_, options);
    EXPECT_TRUE(server) << server.error().message();
    server_ = *std::move(server);
  }

  kube::Config config() const {
    kube::Config config;
    config.server = url();
    return config;
  }
  std::string url() const { return "http://" + server_->local().text(); }

  // The answer to whatever begins like that ("POST /api/v1/namespaces") is this status.
  void fail(const std::string& request, int status) { failures[request] = status; }
  std::size_t count(const std::string& request) const {
    return static_cast<std::size_t>(
        std::count_if(requests.begin(), requests.end(),
                      [&](const std::string& one) { return one.rfind(request, 0) == 0; }));
  }

  bool silent = false;  // Reads and does not answer.
  std::map<std::string, json> objects;
  std::map<std::string, int> failures;
  std::vector<std::string> requests;  // "GET /version"
  // Of what was created, after it is there.
  std::function<void(const std::string& path, json& object)> on_create = [](const std::string&,
                                                                            json&) {};
  // After it is gone.
  std::function<void(const std::string& path)> on_remove = [](const std::string&) {};
  std::set<std::string> lingering;  // Paths whose objects only get a deletionTimestamp.

 private:
  static http::Response status(int code) {
    return http::Response::json(R"({"kind":"Status","message":"as the test wants"})", code);
  }

  http::Response answer(const http::Request& request) {
    const std::string method(http::to_string(request.method));
    const std::string line = method + " " + request.path;
    requests.push_back(line);
    for (const auto& [begin, code] : failures) {
      if (line.rfind(begin, 0) == 0) return status(code);
    }
    if (request.path == "/version") return http::Response::json(R"({"gitVersion":"v1.30.0"})");
    switch (request.method) {
      case http::Method::kPost:
        return create(request);
      case http::Method::kDelete:
        return remove(request.path);
      default:
        return objects.contains(request.path) ? http::Response::json(objects[request.path].dump())
                                              : read_list(request);
    }
  }
  http::Response create(const http::Request& request) {
    json object = json::parse(request.body, nullptr, false);
    EXPECT_FALSE(object.is_discarded()) << request.body;
    const std::string path = request.path + "/" + object["metadata"]["name"].get<std::string>();
    if (objects.contains(path)) return status(409);
    object["metadata"]["uid"] = "uid-" + path;
    object["metadata"]["creationTimestamp"] = format_rfc3339(WallClock::now());
    json& kept = objects[path] = std::move(object);
    on_create(path, kept);
    return http::Response::json(kept.dump(), 201);
  }
  http::Response remove(const std::string& path) {
    if (!objects.contains(path)) return status(404);
    if (lingering.contains(path)) {
      objects[path]["metadata"]["deletionTimestamp"] = format_rfc3339(WallClock::now());
    } else {
      objects.erase(path);
      on_remove(path);
    }
    return http::Response::json("{}");
  }
  // Whatever ends like a collection is one.
  http::Response read_list(const http::Request& request) {
    if (request.query.find("limit=") == std::string::npos) return status(404);
    const std::string token = request.query_value("continue");
    std::size_t skip = token.empty() ? 0 : std::stoul(token);
    const std::size_t end = skip + 2;
    json list = {{"metadata", json::object()}, {"items", json::array()}};
    for (const auto& [path, object] : objects) {
      if (path.substr(0, path.rfind('/')) != request.path ||
          !matches(object, request.query_value("labelSelector"))) {
        continue;
      }
      if (skip > 0) {
        --skip;
      } else if (list["items"].size() < 2) {
        list["items"].push_back(object);
      } else {
        list["metadata"]["continue"] = std::to_string(end);
      }
    }
    return http::Response::json(list.dump());
  }
  static bool matches(const json& object, std::string selector) {
    while (!selector.empty()) {
      const auto end = std::min(selector.find(','), selector.size());
      const std::string term = selector.substr(0, end);
      selector.erase(0, end + 1);
      const auto equals = std::min(term.find('='), term.size());
      const json labels = object["metadata"].value("labels", json::object());
      const std::string key = term.substr(0, equals);
      if (!labels.contains(key)) return false;
      if (equals < term.size() && labels[key] != term.substr(equals + 1)) return false;
    }
    return true;
  }

  http::Router router_;
  http::Counters counters_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace meshcheck::checks
