#include "smoke-mini/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "lib/base/error.h"

namespace meshcheck::smoke_mini {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

std::string because(const std::string& action) {
  return Error::from_errno(action, errno).message();
}

// A block of what nobody writes by accident.
std::string content_of(const std::string& name) {
  std::string content;
  while (content.size() < 4096) content += name + "\n";
  return content;
}

std::optional<std::string> write_file(const std::string& path, const std::string& content) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (file.number() < 0) return because("create " + path);
  std::size_t written = 0;
  while (written < content.size()) {
    const auto size = write(file.number(), content.data() + written, content.size() - written);
    if (size < 0) return because("write " + path);
    written += static_cast<std::size_t>(size);
  }
  if (fsync(file.number()) != 0) return because("fsync " + path);
  return std::nullopt;
}

std::optional<std::string> read_file(const std::string& path, const std::string& content) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return because("open " + path);
  std::string found(content.size() + 1, '\0');
  std::size_t size = 0;
  while (size < found.size()) {
    const auto got = read(file.number(), found.data() + size, found.size() - size);
    if (got < 0) return because("read " + path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  found.resize(size);
  if (found != content) return path + " does not hold what was written";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> try_disk(const std::string& folder, const std::string& name) {
  const std::string path = folder + "/" + name;
  // What a process before us has left in the middle.
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return because("delete " + path);
  const std::string content = content_of(name);
  auto why = write_file(path, content);
  if (!why) why = read_file(path, content);
  if (unlink(path.c_str()) != 0 && !why) why = because("delete " + path);
  return why;
}

class Disk::Try : public Task {
 public:
  Try(Disk& disk, std::uint64_t number, OnDone on_done)
      : disk_(disk), number_(number), on_done_(std::move(on_done)) {
    disk_.waiting_[number_] = this;
  }
  ~Try() override { disk_.waiting_.erase(number_); }

  void end(const std::optional<std::string>& why) {
    const OnDone on_done = std::move(on_done_);
    on_done(why);
  }

 private:
  Disk& disk_;
  const std::uint64_t number_;
  OnDone on_done_;
};

Disk::Disk(uv::Loop& loop, std::string folder, std::string name)
    : loop_(loop),
      folder_(std::move(folder)),
      name_(std::move(name)),
      answers_(loop, kTriesMax, [this](const Answer& answer) {
        // Who has not waited for it is not there any more.
        if (const auto found = waiting_.find(answer.number); found != waiting_.end()) {
          found->second->end(answer.why);
        }
      }) {
  tries_.emplace(disk_loop_, kTriesMax, [this](std::uint64_t number) {
    if (number == 0) return disk_loop_.stop();
    // A name that comes again: a process that is killed each time does not fill the disk.
    auto why = try_disk(folder_, name_);
    // As many as there are tries: if there is no room, nobody waits for it any more.
    static_cast<void>(answers_.send({number, std::move(why)}));
  });
  thread_ = std::thread([this] { disk_loop_.run(); });
}

Disk::~Disk() {
  while (!tries_->send(0)) std::this_thread::yield();
  thread_.join();
}

std::unique_ptr<Task> Disk::try_task(Task::OnDone on_done) {
  if (!tries_->send(++last_)) {
    return fail_task(loop_, "the disk does not answer", std::move(on_done));
  }
  return std::make_unique<Try>(*this, last_, std::move(on_done));
}

}  // namespace meshcheck::smoke_mini
