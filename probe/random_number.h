// Numbers that nobody else can guess, from the kernel.
#pragma once

#include <sys/random.h>

#include <cassert>

namespace meshcheck::probe {

// An integer, or an array of them.
template <typename Number>
Number random_number() {
  Number number{};
  // So few bytes are never cut short, and Linux has had the call for long.
  const auto filled = getrandom(&number, sizeof number, 0);
  assert(filled == sizeof number);
  static_cast<void>(filled);
  return number;
}

}  // namespace meshcheck::probe
