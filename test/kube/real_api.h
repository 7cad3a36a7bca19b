// For tests: a real kube-apiserver with its etcd, from the binaries that MESHCHECK_KUBE_ASSETS
// names.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/kube/client.h"
#include "lib/testing/loop.h"
#include "lib/testing/temporary_directory.h"
#include "lib/uv/tcp_listener.h"

namespace meshcheck::kube {

// Of one of its answers.
// The text behind `"key":"`.
inline std::string field(const std::string& json, const std::string& key) {
  const std::string pattern = "\"" + key + "\":\"";
  const auto begin = json.find(pattern);
  if (begin == std::string::npos) return "";
  const auto first = begin + pattern.size();
  return json.substr(first, json.find('"', first) - first);
}

class RealApi {
 public:
  // Why the binaries are missing, or nothing.
  static std::optional<std::string> missing() {
    const char* const assets = std::getenv("MESHCHECK_KUBE_ASSETS");
    if (assets == nullptr) return "MESHCHECK_KUBE_ASSETS is not set";
    const std::string api = std::string(assets) + "/kube-apiserver";
    if (!std::filesystem::exists(api)) return "there is no " + api;
    if (std::system(("PATH=$PATH:" + std::string(assets) +
                     " command -v etcd curl openssl "
                     ">/dev/null")
                        .c_str()) != 0) {
      return "etcd, curl or openssl is missing";
    }
    return std::nullopt;
  }

  RealApi() {
    std::string numbers = std::to_string(getpid());
    for (const int port : free_ports()) numbers += " " + std::to_string(port);
    run("start", numbers);
    etcd_port_ = free_ports_[1];
    ConfigOptions options;
    options.kubeconfig = directory_.path() + "/kubeconfig";
    auto config = find_config(options);
    EXPECT_TRUE(config) << config.error().message();
    if (config) admin_ = *std::move(config);
    client_.emplace(loop_, http_, admin_);
  }
  ~RealApi() { run("stop"); }
  RealApi(const RealApi&) = delete;
  RealApi& operator=(const RealApi&) = delete;

  void stop_api() { run("stop-api"); }
  void start_api() { run("start-api"); }
  // Starts "controllers" or "scheduler", which do not run at first. The kubeconfig is the
  // administrator's.
  void start_part(const std::string& name) { run("start-" + name); }
  void stop_part(const std::string& name) { run("stop-" + name); }

  const Config& admin() const { return admin_; }
  Config with_token(const std::string& token) const {
    Config config;
    config.server = admin_.server;
    config.ca_data = admin_.ca_data;
    config.token = token;
    return config;
  }

  // Asks as the administrator, on a loop of its own: watches on other loops do not advance
  // meanwhile.
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& body = "") {
    std::optional<Answer> answer;
    catch_up(loop_);
    Question question;
    question.method = method;
    question.target = target;
    question.body = body;
    question.operation = {method, "", target, ""};
    const auto call = client_->ask(question, [&](Answer got) { answer = std::move(got); });
    EXPECT_TRUE(uv::run_until(
        loop_, [&] { return answer.has_value(); }, std::chrono::seconds(20)));
    if (!answer) return "";
    EXPECT_FALSE(answer->failure) << answer->failure->sentence;
    return answer->body;
  }
  // Updates the cached time of a loop that did not run meanwhile.
  static void catch_up(uv::Loop& loop) {
    uv::run_until(
        loop, [] { return false; }, std::chrono::milliseconds(0));
  }
  // Makes etcd forget all versions but the present one.
  void compact() {
    const std::string revision = "$(curl -s " + etcd("range") + " -d '{\"key\":\"AA==\"}' | " +
                                 "sed 's/.*\"revision\":\"\\([0-9]*\\)\".*/\\1/')";
    const std::string command = "curl -sf -o /dev/null " + etcd("compaction") +
                                " -d '{\"physical\":true,\"revision\":\"'\"" + revision + "\"'\"}'";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

 private:
  std::array<int, 3> free_ports() {
    std::array<std::optional<uv::TcpListener>, 3> listeners;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      auto listener =
          uv::TcpListener::listen(loop_, *Endpoint::parse("127.0.0.1:0"), {}, [](uv::TcpStream) {});
      EXPECT_TRUE(listener);
      listeners[i].emplace(*std::move(listener));
      free_ports_[i] = listeners[i]->local().port;
    }
    for (auto& listener : listeners) listener.reset();
    while (loop_.run_once()) continue;
    return free_ports_;
  }
  std::string etcd(const std::string& verb) const {
    return "http://127.0.0.1:" + std::to_string(etcd_port_) + "/v3/kv/" + verb;
  }
  void run(const std::string& verb, const std::string& numbers = "") {
    const std::string command =
        std::string(MESHCHECK_CONTROL_PLANE) + " " + verb + " " + directory_.path() + " " + numbers;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
  }

  TemporaryDirectory directory_;
  uv::Loop loop_;
  std::array<int, 3> free_ports_{};
  int etcd_port_ = 0;
  Config admin_;
  http::Client http_{loop_, {.connections_max = 4}};
  std::optional<Client> client_;
};

}  // namespace meshcheck::kube
