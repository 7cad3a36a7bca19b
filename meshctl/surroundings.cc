#include "meshctl/surroundings.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "lib/base/file.h"

namespace meshcheck::meshctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLabFileMax = 4096;

// The holder of a lab is a process; its number is the first word of the file `lab`.
bool lives(const fs::path& lab) {
  const auto text = read_file(lab / "lab", kLabFileMax);
  if (!text) return false;
  const std::string holder = text->substr(0, text->find(' '));
  std::error_code ignored;
  return !holder.empty() && fs::exists("/proc/" + holder, ignored);
}

// "127.0.0.1@8081" is the name of the file.
std::string url_of(const std::string& published) {
  const std::size_t at = published.find('@');
  if (at == std::string::npos) return "";
  const std::string address = published.substr(0, at);
  const bool ipv6 = address.find(':') != std::string::npos;
  return "http://" + (ipv6 ? '[' + address + ']' : address) + ':' + published.substr(at + 1);
}

}  // namespace

std::vector<std::string> published_by_labs(const std::string& directory) {
  std::vector<std::string> urls;
  std::error_code failed;
  for (const fs::directory_entry& lab : fs::directory_iterator(directory, failed)) {
    if (!lives(lab.path())) continue;
    std::error_code none;
    for (const auto& published : fs::directory_iterator(lab.path() / "published", none)) {
      std::string url = url_of(published.path().filename());
      if (!url.empty()) urls.push_back(std::move(url));
    }
  }
  std::sort(urls.begin(), urls.end());
  return urls;
}

Surroundings look_around(const Variables& variables) {
  Surroundings found;
  const std::string prefix = variable_prefix(kDefaultService);
  if (!variables("KUBERNETES_SERVICE_HOST").empty()) {
    found.service_host = variables((prefix + "_SERVICE_HOST").c_str());
    found.service_port = variables((prefix + "_SERVICE_PORT").c_str());
  }
  // As examples/lab/lab has it.
  std::string labs = variables("LAB_DIR");
  if (labs.empty()) {
    const std::string runtime = variables("XDG_RUNTIME_DIR");
    labs = (runtime.empty() ? "/tmp" : runtime) + "/meshcheck-lab-" + std::to_string(getuid());
  }
  found.lab_urls = published_by_labs(labs);
  std::error_code ignored;
  found.kubeconfig =
      !variables("KUBECONFIG").empty() || fs::exists(variables("HOME") + "/.kube/config", ignored);
  return found;
}

}  // namespace meshcheck::meshctl
