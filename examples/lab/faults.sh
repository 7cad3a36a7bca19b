# shellcheck shell=bash disable=SC2154  # name, state, nodes, mtu are set by lab, overhead by topology.sh.
# The faults of a lab. $state/faults/KIND holds what is in force, a record a line; the network is
# always made to follow the records, so a fault may be repeated, changed and healed in any order.

fault_kinds=(node-down link-down pod-network-down gateway-down server-unreachable one-way-drop loss
  port-mtu router-mtu overlay-mtu mss-clamped fragments-dropped icmp-filtered dns-down)

fault_usage() {
  cat <<END
  node-down N...             the node and its pod reach nothing and nobody, not even each other
  link-down N...             the cable of the node's eth0 is out
  pod-network-down N...      the overlay of the node is broken, the host is fine
  gateway-down [N...]        the gateway is silent; with nodes, only for them
  server-unreachable N...    nothing between the node and the server (the DNS still answers)
  one-way-drop FROM TO [pod|host|both]
                             packets from node FROM to node TO are lost, the other way they pass
  loss P N...                P % of the node's packets are lost at random, each way
  port-mtu M N... [in|out|both]
                             the node's switch port silently drops packets larger than M; those
                             towards the node (in), from it (out), or both
  router-mtu M N... [silent] the node and the others talk through a router whose link has MTU M; it
                             sends "too big", or nothing (silent)
  overlay-mtu M N...         the node's pod network has MTU M; 1500 is the classic mistake
  mss-clamped M N...         TCP connections of node and pod agree on segments of M at most
  fragments-dropped N... [all|first|later] [in|out|both]
                             IP fragments of host and pod are lost: all, the first one of each
                             packet, or the others; towards the node, from it, or both
  icmp-filtered N...         the node drops all ICMP, errors and echo (neighbour discovery passes)
  dns-down                   the DNS does not answer
END
}

known_kind() {
  local kind
  for kind in "${fault_kinds[@]}"; do [[ $kind != "$1" ]] || return 0; done
  misuse "'$1' is no kind of fault; there are: ${fault_kinds[*]}"
}

# check_node COMMAND NUMBER
check_node() {
  [[ $2 =~ ^[1-9][0-9]?$ && $2 -le $nodes ]] ||
    misuse "$1: there is no node '$2'; lab '$name' has nodes 1 to $nodes"
}

# ---- records: "NODE", "NODE VALUE...", "FROM TO LAYER", or "all"

records() { [[ ! -f $state/faults/$1 ]] || cat "$state/faults/$1"; }

# record KIND KEY [VALUE]: replaces the record that begins with KEY, or adds one.
record() {
  local file=$state/faults/$1 line lines=()
  while IFS= read -r line; do
    [[ "$line " == "$2 "* ]] || lines+=("$line")
  done < <(records "$1")
  printf '%s\n' "${lines[@]}" "$2${3:+ $3}" | sed '/^$/d' | sort -n > "$file.new"
  mv "$file.new" "$file"
}

# find_record KIND NODE: whether there is one; sets value to what it says.
find_record() {
  local node
  while read -r node value; do [[ $node != "$2" ]] || return 0; done < <(records "$1")
  value=
  return 1
}

# ---- the commands

# thousandths P: a percentage in thousandths of a percent.
thousandths() {
  local whole=${1%.*} part=000
  [[ $1 != *.* ]] || part=${1#*.}000
  echo $((10#$whole * 1000 + 10#${part:0:3}))
}

check_percent() {
  local amount=0
  if [[ $1 =~ ^[0-9]{1,3}(\.[0-9]{1,3})?$ ]]; then amount=$(thousandths "$1"); fi
  ((amount >= 1 && amount <= 100000)) || misuse "loss: '$1' is not a percentage from 0.001 to 100"
}

# trailing_words CHOICES ARGUMENT...: takes the words at the end that are among the choices ("a|b c|d":
# perhaps a or b, then perhaps c or d; the first of each is the default). Sets words, and arguments
# to the rest.
trailing_words() {
  local choices i
  read -ra choices <<< "$1"
  arguments=("${@:2}")
  words=()
  for ((i = ${#choices[@]} - 1; i >= 0; i--)); do
    words=("${choices[i]%%|*}" "${words[@]}")
    if ((${#arguments[@]})) && [[ "|${choices[i]}|" == *"|${arguments[-1]}|"* ]]; then
      words[0]=${arguments[-1]}
      unset 'arguments[-1]'
    fi
  done
}

fault() {
  local kind=${1-} value="" settings node word words arguments
  [[ $kind ]] || misuse "fault: no kind given; there are: ${fault_kinds[*]}"
  known_kind "$kind"
  shift
  need_lab
  case $kind in
    loss) check_percent "${1-}" ;;
    port-mtu) whole_number port-mtu "${1-}" 100 9216 ;;
    # IPv6 ends, and its addresses go, on a device whose MTU is below 1280.
    overlay-mtu | router-mtu) whole_number "$kind" "${1-}" 1280 9216 ;;
    mss-clamped) whole_number mss-clamped "${1-}" 88 9216 ;;
  esac
  case $kind in
    loss | port-mtu | router-mtu | overlay-mtu | mss-clamped) value=$1; shift ;;
    one-way-drop) check_one_way "$@" ;;
    dns-down) (($# == 0)) || misuse "dns-down: unknown argument '$1'; it takes none" ;;
  esac
  case $kind in
    port-mtu) trailing_words "both|in|out" "$@" ;;
    router-mtu) trailing_words "|silent" "$@" ;;
    fragments-dropped) trailing_words "all|first|later both|in|out" "$@" ;;
    *) trailing_words "" "$@" ;;
  esac
  set -- "${arguments[@]}"
  settings=$value
  for word in "${words[@]}"; do settings+=${word:+${settings:+ }$word}; done
  if [[ $kind != one-way-drop ]]; then
    for node in "$@"; do check_node "$kind" "$node"; done
  fi
  case $kind in
    gateway-down | dns-down) (($#)) || value=all ;;
    *) (($#)) || misuse "$kind: which nodes? As in: lab fault $kind${value:+ $value} 1 2" ;;
  esac
  lock
  if [[ $kind == one-way-drop ]]; then
    record "$kind" "$1 $2" "${3-both}"
    render "$kind" "$2"
  elif [[ $value == all ]]; then
    record "$kind" all
    render "$kind"
  else
    if [[ $kind == router-mtu ]]; then
      # There is one router: what is said last holds for all behind it.
      mapfile -t words < <(records router-mtu | cut -d' ' -f1)
      set -- "$@" "${words[@]}"
    fi
    for node in "$@"; do record "$kind" "$node" "$settings"; done
    render "$kind" "$@"
  fi
}

check_one_way() {
  (($# == 2 || $# == 3)) ||
    misuse "one-way-drop: it takes FROM, TO and perhaps pod, host or both, as in: lab fault one-way-drop 1 2 pod"
  check_node one-way-drop "$1"
  check_node one-way-drop "$2"
  (($1 != $2)) || misuse "one-way-drop: FROM and TO are both node $1"
  case ${3-both} in
    pod | host | both) ;;
    *) misuse "one-way-drop: '$3' is no layer; say pod, host or both" ;;
  esac
}

heal() {
  local kind nodes_had
  for kind in "$@"; do known_kind "$kind"; done
  need_lab
  lock
  (($#)) || set -- "${fault_kinds[@]}"
  for kind in "$@"; do
    [[ -f $state/faults/$kind ]] || continue
    case $kind in
      one-way-drop) mapfile -t nodes_had < <(records "$kind" | cut -d' ' -f2 | sort -u) ;;
      *) mapfile -t nodes_had < <(records "$kind" | cut -d' ' -f1 | grep -v all) ;;
    esac
    rm "$state/faults/$kind"
    render "$kind" "${nodes_had[@]}"
  done
}

faults_text() {
  local kind any=0 first second third
  for kind in "${fault_kinds[@]}"; do
    while read -r first second third; do
      any=1
      case $kind,$first in
        *,all) echo "fault: $kind" ;;
        one-way-drop,*) echo "fault: $kind from node $first to node $second, $third" ;;
        loss,*) echo "fault: $kind $second % at node $first" ;;
        *-mtu,* | mss-clamped,*) echo "fault: $kind $second at node $first${third:+, $third}" ;;
        fragments-dropped,*) echo "fault: $kind at node $first, $second, $third" ;;
        *) echo "fault: $kind at node $first" ;;
      esac
    done < <(records "$kind")
  done
  ((any)) || echo "faults: none"
}

faults_json() {
  local kind comma="" first second third
  for kind in "${fault_kinds[@]}"; do
    while read -r first second third; do
      printf '%s{"kind": "%s"' "$comma" "$kind"
      comma=", "
      case $kind,$first in
        *,all) ;;
        one-way-drop,*) printf ', "from": %d, "to": %d, "layer": "%s"' "$first" "$second" "$third" ;;
        loss,*) printf ', "node": %d, "percent": %s' "$first" "$second" ;;
        port-mtu,*) printf ', "node": %d, "mtu": %d, "direction": "%s"' "$first" "$second" "$third" ;;
        router-mtu,*) printf ', "node": %d, "mtu": %d, "silent": %s' "$first" "$second" "$([[ ! $third ]] && echo false || echo true)" ;;
        overlay-mtu,*) printf ', "node": %d, "mtu": %d' "$first" "$second" ;;
        mss-clamped,*) printf ', "node": %d, "mss": %d' "$first" "$second" ;;
        fragments-dropped,*) printf ', "node": %d, "which": "%s", "direction": "%s"' "$first" "$second" "$third" ;;
        *) printf ', "node": %d' "$first" ;;
      esac
      printf '}'
    done < <(records "$kind")
  done
}
