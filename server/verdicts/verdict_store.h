// Verdicts in the database.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "lib/base/result.h"
#include "lib/store/database.h"
#include "server/verdicts/verdict_board.h"

namespace meshcheck::server {

// doc/operate/storage.md describes the table.
inline constexpr std::string_view kVerdictTable = R"(
      CREATE TABLE verdict (
        id INTEGER PRIMARY KEY,
        opened_ms INTEGER NOT NULL,
        closed_ms INTEGER,
        ending TEXT NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        layer TEXT NOT NULL,
        subject TEXT NOT NULL,
        sentence TEXT NOT NULL,
        next_command TEXT NOT NULL,
        details TEXT NOT NULL
      );
    )";

// Those that are open behind those that are closed, which come in the order they ended.
Result<std::vector<VerdictRecord>> read_verdicts(store::Database& database);
Result<void> write_verdicts(store::Database& database, const VerdictBoard::Changes& changes);

}  // namespace meshcheck::server
