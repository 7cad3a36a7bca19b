#include "lib/metrics/process.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

namespace meshcheck::metrics {
namespace {

// /proc/self/stat from its third field on (proc(5)); the second is the name, which may hold spaces.
struct Stat {
  double cpu_ticks = 0;       // Fields 14 and 15.
  double start_ticks = 0;     // Field 22, since boot.
  double virtual_bytes = 0;   // Field 23.
  double resident_pages = 0;  // Field 24.
};

Stat read_stat() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  const auto name_end = text.rfind(')');
  Stat stat;
  if (name_end == std::string::npos) return stat;
  std::istringstream rest(text.substr(name_end + 1));
  std::string field;
  for (int number = 3; number <= 24 && rest >> field; ++number) {
    const double value = std::strtod(field.c_str(), nullptr);
    if (number == 14 || number == 15) stat.cpu_ticks += value;
    if (number == 22) stat.start_ticks = value;
    if (number == 23) stat.virtual_bytes = value;
    if (number == 24) stat.resident_pages = value;
  }
  return stat;
}

double boot_time_seconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word) {
    if (word == "btime") {
      file >> seconds;
      break;
    }
  }
  return seconds;
}

double open_descriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  int entries = 0;
  while (readdir(directory) != nullptr) ++entries;
  closedir(directory);
  return entries - 3;  // ".", ".." and the directory itself.
}

}  // namespace

void write_process(TextWriter& writer) {
  const auto write = [&](std::string_view name, TextWriter::Type type, std::string_view help,
                         double value) {
    writer.family(name, type, help);
    writer.sample({}, value);
  };
  constexpr auto kGauge = TextWriter::Type::kGauge;
  const Stat stat = read_stat();
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  write("process_cpu_seconds_total", TextWriter::Type::kCounter,
        "Total user and system CPU time spent in seconds.", stat.cpu_ticks / ticks);
  write("process_resident_memory_bytes", kGauge, "Resident memory size in bytes.",
        stat.resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  write("process_virtual_memory_bytes", kGauge, "Virtual memory size in bytes.",
        stat.virtual_bytes);
  write("process_open_fds", kGauge, "Number of open file descriptors.", open_descriptors());
  write("process_max_fds", kGauge, "Maximum number of open file descriptors.",
        static_cast<double>(descriptors.rlim_cur));
  write("process_start_time_seconds", kGauge,
        "Start time of the process since unix epoch in seconds.",
        boot_time_seconds() + stat.start_ticks / ticks);
}

}  // namespace meshcheck::metrics
