// From a checker's name to the check.
#pragma once

#include "checks/checkers.h"

namespace meshcheck::checks {

// Those of checkers.h by their names, else what `context.make_other` makes: the one place where
// other checkers come in. An error begins with the check's own name.
Made make_check(Context& context, const sla::CheckSpec& spec);

}  // namespace meshcheck::checks
