#include "meshctl/surroundings.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "lib/base/file.h"
#include "lib/base/ip_address.h"

namespace meshcheck::meshctl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLabFileMax = 4096;

// A directory, and no link to one, of this user, and nobody else may write to it: a name in /tmp
// may be anybody's.
bool is_ours(const fs::path& directory) {
  struct stat found {};
  return lstat(directory.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
         found.st_uid == geteuid() && (found.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// The holder of a lab is a process; its number is the first word of the file `lab`.
bool lives(const fs::path& lab) {
  const auto text = read_file(lab / "lab", kLabFileMax);
  if (!text) return false;
  const std::string holder = text->substr(0, text->find(' '));
  std::error_code ignored;
  return !holder.empty() && holder.find_first_not_of("0123456789") == std::string::npos &&
         fs::exists("/proc/" + holder, ignored);
}

// "127.0.0.1@8081" is the name of the file. Empty unless it is a port on loopback.
std::string url_of(const std::string& published) {
  const std::size_t at = published.find('@');
  if (at == std::string::npos) return "";
  const auto address = IpAddress::parse(published.substr(0, at));
  if (!address || !address->is_loopback()) return "";
  const bool ipv6 = address->family() == IpAddress::Family::kIpv6;
  const std::string host = ipv6 ? '[' + address->text() + ']' : address->text();
  const auto endpoint = Endpoint::parse(host + ':' + published.substr(at + 1));
  return endpoint && endpoint->port != 0 ? "http://" + endpoint->text() : "";
}

}  // namespace

std::vector<std::string> published_by_labs(const std::string& directory) {
  std::vector<std::string> urls;
  if (!is_ours(directory)) return urls;
  std::error_code failed;
  for (const fs::directory_entry& lab : fs::directory_iterator(directory, failed)) {
    const fs::path ports = lab.path() / "published";
    if (!is_ours(lab.path()) || !is_ours(ports) || !lives(lab.path())) continue;
    std::error_code none;
    for (const auto& published : fs::directory_iterator(ports, none)) {
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
