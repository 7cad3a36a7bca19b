#!/bin/bash
# Installs meshcheck under netchecker's names with kubectl alone, in place of a netchecker that may be there. Takes the
# environment of netchecker's script of this name:
#   NS                            namespace, also as the first argument (default)
#   NODE_PORT, SERVER_PORT        where the server is asked: on each node (31081), inside the cluster (8081)
#   SERVER_IMAGE_NAME, AGENT_IMAGE_NAME, IMAGE_TAG, SERVER_IMAGE_TAG, AGENT_IMAGE_TAG    (meshcheck:VERSION)
#   AGENT_REPORT_INTERVAL         seconds between two reports of an agent (5)
#   KUBE_DIR, KUBE_USER           where the manifest is written (.), and who shall own that directory
#   PURGE                         true: remove, and install nothing
# USE_ETCD_ENDPOINT and ETCD_ENDPOINT have no effect: there is no etcd.
# Usage: examples/deploy.sh [NAMESPACE]
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source_manifest=$here/kubernetes/netchecker.yaml
version=$(sed -n 's/^ *image: meshcheck:\(.*\)/\1/p' "$source_manifest" | head -n 1)
namespace=${1:-${NS:-default}}
node_port=${NODE_PORT:-31081}
server_port=${SERVER_PORT:-8081}
server_image=${SERVER_IMAGE_NAME:-meshcheck}:${SERVER_IMAGE_TAG:-${IMAGE_TAG:-$version}}
agent_image=${AGENT_IMAGE_NAME:-meshcheck}:${AGENT_IMAGE_TAG:-${IMAGE_TAG:-$version}}
interval=${AGENT_REPORT_INTERVAL:-5}
directory=${KUBE_DIR:-.}
manifest=$directory/netchecker.yaml

if [ -n "${USE_ETCD_ENDPOINT:-}${ETCD_ENDPOINT:-}" ]; then
  echo "deploy.sh: USE_ETCD_ENDPOINT and ETCD_ENDPOINT have no effect; the server needs no etcd" >&2
fi
for number in "$node_port" "$server_port" "$interval"; do
  if ! [[ $number =~ ^[0-9]+$ ]]; then
    echo "deploy.sh: NODE_PORT, SERVER_PORT and AGENT_REPORT_INTERVAL are numbers, not '$number'" >&2
    exit 2
  fi
done

mkdir -p "$directory"
sed -e "s|^  namespace: default\$|  namespace: $namespace|" \
  -e "s|, namespace: default}|, namespace: $namespace}|" -e "s|name: default-netchecker-|name: $namespace-netchecker-|" \
  -e "/^kind: StatefulSet/,/^---/s|image: .*|image: $server_image|" \
  -e "/^kind: DaemonSet/,/^---/s|image: .*|image: $agent_image|" \
  -e "/^kind: Service/,/^---/s|port: 8081\$|port: $server_port|" \
  -e "s|nodePort: .*|nodePort: $node_port|" \
  -e "s|-serverendpoint=http://netchecker-server:8081|-serverendpoint=http://netchecker-service:$server_port|" \
  -e "s|-reportinterval=.*|-reportinterval=$interval|" "$source_manifest" >"$manifest"
if [ -n "${KUBE_USER:-}" ]; then
  chown -R "$KUBE_USER" "$directory"
fi

# The old server was a pod or a Deployment; selectors of the old DaemonSets cannot be changed.
kubectl --namespace "$namespace" delete --ignore-not-found pod/netchecker-server deployment/netchecker-server \
  daemonset/netchecker-agent daemonset/netchecker-agent-hostnet service/netchecker-service
kubectl delete --ignore-not-found --filename "$manifest"
if [ "${PURGE:-false}" = true ]; then
  exit 0
fi
kubectl apply --filename "$manifest"
cat <<END

Do the agents report?    curl http://NODE:$node_port/api/v1/connectivity_check
Their reports:           curl http://NODE:$node_port/api/v1/agents/
Metrics:                 curl http://NODE:$node_port/metrics
END
