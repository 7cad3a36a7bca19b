// How a libuv handle is owned. Only lib/uv includes <uv.h>.
#pragma once

#include <uv.h>

#include <memory>

namespace meshcheck::uv {

// libuv sees not a wrapper but a *node*: the C handle together with its callback. The wrapper owns
// the node; the deleter closes the handle, and the close callback frees the node on the loop's next
// turn. So a wrapper needs no destructor, can be moved, and is silent from the moment it is
// destroyed, also inside its own callback, whose closure lives in the node.
struct CloseHandle {
  template <typename Node>
  void operator()(Node* node) const {
    node->handle.data = node;
    uv_close(reinterpret_cast<uv_handle_t*>(&node->handle),
             [](uv_handle_t* handle) { delete static_cast<Node*>(handle->data); });
  }
};

template <typename Node>
using HandlePtr = std::unique_ptr<Node, CloseHandle>;

// Hands a node to libuv. `init` is the handle's init function, such as uv_timer_init; its failure
// is a broken invariant: no memory, or a loop that is gone.
template <typename Node, typename Init>
HandlePtr<Node> make_handle(std::unique_ptr<Node> node, Init&& init) {
  const int status = init(&node->handle);
  if (status != 0) std::abort();
  node->handle.data = node.get();
  return HandlePtr<Node>(node.release());
}

}  // namespace meshcheck::uv
