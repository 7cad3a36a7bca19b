// The mesh's key in the database.
#pragma once

#include <string>

#include "lib/base/result.h"
#include "lib/store/connection.h"

namespace meshcheck::server {

// Made and written when it is first asked for. An error does not show it.
Result<std::string> stored_mesh_key(store::Connection& database);

}  // namespace meshcheck::server
