// The kernel's figures of this process, as Prometheus client libraries publish them.
#pragma once

#include "lib/metrics/text_writer.h"

namespace meshcheck::metrics {

// process_cpu_seconds_total, process_resident_memory_bytes, process_virtual_memory_bytes,
// process_open_fds, process_max_fds and process_start_time_seconds, read from /proc now.
void write_process(TextWriter& writer);

}  // namespace meshcheck::metrics
