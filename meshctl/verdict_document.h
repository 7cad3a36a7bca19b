// Verdicts as text.
#pragma once

#include <string>

#include "lib/base/time.h"
#include "meshctl/document.h"

namespace meshcheck::meshctl {

std::string verdict_name(const Json& verdict);  // "verdict/12"
// Three lines: the sentence, the next command, and where the kind is explained.
std::string verdict_lines(const Json& verdict, const Style& style, WallTime now);

// Of GET /api/v1/verdicts.
Document verdicts_document(const Json& answer, WallTime now);

}  // namespace meshcheck::meshctl
