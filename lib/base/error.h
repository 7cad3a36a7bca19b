// An error from outside this program: network, kernel, disk, a peer's bytes, a user's file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace meshcheck {

// A sentence for a person, built from the inside out:
// Error("not a number").within("agents[3].name") reads "agents[3].name: not a number". A program
// decides by kind() and error_number(), and never by the message.
class Error {
 public:
  enum class Kind : std::uint8_t {
    kOther,
    kNotFound,  // The subject of the request does not exist, and nothing has failed.
  };

  explicit Error(std::string message, Kind kind = Kind::kOther)
      : message_(std::move(message)), kind_(kind) {}

  const std::string& message() const { return message_; }
  Kind kind() const { return kind_; }
  // The errno value that from_errno() was given; 0: the error is not the kernel's.
  int error_number() const { return error_number_; }

  [[nodiscard]] Error within(std::string_view context) const {
    Error error = *this;
    error.message_.insert(0, std::string(context) + ": ");
    return error;
  }

  // The text of an errno value with what was being done: "open /x: Permission denied".
  static Error from_errno(std::string_view action, int error_number);

 private:
  std::string message_;
  Kind kind_ = Kind::kOther;
  int error_number_ = 0;
};

}  // namespace meshcheck
