// An error from outside this program: network, kernel, disk, a peer's bytes, a user's file.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace meshcheck {

// A sentence for a person, built from the inside out:
// Error("not a number").within("agents[3].name") reads "agents[3].name: not a number".
class Error {
 public:
  explicit Error(std::string message) : message_(std::move(message)) {}

  const std::string& message() const { return message_; }

  [[nodiscard]] Error within(std::string_view context) const {
    return Error(std::string(context) + ": " + message_);
  }

  // The text of an errno value with what was being done: "open /x: Permission denied".
  static Error from_errno(std::string_view action, int error_number);

 private:
  std::string message_;
};

}  // namespace meshcheck
