#include "lib/base/error.h"

#include <system_error>

namespace meshcheck {

Error Error::from_errno(std::string_view action, int error_number) {
  return Error(std::generic_category().message(error_number)).within(action);
}

}  // namespace meshcheck
