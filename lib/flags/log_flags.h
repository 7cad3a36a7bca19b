// The flags of every program that logs.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/log.h"
#include "lib/flags/flags.h"

namespace meshcheck::flags {

struct LogFlags {
  std::int64_t verbosity = 0;
  std::string format = "logfmt";

  Log log(LogSink* sink = nullptr) const;
};

// -v and -log-format; glog's other flags are accepted without effect, since netchecker's
// deployments pass them.
void add_log_flags(Flags& flags, LogFlags& values);

}  // namespace meshcheck::flags
