// Finds servers from this machine's environment and files, without asking any.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "meshctl/place.h"

namespace meshcheck::meshctl {

using Variables = std::function<std::string(const char* name)>;

Surroundings look_around(const Variables& variables);
// Of the labs in a directory of examples/lab/lab that live, the ports on loopback they have
// published. Directories that are not this user's alone to write are passed over.
std::vector<std::string> published_by_labs(const std::string& directory);

}  // namespace meshcheck::meshctl
