#include "lib/netlink/attributes.h"

#include <linux/netlink.h>

#include <algorithm>

namespace meshcheck::netlink {
namespace {

// Messages and attributes begin at multiples of four; the last may lack its padding.
Bytes after(Bytes bytes, std::size_t length) {
  constexpr std::size_t kAlignment = 4;
  const std::size_t aligned = (length + kAlignment - 1) / kAlignment * kAlignment;
  return bytes.subspan(std::min(aligned, bytes.size()));
}

}  // namespace

std::optional<Message> next_message(Bytes& bytes) {
  const auto header = read_as<nlmsghdr>(bytes);
  if (!header || header->nlmsg_len < sizeof *header || header->nlmsg_len > bytes.size()) {
    bytes = {};
    return std::nullopt;
  }
  const Message message = {
      .type = header->nlmsg_type,
      .flags = header->nlmsg_flags,
      .sequence = header->nlmsg_seq,
      .payload = bytes.subspan(sizeof *header, header->nlmsg_len - sizeof *header)};
  bytes = after(bytes, header->nlmsg_len);
  return message;
}

std::optional<Attribute> next_attribute(Bytes& bytes) {
  const auto header = read_as<nlattr>(bytes);
  if (!header || header->nla_len < sizeof *header || header->nla_len > bytes.size()) {
    bytes = {};
    return std::nullopt;
  }
  const Attribute attribute = {
      .type = static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
      .payload = bytes.subspan(sizeof *header, header->nla_len - sizeof *header)};
  bytes = after(bytes, header->nla_len);
  return attribute;
}

std::string Attribute::text() const {
  const auto end = std::find(payload.begin(), payload.end(), std::uint8_t{0});
  return {payload.begin(), end};
}

}  // namespace meshcheck::netlink
