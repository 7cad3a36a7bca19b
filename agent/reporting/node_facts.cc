#include "agent/reporting/node_facts.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <limits>

namespace meshcheck::agent {
namespace {

// The files of interest are one short line each.
constexpr std::size_t kFileSizeMax = 256;

Result<std::string> read_line(const char* path) {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return Error::from_errno(path, errno);
  std::array<char, kFileSizeMax> buffer{};
  const ssize_t count = read(descriptor, buffer.data(), buffer.size());
  const int error_number = errno;
  close(descriptor);
  if (count < 0) return Error::from_errno(path, error_number);
  const std::string_view text(buffer.data(), static_cast<std::size_t>(count));
  return std::string(text.substr(0, text.find('\n')));
}

// The number at the front, which has to end with one of `ends` or with the text.
Result<std::uint64_t> leading_number(std::string_view text, std::string_view ends) {
  std::uint64_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool complete = rest == text.data() + text.size() || ends.find(*rest) != ends.npos;
  if (error != std::errc() || !complete) return Error("not a number");
  return number;
}

std::optional<std::uint32_t> read_setting(const char* path) {
  const auto line = read_line(path);
  if (!line) return std::nullopt;
  const auto value = parse_count(*line);
  if (!value || *value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

}  // namespace

Result<std::chrono::seconds> parse_uptime(std::string_view text) {
  const auto whole = leading_number(text, ". ");
  if (!whole) return whole.error().within("/proc/uptime");
  return std::chrono::seconds(*whole);
}

Result<std::uint64_t> parse_count(std::string_view text) {
  return leading_number(text, "\n");
}

Result<std::chrono::seconds> read_uptime() {
  const auto line = read_line("/proc/uptime");
  if (!line) return line.error();
  return parse_uptime(*line);
}

std::string read_boot_id() {
  return read_line("/proc/sys/kernel/random/boot_id").value_or("");
}

std::optional<mesh::ReportConntrack> read_conntrack() {
  const auto entries = read_line("/proc/sys/net/netfilter/nf_conntrack_count");
  const auto max = read_line("/proc/sys/net/netfilter/nf_conntrack_max");
  if (!entries || !max) return std::nullopt;
  const auto entries_count = parse_count(*entries);
  const auto max_count = parse_count(*max);
  if (!entries_count || !max_count) return std::nullopt;
  return mesh::ReportConntrack{*entries_count, *max_count};
}

mesh::ReportMtuSettings read_mtu_settings() {
  return {.ip_no_pmtu_disc = read_setting("/proc/sys/net/ipv4/ip_no_pmtu_disc"),
          .tcp_mtu_probing = read_setting("/proc/sys/net/ipv4/tcp_mtu_probing")};
}

}  // namespace meshcheck::agent
