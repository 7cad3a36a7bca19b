// For tests: a Kubernetes API on loopback that keeps objects and sends exactly what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/time.h"
#include "lib/http/message.h"
#include "lib/kube/config.h"
#include "lib/uv/tcp_listener.h"

namespace meshcheck::kube {

// Serves `objects` one by one and as lists of `page_size`, writes them on request, and keeps
// watches open, whose events the test sends. A test plays the controllers: in `on_create`, or by
// changing `objects`. An answer in `next_answers` goes out first, to any request.
class FakeApi {
 public:
  using json = nlohmann::json;

  explicit FakeApi(uv::Loop& loop, const std::string& endpoint = "127.0.0.1:0") {
    auto listening =
        uv::TcpListener::listen(loop, *Endpoint::parse(endpoint), {},
                                [this](uv::TcpStream stream) { accept(std::move(stream)); });
    EXPECT_TRUE(listening);
    listener_.emplace(*std::move(listening));
  }

  Endpoint endpoint() const { return listener_->local(); }
  std::string url() const { return "http://" + endpoint().text(); }
  Config config() const {
    Config config;
    config.server = url();
    return config;
  }

  static std::string answer(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) +
           " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  static std::string object(const std::string& name, const std::string& version) {
    return R"({"metadata":{"namespace":"net","name":")" + name + R"(","uid":"uid-)" + name +
           R"(","resourceVersion":")" + version + "\"}}";
  }
  static std::string event(const std::string& type, const std::string& json) {
    return R"({"type":")" + type + R"(","object":)" + json + "}\n";
  }

  // The object's path is that of its list and its name.
  void put(const std::string& list, const std::string& text) {
    json object = json::parse(text);
    const std::string name = object["metadata"]["name"];
    objects[list + "/" + name] = std::move(object);
  }
  // Requests that begin with `request` ("POST /api/v1/namespaces") are answered with `status`.
  void fail(const std::string& request, int status) { failures[request] = status; }
  std::size_t count(const std::string& request) const {
    return static_cast<std::size_t>(
        std::count_if(requests.begin(), requests.end(),
                      [&](const std::string& one) { return one.starts_with(request); }));
  }

  // Sends to the last watch whose target has `part` in it.
  void tell_to(const std::string& part, const std::string& bytes) {
    for (auto watcher = watchers_.rbegin(); watcher != watchers_.rend(); ++watcher) {
      if (watcher->first.find(part) == std::string::npos) continue;
      watcher_ = watcher->second;
      return tell(bytes);
    }
    ADD_FAILURE() << "nobody watches " << part;
  }
  // Sends to the last watch that was opened.
  void tell(const std::string& bytes) {
    std::array<char, 20> size{};
    snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    watcher_->write(size.data() + bytes + "\r\n");
  }
  void end_watch() {
    watcher_->write("0\r\n\r\n");
    watcher_ = nullptr;
  }
  // Cuts all connections, as the end of the API's process does.
  void cut_all() {
    watcher_ = nullptr;
    watchers_.clear();
    for (Client& client : clients_) client.stream.reset();
  }
  bool watched(const std::string& part) const {
    return std::any_of(watchers_.begin(), watchers_.end(), [&](const auto& watcher) {
      return watcher.first.find(part) != std::string::npos;
    });
  }
  bool watched() const { return watcher_ != nullptr; }

  std::map<std::string, json> objects;  // By path.
  bool selects = true;  // By labels, of the form "a=b,c". False: a list has all objects.
  std::size_t page_size = 500;
  std::string version = "100";          // Of lists; written objects have versions of their own.
  std::list<std::string> next_answers;  // Whole ones; "" is none at all.
  std::map<std::string, int> failures;  // Of fail().
  bool silent = false;                  // Reads and does not answer.
  std::set<std::string> lingering;      // Paths whose objects only get a deletionTimestamp.
  // Called after an object was created.
  std::function<void(const std::string& path, json& object)> on_create = [](const std::string&,
                                                                            json&) {};
  // Called after an object is gone.
  std::function<void(const std::string& path)> on_remove = [](const std::string&) {};

  std::vector<std::string> requests;  // "GET /version", without a query.
  std::vector<std::string> targets;   // With it.
  std::vector<std::string> texts;     // From the method to the body's end.

 private:
  struct Client {
    std::optional<uv::TcpStream> stream;
    std::string received;
  };
  struct Asked {
    std::string method;
    http::Request request;  // Its path, query and body.
    bool merges = false;    // A patch of RFC 7386; else server-side apply.
  };

  void accept(uv::TcpStream accepted) {
    Client& client = clients_.emplace_back();
    client.stream.emplace(std::move(accepted));
    client.stream->start({.on_data =
                              [this, &client](std::string_view bytes) {
                                client.received += bytes;
                                while (take_request(client)) continue;
                              },
                          .on_end = [](const std::optional<Error>&) {},
                          .on_drained = {}});
  }

  bool take_request(Client& client) {
    const auto head_end = client.received.find("\r\n\r\n");
    if (head_end == std::string::npos) return false;
    std::size_t size = head_end + 4;
    const auto length = client.received.find("Content-Length: ");
    if (length < head_end) size += std::stoul(client.received.substr(length + 16));
    if (client.received.size() < size) return false;
    texts.push_back(client.received.substr(0, size));
    client.received.erase(0, size);
    const std::string& text = texts.back();
    Asked asked;
    asked.method = text.substr(0, text.find(' '));
    const auto begin = asked.method.size() + 1;
    const std::string target = text.substr(begin, text.find(' ', begin) - begin);
    asked.request.path = target.substr(0, target.find('?'));
    if (target.find('?') != std::string::npos) {
      asked.request.query = target.substr(target.find('?') + 1);
    }
    asked.request.body = text.substr(head_end + 4);
    asked.merges = text.find("merge-patch+json\r\n") < head_end;
    targets.push_back(target);
    requests.push_back(asked.method + " " + asked.request.path);
    respond(*client.stream, asked);
    return true;
  }

  void respond(uv::TcpStream& stream, const Asked& asked) {
    if (silent) return;
    if (!next_answers.empty()) {
      stream.write(next_answers.front());
      next_answers.pop_front();
    } else if (asked.request.query_value("watch") == "true") {
      stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      watcher_ = &stream;
      watchers_.emplace_back(targets.back(), &stream);
    } else {
      stream.write(answer_of(asked));
    }
  }

  static std::string status(int code) {
    return answer(code, R"({"kind":"Status","message":"as the test wants"})");
  }

  std::string answer_of(const Asked& asked) {
    for (const auto& [begin, code] : failures) {
      if (requests.back().starts_with(begin)) return status(code);
    }
    const std::string& path = asked.request.path;
    if (path == "/version") return answer(200, R"({"gitVersion":"v1.30.0"})");
    if (asked.method == "POST") return create(asked);
    if (asked.method == "PUT") return replace(asked);
    if (asked.method == "PATCH") return patch(asked);
    if (asked.method == "DELETE") return remove(path);
    return objects.contains(path) ? answer(200, objects[path].dump()) : read_list(asked.request);
  }
  json& keep(const std::string& path, json object) {
    object["metadata"]["resourceVersion"] = std::to_string(++writes_);
    return objects[path] = std::move(object);
  }
  std::string create(const Asked& asked) {
    json object = json::parse(asked.request.body, nullptr, false);
    EXPECT_FALSE(object.is_discarded()) << asked.request.body;
    const std::string path =
        asked.request.path + "/" + object["metadata"]["name"].get<std::string>();
    if (objects.contains(path)) return status(409);
    object["metadata"]["uid"] = "uid-" + path;
    object["metadata"]["creationTimestamp"] = format_rfc3339(WallClock::now());
    json& kept = keep(path, std::move(object));
    on_create(path, kept);
    return answer(201, kept.dump());
  }
  // An object that was written since it was read is not overwritten.
  std::string replace(const Asked& asked) {
    const std::string& path = asked.request.path;
    if (!objects.contains(path)) return status(404);
    json object = json::parse(asked.request.body);
    const json& known = objects[path]["metadata"];
    if (object["metadata"].value("resourceVersion", "") != known.value("resourceVersion", "")) {
      return status(409);
    }
    return answer(200, keep(path, std::move(object)).dump());
  }
  // An applied object may be new.
  std::string patch(const Asked& asked) {
    std::string path = asked.request.path;
    if (path.ends_with("/status")) path.resize(path.rfind('/'));
    const bool is_new = !objects.contains(path);
    if (is_new && asked.merges) return status(404);
    json object = is_new ? json::object() : objects[path];
    object.merge_patch(json::parse(asked.request.body));
    return answer(is_new ? 201 : 200, keep(path, std::move(object)).dump());
  }
  std::string remove(const std::string& path) {
    if (!objects.contains(path)) return status(404);
    if (lingering.contains(path)) {
      objects[path]["metadata"]["deletionTimestamp"] = format_rfc3339(WallClock::now());
    } else {
      objects.erase(path);
      on_remove(path);
    }
    return answer(200, "{}");
  }
  // A request with a limit is for a collection.
  std::string read_list(const http::Request& request) const {
    if (request.query_value("limit").empty()) return status(404);
    const std::string token = request.query_value("continue");
    std::size_t skip = token.empty() ? 0 : std::stoul(token);
    const std::size_t end = skip + page_size;
    json list = {{"metadata", {{"resourceVersion", version}}}, {"items", json::array()}};
    for (const auto& [path, object] : objects) {
      if (path.substr(0, path.rfind('/')) != request.path ||
          !matches(object, request.query_value("labelSelector"))) {
        continue;
      }
      if (skip > 0) {
        --skip;
      } else if (list["items"].size() < page_size) {
        list["items"].push_back(object);
      } else {
        list["metadata"]["continue"] = std::to_string(end);
      }
    }
    return answer(200, list.dump());
  }
  bool matches(const json& object, std::string selector) const {
    while (selects && !selector.empty()) {
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

  std::optional<uv::TcpListener> listener_;
  std::list<Client> clients_;
  uv::TcpStream* watcher_ = nullptr;
  std::vector<std::pair<std::string, uv::TcpStream*>> watchers_;  // With their targets.
  std::size_t writes_ = 0;
};

}  // namespace meshcheck::kube
