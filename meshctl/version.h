// Whether client and server are of one version.
#pragma once

#include <string>
#include <string_view>

#include "meshctl/document.h"

namespace meshcheck::meshctl {

// `server` is empty if it was not asked.
Document version_document(std::string_view client, std::string_view server);
// A warning if they differ in more than the last number; else empty.
std::string skew_warning(std::string_view client, std::string_view server);

}  // namespace meshcheck::meshctl
