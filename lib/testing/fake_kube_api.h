// For tests: a Kubernetes API on loopback that says exactly what a test wants.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/uv/tcp_listener.h"

namespace meshcheck::kube {

// Serves `objects` as lists of `page_size` and keeps watches open, for which the test speaks. An
// answer in `next_answers` goes out first, whatever was asked; "" is none at all.
class FakeApi {
 public:
  explicit FakeApi(uv::Loop& loop, const std::string& endpoint = "127.0.0.1:0") {
    auto listening =
        uv::TcpListener::listen(loop, *Endpoint::parse(endpoint), {},
                                [this](uv::TcpStream stream) { accept(std::move(stream)); });
    EXPECT_TRUE(listening);
    listener_.emplace(*std::move(listening));
  }

  Endpoint endpoint() const { return listener_->local(); }

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

  // To the last watch whose target has `part` in it.
  void tell_to(const std::string& part, const std::string& octets) {
    for (auto watcher = watchers_.rbegin(); watcher != watchers_.rend(); ++watcher) {
      if (watcher->first.find(part) == std::string::npos) continue;
      watcher_ = watcher->second;
      return tell(octets);
    }
    ADD_FAILURE() << "nobody watches " << part;
  }
  // To the last watch that was opened.
  void tell(const std::string& octets) {
    std::array<char, 20> size{};
    snprintf(size.data(), size.size(), "%zx\r\n", octets.size());
    watcher_->write(size.data() + octets + "\r\n");
  }
  void end_watch() {
    watcher_->write("0\r\n\r\n");
    watcher_ = nullptr;
  }
  // The end of the process, as a client sees it.
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

  std::map<std::string, std::string> objects;  // Version by name.
  // Where set, the items of a list in place of `objects`.
  std::function<std::string(const std::string& target)> items_of;
  std::string version = "100";
  std::size_t page_size = 500;
  std::list<std::string> next_answers;
  std::vector<std::string> requests;  // Whole ones.
  std::vector<std::string> targets;   // What followed "GET ".

 private:
  struct Client {
    std::optional<uv::TcpStream> stream;
    std::string received;
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
    requests.push_back(client.received.substr(0, size));
    client.received.erase(0, size);
    const std::string& request = requests.back();
    const auto begin = request.find(' ') + 1;
    targets.push_back(request.substr(begin, request.find(' ', begin) - begin));
    respond(*client.stream, targets.back());
    return true;
  }

  void respond(uv::TcpStream& stream, const std::string& target) {
    if (!next_answers.empty()) {
      stream.write(next_answers.front());
      next_answers.pop_front();
    } else if (target.find("watch=true") != std::string::npos) {
      stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      watcher_ = &stream;
      watchers_.emplace_back(target, &stream);
    } else {
      stream.write(answer(200, page(target)));
    }
  }

  std::string page(const std::string& target) const {
    if (items_of) {
      return R"({"metadata":{"resourceVersion":")" + version + R"("},"items":[)" +
             items_of(target) + "]}";
    }
    const auto token = target.find("continue=");
    const std::size_t first = token == std::string::npos ? 0 : std::stoul(target.substr(token + 9));
    std::size_t skipped = first;
    std::string items;
    std::size_t listed = 0;
    for (const auto& [name, object_version] : objects) {
      if (skipped > 0) {
        --skipped;
      } else if (listed < page_size) {
        items += (listed++ == 0 ? "" : ",") + object(name, object_version);
      }
    }
    const std::size_t end = first + listed;
    return R"({"metadata":{"resourceVersion":")" + version + R"(","continue":")" +
           (end < objects.size() ? std::to_string(end) : "") + R"("},"items":[)" + items + "]}";
  }

  std::optional<uv::TcpListener> listener_;
  std::list<Client> clients_;
  uv::TcpStream* watcher_ = nullptr;
  std::vector<std::pair<std::string, uv::TcpStream*>> watchers_;  // And what they asked for.
};

}  // namespace meshcheck::kube
