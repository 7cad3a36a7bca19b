// meshcheck-agent-hostnet: reports from a node's own network.
#include "agent/run.h"

int main(int argc, char** argv) {
  meshcheck::agent::run(
      {.name = "meshcheck-agent-hostnet", .layer = meshcheck::agent::Layer::kHost}, argc, argv);
}
