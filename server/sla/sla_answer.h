// The answers to questions about the SLA, as JSON and CSV. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/http/message.h"
#include "mesh/sla/downtime.h"
#include "server/sla/shown_verdict.h"
#include "server/sla/sla_query.h"
#include "server/sla/sla_store.h"

namespace meshcheck::server {

// A copy of all that an answer needs, so that it can be made on any thread.
struct SlaAnswer {
  enum class Form : std::uint8_t { kUpmeter, kJson, kCsv };
  static constexpr std::size_t kVerdictsMax = 20;  // In a step.

  SlaQuery query;
  Form form = Form::kJson;
  double target = 0.999;
  std::vector<sla::Downtime> downtimes;  // That overlap the range.
  std::vector<ShownVerdict> verdicts;    // That overlap the range.
  SlaHistories histories;

  sla::SlaTable::Days days() const;
  // The answer's question to the database. Points to this.
  SlaSelection selection() const;
  // A 400 if it would be too large.
  http::Response response() const;
};

}  // namespace meshcheck::server
