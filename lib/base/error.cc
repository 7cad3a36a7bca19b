#include "lib/base/error.h"

#include <system_error>

namespace meshcheck {

Error Error::from_errno(std::string_view action, int error_number) {
  Error error = Error(std::generic_category().message(error_number)).within(action);
  error.error_number_ = error_number;
  return error;
}

}  // namespace meshcheck
