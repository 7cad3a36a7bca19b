// The output of meshctl ping.
#pragma once

#include "meshctl/document.h"

namespace meshcheck::meshctl {

// Of an answer of /api/v1/pings/{id} whose state is "done".
Document ping_document(const Json& ping);
// All were answered: 0. Some were lost: 1. None was sent: 2.
int exit_code_of(const Json& ping);

}  // namespace meshcheck::meshctl
