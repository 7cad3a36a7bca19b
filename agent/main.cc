// meshcheck-agent: reports from a pod's network.
#include "agent/run.h"

int main(int argc, char** argv) {
  meshcheck::agent::run({.name = "meshcheck-agent", .layer = meshcheck::agent::Layer::kPod}, argc,
                        argv);
}
