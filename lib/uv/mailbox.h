// The way from any thread to the thread of one loop.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "lib/uv/handle.h"
#include "lib/uv/loop.h"

namespace meshcheck::uv {

// A bounded queue of one type of message in one direction. send() never blocks: it returns false
// when `messages_max` are waiting, and the sender counts the drop. Messages arrive in order, in
// batches, on the receiver's thread, which also destroys the mailbox, after all senders are done.
template <typename Message>
class Mailbox {
 public:
  Mailbox(Loop& receiver, std::size_t messages_max, std::function<void(Message)> on_message) {
    auto node = std::make_unique<Node>();
    node->messages_max = messages_max;
    node->on_message = std::move(on_message);
    node_ = make_handle(std::move(node), [&](uv_async_t* handle) {
      return uv_async_init(receiver.get(), handle, [](uv_async_t* async) noexcept {
        static_cast<Node*>(async->data)->deliver();
      });
    });
  }

  // Any thread.
  [[nodiscard]] bool send(Message message) {
    {
      const std::lock_guard lock(node_->mutex);
      if (node_->waiting.size() >= node_->messages_max) return false;
      node_->waiting.push_back(std::move(message));
    }
    uv_async_send(&node_->handle);
    return true;
  }

  // Delivers the waiting messages, on the receiver's thread, after its loop has ended.
  void deliver() { node_->deliver(); }

 private:
  struct Node {
    uv_async_t handle{};
    std::size_t messages_max = 0;
    std::function<void(Message)> on_message;
    std::mutex mutex;
    std::vector<Message> waiting;

    void deliver() {
      std::vector<Message> batch;
      {
        const std::lock_guard lock(mutex);
        batch.swap(waiting);
      }
      for (Message& message : batch) {
        // The receiver may destroy the mailbox; then the rest is not delivered.
        if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&handle)) != 0) return;
        on_message(std::move(message));
      }
    }
  };
  HandlePtr<Node> node_;
};

}  // namespace meshcheck::uv
