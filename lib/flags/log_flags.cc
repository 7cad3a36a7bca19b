#include "lib/flags/log_flags.h"

namespace meshcheck::flags {

Log LogFlags::log(LogSink* sink) const {
  return Log({.level = Log::level_of_verbosity(static_cast<int>(verbosity)),
              .format = format == "json" ? Log::Format::kJson : Log::Format::kLogfmt,
              .sink = sink});
}

void add_log_flags(Flags& flags, LogFlags& values) {
  constexpr std::string_view kIgnored = "glog's, no effect: the log goes to stderr";
  flags.add("v", values.verbosity, {-10, 100},
            "verbosity: 5 and more is debug, negative is warnings only");
  flags.add("log-format", values.format, {"logfmt", "json"}, "how a log line is written");
  flags.add_ignored("logtostderr", false, kIgnored);
  flags.add_ignored("alsologtostderr", false, kIgnored);
  flags.add_ignored("stderrthreshold", true, kIgnored);
  flags.add_ignored("log_dir", true, kIgnored);
  flags.add_ignored("log_backtrace_at", true, kIgnored);
  flags.add_ignored("vmodule", true, kIgnored);
}

}  // namespace meshcheck::flags
