// Shared by all commands: the flags, the output, the way to the server.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/result.h"
#include "lib/base/time.h"
#include "meshctl/document.h"
#include "meshctl/place.h"
#include "meshctl/port_forward.h"
#include "meshctl/session.h"
#include "meshctl/settings.h"
#include "meshctl/style.h"

namespace meshcheck::meshctl {

// The network is fine; it is broken; meshctl could not tell.
enum ExitCode : int { kFine = 0, kBroken = 1, kUnknown = 2 };

// As given on the command line, before any check. Empty: as the environment says.
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

  // Decides which server is asked, and reads the token, without asking anybody. An error will not
  // mend by itself. session() does it too.
  Result<void> prepare();
  // The server. The first call that succeeds connects to it.
  Result<Session*> session();
  // REQUIRES: before the first session(). What is asked is then answered by this time or given up.
  void set_deadline(Clock::time_point deadline) { deadline_ = deadline; }
  // A forwarded port that may have broken: the next session() forwards one anew. Ends the session.
  void drop_forward();
  // For the Tab key: a server that is found without kubectl, asked once, with this timeout.
  Result<Session*> quick_session(const std::string& timeout);
  // Where it is by `session()`; kubectl's end of the port if one is forwarded.
  const PortForward* port_forward() const { return forward_ ? &*forward_ : nullptr; }

  Format format() const { return format_; }
  bool for_machines() const { return format_ != Format::kTable && format_ != Format::kWide; }
  const Style& style() const { return style_; }
  std::string variable(const char* name) const { return variables_(name); }
  std::string config_path() const;
  std::string token() const { return token_; }

  // Writes to stdout and flushes; false when the reader is gone.
  static bool write(std::string_view text);
  // A line on stderr.
  static void note(const std::string& text);
  // The same for text with foreign names in a format for programs: on a terminal no control
  // character comes through.
  bool write_for_machines(std::string_view text) const;
  // Writes the document in the requested format. Returns `code`, or kUnknown if the document has no
  // such format or the reader is gone.
  int show(const Document& document, int code = kFine) const;
  // Writes the error to stderr; returns kUnknown.
  int fail(const Error& error) const;

 private:
  // Flag over environment over context.
  Result<Settings> settings() const;
  std::string given_or(const std::string& flag, const char* name) const;
  Result<void> connect();

  Variables variables_;
  Format format_ = Format::kTable;
  Style style_;
  bool terminal_ = false;        // stdout
  bool error_terminal_ = false;  // stderr, and in colours
  bool quick_ = false;
  std::chrono::milliseconds timeout_{0};
  std::optional<Clock::time_point> deadline_;
  std::string token_;
  std::optional<Place> place_;
  Settings files_;  // That go with the place.
  std::optional<PortForward> forward_;
  std::unique_ptr<Session> session_;
};

}  // namespace meshcheck::meshctl
