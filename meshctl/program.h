// What all commands share: the flags, the output, the way to the server.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "meshctl/document.h"
#include "meshctl/place.h"
#include "meshctl/port_forward.h"
#include "meshctl/session.h"
#include "meshctl/settings.h"
#include "meshctl/style.h"

namespace meshcheck::meshctl {

// The network is fine; it is broken; meshctl could not tell.
enum ExitCode : int { kFine = 0, kBroken = 1, kUnknown = 2 };

// As given, before anything is looked at.
struct GlobalFlags {
  Settings settings;
  std::string config;  // The file.
  std::string context;
  std::string output = "table";
  std::string colour = "auto";
  std::string timeout = "10s";
  bool verbose = false;
};

class Program {
 public:
  // The value of a variable of the environment; empty if it is not there.
  using Variables = std::function<std::string(const char* name)>;
  explicit Program(Variables variables) : variables_(std::move(variables)) {}

  GlobalFlags flags;

  // After the flags were read. An error is one of usage.
  Result<void> begin();

  // The server; found, and its token read, when it is first asked for.
  Result<Session*> session();
  // For the Tab key: a server that is found without kubectl, asked once, with so much time.
  Result<Session*> quick_session(const std::string& timeout);
  // Where it is by `session()`; kubectl's end of the port if one is forwarded.
  const PortForward* port_forward() const { return forward_ ? &*forward_ : nullptr; }

  Format format() const { return format_; }
  bool for_machines() const { return format_ != Format::kTable && format_ != Format::kWide; }
  const Style& style() const { return style_; }
  std::string variable(const char* name) const { return variables_(name); }
  std::string config_path() const;
  std::string token() const { return token_; }

  // To stdout, and flushed; false when nobody reads any more.
  static bool write(std::string_view text);
  // A line on stderr.
  static void note(const std::string& text);
  // The document in the format that was asked for. Returns `code`, or kUnknown if there is no such
  // form or nobody reads.
  int show(const Document& document, int code = kFine) const;
  // Says why, on stderr; returns kUnknown.
  int fail(const Error& error) const;

 private:
  Result<Settings> settings() const;
  Result<void> connect(Session::Options options, const Place& place);

  Variables variables_;
  Format format_ = Format::kTable;
  Style style_;
  bool error_terminal_ = false;
  bool quick_ = false;
  std::chrono::milliseconds timeout_{0};
  std::string token_;
  std::optional<PortForward> forward_;
  std::unique_ptr<Session> session_;
};

}  // namespace meshcheck::meshctl
