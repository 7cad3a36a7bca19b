// A body that several answers send at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "lib/http/memory_budget.h"
#include "lib/http/message.h"

namespace meshcheck::http {

// A handle: copies name the same bytes, and the last one frees them, on whatever thread. Counted,
// since any of several slow readers on several threads may end last; everything else in the program
// has one owner. The bytes never change. They are charged to `memory` once, whatever the number of
// readers.
class SharedBody {
 public:
  SharedBody() = default;
  SharedBody(std::string bytes, MemoryBudget& memory)
      : block_(new Block{std::move(bytes), memory, 1}) {
    memory.change(0, block_->bytes.capacity());
  }
  SharedBody(const SharedBody& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->handles;
  }
  SharedBody(SharedBody&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedBody& operator=(SharedBody other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedBody() {
    if (block_ == nullptr || --block_->handles != 0) return;
    block_->memory.change(block_->bytes.capacity(), 0);
    delete block_;
  }

  std::string_view bytes() const {
    return block_ == nullptr ? std::string_view() : std::string_view(block_->bytes);
  }
  // Whether another handle exists.
  bool is_shared() const { return block_ != nullptr && block_->handles > 1; }

 private:
  struct Block {
    const std::string bytes;
    MemoryBudget& memory;
    std::atomic<std::size_t> handles;
  };
  Block* block_ = nullptr;
};

// Of a body that is sent in pieces.
inline constexpr std::size_t kPieceSize = 64 * 1024;
// For an answer of these bytes; holds them until they are sent.
BodySource pieces_of(SharedBody body);
BodySource pieces_of(std::string body);
// The same for bytes that outlive the server.
BodySource pieces_of(std::string_view bytes);

}  // namespace meshcheck::http
