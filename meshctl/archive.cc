#include "meshctl/archive.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace meshcheck::meshctl {
namespace {

constexpr std::size_t kBlock = 512;
// POSIX.1-1988, section 10.1.1: where a field begins, and how long it is.
struct Field {
  std::size_t begin;
  std::size_t size;
};
constexpr Field kName{.begin = 0, .size = 100};
constexpr Field kMode{.begin = 100, .size = 8};
constexpr Field kOwner{.begin = 108, .size = 8};
constexpr Field kGroup{.begin = 116, .size = 8};
constexpr Field kSize{.begin = 124, .size = 12};
constexpr Field kTime{.begin = 136, .size = 12};
constexpr Field kChecksum{.begin = 148, .size = 8};
constexpr Field kType{.begin = 156, .size = 1};
constexpr Field kMagic{.begin = 257, .size = 8};

using Header = std::array<char, kBlock>;

void put(Header& header, Field field, const std::string& text) {
  assert(text.size() <= field.size);
  std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(field.begin));
}

// In octal, with a NUL behind.
void put(Header& header, Field field, std::uint64_t number) {
  std::string digits(field.size - 1, '0');
  for (std::size_t i = digits.size(); i-- > 0; number /= 8) {
    digits[i] = static_cast<char>('0' + number % 8);
  }
  assert(number == 0);
  put(header, field, digits);
}

Header header_of(const std::string& name, std::size_t size, std::uint64_t time) {
  Header header{};
  put(header, kName, name);
  put(header, kMode, 0644U);
  put(header, kOwner, 0U);
  put(header, kGroup, 0U);
  put(header, kSize, size);
  put(header, kTime, time);
  put(header, kChecksum, std::string(kChecksum.size, ' '));
  put(header, kType, "0");
  put(header, kMagic, std::string("ustar\00000", 8));
  std::uint64_t sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, {.begin = kChecksum.begin, .size = kChecksum.size - 1}, sum);
  return header;
}

struct CloseGzip {
  void operator()(gzFile_s* out) const { gzclose(out); }
};

bool write_all(gzFile out, std::string_view bytes) {
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kPiece);
    if (gzwrite(out, piece.data(), static_cast<unsigned>(piece.size())) <= 0) return false;
    bytes.remove_prefix(piece.size());
  }
  return true;
}

bool write_files(gzFile out, const std::string& folder, const std::vector<ArchiveFile>& files,
                 std::uint64_t time) {
  for (const ArchiveFile& file : files) {
    const Header header = header_of(folder + '/' + file.name, file.text.size(), time);
    const std::size_t rest = (kBlock - file.text.size() % kBlock) % kBlock;
    if (!write_all(out, {header.data(), header.size()}) || !write_all(out, file.text) ||
        !write_all(out, std::string(rest, '\0'))) {
      return false;
    }
  }
  return write_all(out, std::string(2 * kBlock, '\0'));
}

}  // namespace

Result<void> write_archive(const std::string& path, const std::string& folder,
                           const std::vector<ArchiveFile>& files, WallTime time) {
  // What is in it concerns its user alone.
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) return Error::from_errno("write " + path, errno);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::unique_ptr<gzFile_s, CloseGzip> out(gzdopen(descriptor, "wb"));
  if (!out) std::abort();  // No memory.
  const bool written = write_files(out.get(), folder, files, static_cast<std::uint64_t>(seconds));
  const int failed = written ? 0 : errno;
  if (gzclose(out.release()) == Z_OK && written) return {};
  const int why = failed == 0 ? errno : failed;
  unlink(path.c_str());
  return Error::from_errno("write " + path, why);
}

}  // namespace meshcheck::meshctl
