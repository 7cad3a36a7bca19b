#include "lib/store/statement.h"

namespace meshcheck::store {

Result<void> Statement::run() {
  while (true) {
    const auto row = step();
    if (!row) return row.error();
    if (!*row) return {};
  }
}

}  // namespace meshcheck::store
