// The disk, tried on a thread of its own: a file is written, read back and deleted.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "lib/uv/mailbox.h"
#include "smoke-mini/task.h"

namespace meshcheck::smoke_mini {

// Why the folder cannot be written to, or nothing. Blocks.
std::optional<std::string> try_disk(const std::string& folder, const std::string& name);

// Tries wait for each other, at most kTriesMax. A disk that never answers blocks only this thread;
// then the process has to end without waiting for it.
class Disk {
 public:
  static constexpr std::size_t kTriesMax = 64;

  // `name` is the file's, which no other program may use.
  Disk(uv::Loop& loop, std::string folder, std::string name);
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  // Waits for the try that is under way.
  ~Disk();

  std::unique_ptr<Task> try_task(Task::OnDone on_done);

 private:
  class Try;
  struct Answer {
    std::uint64_t number;
    std::optional<std::string> why;
  };

  uv::Loop& loop_;
  const std::string folder_;
  const std::string name_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Try*> waiting_;
  uv::Mailbox<Answer> answers_;  // disk -> loop
  uv::Loop disk_loop_;
  std::optional<uv::Mailbox<std::uint64_t>> tries_;  // loop -> disk; 0 ends it
  std::thread thread_;
};

}  // namespace meshcheck::smoke_mini
