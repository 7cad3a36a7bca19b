// A connection to a SQLite file, with the durability that doc/operate/storage.md promises.
#pragma once

#include <memory>
#include <string>

#include "lib/store/driver/driver.h"

namespace meshcheck::store::sqlite {

// Makes the file if there is none, unless it only reads; its directory must exist. Unless it only
// reads, it owns the file: no second connection of ours writes it, in this process or another,
// until this one is destroyed. ":memory:" is a database that is neither shared nor kept. Calls
// block on the disk, and for `busy_timeout` on a sqlite3 shell that writes. The error names the
// file and the fix.
Result<std::unique_ptr<driver::Connection>> open(const std::string& path, driver::Options options);

}  // namespace meshcheck::store::sqlite
