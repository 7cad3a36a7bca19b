// Unpredictable random numbers, from the kernel.
#pragma once

#include <sys/random.h>

#include <cassert>

namespace meshcheck::probe {

// An integer, or an array of them.
template <typename Number>
Number random_number() {
  Number number{};
  // getrandom() never returns less than the size of such a small request.
  const auto filled = getrandom(&number, sizeof number, 0);
  assert(filled == sizeof number);
  static_cast<void>(filled);
  return number;
}

}  // namespace meshcheck::probe
