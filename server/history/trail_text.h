// A trail as JSON, as the answer and the database have it.
#pragma once

#include <string>

#include "mesh/history/path_trails.h"

namespace meshcheck::server {

std::string trail_json(const history::Trail& trail);

}  // namespace meshcheck::server
