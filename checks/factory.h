// From a checker's name to the check.
#pragma once

#include "checks/checkers.h"

namespace meshcheck::checks {

// Makes those of checkers.h by their names, all others with `context.make_other`. An error begins
// with the check's own name.
Made make_check(Context& context, const sla::CheckSpec& spec);

}  // namespace meshcheck::checks
