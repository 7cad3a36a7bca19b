// The contexts of the configuration file as a table.
#pragma once

#include "meshctl/document.h"
#include "meshctl/settings.h"

namespace meshcheck::meshctl {

Document config_document(const ConfigFile& file);

}  // namespace meshcheck::meshctl
