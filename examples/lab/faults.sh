# shellcheck shell=bash disable=SC2154  # name, state, nodes, mtu are set by lab, overhead by topology.sh.
# The faults of a lab. $state/faults/KIND holds what is in force, a record a line; the network is
# always made to follow the records, so a fault may be repeated, changed and healed in any order.
#
# A fault that is a firewall is one nft table of its own, lab_fault_KIND. Three places hold them:
#   the switch     (table bridge) sees every frame of the underlay by itself, fragments included
#   a node, a pod  (table inet)   at priority -450, before fragments are put together again
#   the router     (table inet)   for the ICMP that it shall not send
#   the server     (table inet)   for the DNS
# Resolving neighbours (ARP and its IPv6 kin) is spared wherever only some packets are meant to be
# lost: a lost ARP request delays everything by a second, which is not what was asked for.

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

# ---- from records to firewalls

# put_table NAMESPACE FAMILY KIND < chains: replaces the table in one step; without chains it goes.
put_table() {
  local table="$2 lab_fault_${3//-/_}" chains
  chains=$(cat)
  {
    echo "table $table"
    echo "delete table $table"
    [[ ! $chains ]] || printf 'table %s {\n%s\n}\n' "$table" "$chains"
  } | in_namespace "$1" nft -f -
}

# chain NAME HOOK PRIORITY < rules; without rules there is no chain.
chain() {
  local rules
  rules=$(cat)
  [[ ! $rules ]] ||
    printf 'chain %s {\ntype filter hook %s priority %s; policy accept;\n%s\n}\n' "$1" "$2" "$3" "$rules"
}

# fragment_rules WHICH MATCH: loses fragments among the packets that MATCH.
fragment_rules() {
  local -r more_fragments=0x2000 offset=0x1fff
  case $1 in
    all)
      echo "$2 ip frag-off & $((more_fragments | offset)) != 0 drop"
      echo "$2 exthdr frag exists drop"
      ;;
    first)
      echo "$2 ip frag-off & $((more_fragments | offset)) == $((more_fragments)) drop"
      echo "$2 frag frag-off 0 drop"
      ;;
    later)
      echo "$2 ip frag-off & $((offset)) != 0 drop"
      echo "$2 frag frag-off != 0 drop"
      ;;
  esac
}

# The rules of KIND on the switch, all nodes together.
switch_rules() {
  local node value direction
  local -r resolving='ether type arp accept
icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'
  case $1 in
    loss)
      echo "$resolving"
      while read -r node value; do
        value="numgen random mod 100000 < $(thousandths "$value")"
        # nft calls "below 100000", that is always, out of range.
        value=${value/numgen*< 100000/}
        echo "iifname p$node $value drop"
        echo "oifname p$node $value drop"
      done
      ;;
    port-mtu)
      # Not by the MTU of the port's device: its other end is the node's eth0, whose sender would be
      # told (ENOBUFS) and whose drop counter would rise. A switch tells nobody.
      while read -r node value direction; do
        [[ $direction == in ]] || echo "iifname p$node meta length > $value drop"
        [[ $direction == out ]] || echo "oifname p$node meta length > $value drop"
      done
      ;;
    gateway-down)
      # Neighbour discovery too: a dead gateway does not answer it either.
      while read -r node; do
        if [[ $node == all ]]; then
          echo "iifname pgw drop"
          echo "oifname pgw drop"
        else
          echo "iifname pgw oifname p$node drop"
          echo "iifname p$node oifname pgw drop"
        fi
      done
      ;;
    server-unreachable)
      echo "$resolving"
      while read -r node; do
        echo "iifname p$node ip daddr 10.200.0.253 drop"
        echo "oifname p$node ip saddr 10.200.0.253 drop"
        echo "iifname p$node ip6 daddr fd00:200::253 drop"
        echo "oifname p$node ip6 saddr fd00:200::253 drop"
      done
      ;;
    fragments-dropped)
      # What the host itself fragments is seen as fragments only once it has left the node.
      while read -r node value direction; do
        [[ $direction == in ]] || fragment_rules "$value" "iifname p$node"
      done
      ;;
  esac
}

render_switch() {
  local lines
  lines=$(records "$1")
  if [[ $lines ]]; then switch_rules "$1" <<< "$lines"; fi | chain forward forward 0 | put_table sw bridge "$1"
}

# The packets that node TO shall not get from others.
one_way_rules() {
  local from to layer
  while read -r from to layer; do
    ((to == $1)) || continue
    if [[ $layer != pod ]]; then
      echo "iifname eth0 ip saddr 10.200.0.$from udp dport != 8472 drop"
      echo "iifname eth0 ip saddr 10.200.0.$from meta l4proto != udp drop"
      echo "iifname eth0 ip6 saddr fd00:200::$from icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
      echo "iifname eth0 ip6 saddr fd00:200::$from drop"
    fi
    if [[ $layer != host ]]; then
      echo "iifname vx ip saddr 10.244.$from.0/24 drop"
      echo "iifname vx ip6 saddr fd00:244:$from::/64 drop"
    fi
  done < <(records one-way-drop)
}

# The chains of KIND in the namespace of a node, or nothing.
node_chains() {
  local kind=$1 node=$2 value
  find_record "$kind" "$node" || return 0
  case $kind in
    node-down)
      chain in prerouting -450 <<< "iifname != lo drop"
      ;;
    pod-network-down)
      chain in prerouting -450 <<< "iifname eth0 udp dport 8472 drop"
      chain out output -450 <<< "oifname eth0 udp dport 8472 drop"
      ;;
    fragments-dropped)
      # Those of the pod on their way out, but to its own host. Later they are put together for a
      # while, and then inside the overlay.
      chain in prerouting -450 < <(
        if [[ $value != *" out" ]]; then fragment_rules "${value% *}" "iifname { eth0, vx }"; fi
        if [[ $value != *" in" ]]; then
          echo "ip daddr { 10.200.0.$node, 10.244.$node.1 } accept"
          echo "ip6 daddr { fd00:200::$node, fd00:244:$node::1 } accept"
          fragment_rules "${value% *}" "iifname cni0"
        fi
      )
      ;;
    mss-clamped)
      local -r clamp="tcp flags & (syn | rst) == syn tcp option maxseg size set $value"
      chain in prerouting -150 <<< "$clamp"
      chain out postrouting -150 <<< "$clamp"
      ;;
    icmp-filtered)
      # Router and neighbour discovery and multicast listening keep IPv6 alive; the rest goes. An
      # echo request may leave, for its sender would be told; the reply does not get in.
      local -r rules='icmpv6 type { 130-137, 143 } accept
meta l4proto { 1, 58 } drop' # ICMP and ICMPv6: names need /etc/protocols, which may lack.
      chain in prerouting -450 <<< "iifname lo accept
$rules"
      chain out output -450 <<< "oifname lo accept
icmp type echo-request accept
icmpv6 type echo-request accept
$rules"
      ;;
  esac
}

# Two faults pull the same plug.
render_port() {
  local value direction=up
  if find_record node-down "$1" || find_record link-down "$1"; then direction=down; fi
  in_namespace sw ip link set dev "p$1" "$direction"
}

render_overlay() {
  local value
  find_record overlay-mtu "$1" || value=$((mtu - overhead))
  in_namespace "node$1" ip -batch - <<< "link set dev vx mtu $value
link set dev cni0 mtu $value"
  in_namespace "pod$1" ip link set dev eth0 mtu "$value"
}

# The kernel remembers path MTUs for ten minutes, also those of a network that is no more.
forget_path_mtus() {
  local place
  while read -r place; do
    in_namespace "$place" ip -4 route flush cache
    ((!ipv6)) || in_namespace "$place" ip -6 route flush cache
  done < <(list_namespaces)
}

# The routes that lead through the router, in the place of everybody on the switch.
router_routes() {
  local place=$1 node value
  if find_record router-mtu "${place#node}"; then
    # More precise than the route to the switch.
    echo "route add 10.200.0.250/32 dev eth0 proto $router_mark"
    echo "route add 10.200.0.0/25 via 10.200.0.250 proto $router_mark"
    echo "route add 10.200.0.128/25 via 10.200.0.250 proto $router_mark"
    six "route add fd00:200::250/128 dev eth0 proto $router_mark"
    six "route add fd00:200::/112 via fd00:200::250 dev eth0 proto $router_mark"
    return
  fi
  while read -r node value; do
    echo "route add 10.200.0.$node/32 via 10.200.0.250 proto $router_mark"
    six "route add fd00:200::$node/128 via fd00:200::250 dev eth0 proto $router_mark"
  done < <(records router-mtu)
}

# There is one router, and all that crosses it meets its MTU, as if a narrow link were inside. It is
# a route's MTU and not a link's: a cable drops what is too large for its other end without a word.
render_router() {
  local place node value silent
  local -r router_mark=250
  read -r node value silent < <(records router-mtu) || true
  {
    echo "route replace 10.200.0.0/24 dev eth0 proto kernel scope link src 10.200.0.250 mtu lock ${value:-$mtu}"
    six "route replace fd00:200::/64 dev eth0 proto kernel metric 256 mtu lock ${value:-$mtu}"
  } | in_namespace router ip -batch -
  if [[ $value ]]; then
    echo "meta l4proto 1 icmp type redirect drop"
    echo "meta l4proto 58 icmpv6 type nd-redirect drop"
    [[ ! $silent ]] || echo "meta l4proto 1 icmp type destination-unreachable icmp code 4 drop"
    [[ ! $silent ]] || echo "meta l4proto 58 icmpv6 type packet-too-big drop"
  fi | chain out output 0 | put_table router inet router-mtu
  while read -r place; do
    case $place in sw | router | pod*) continue ;; esac
    in_namespace "$place" ip -4 route flush proto "$router_mark"
    ((!ipv6)) || in_namespace "$place" ip -6 route flush proto "$router_mark"
    router_routes "$place" | in_namespace "$place" ip -batch -
  done < <(list_namespaces)
}

# render KIND NODE...: makes the network follow the records of KIND, where NODEs are those that had
# or have one.
render() {
  local kind=$1 node
  shift
  case $kind in
    loss | gateway-down | server-unreachable | port-mtu | fragments-dropped) render_switch "$kind" ;;
    dns-down)
      if [[ $(records dns-down) ]]; then
        chain in input 0 <<< "meta l4proto { tcp, udp } th dport 53 drop"
      fi | put_table server inet dns-down
      ;;
    router-mtu) render_router ;;
  esac
  for node in "$@"; do
    case $kind in
      one-way-drop)
        one_way_rules "$node" | chain in prerouting -450 | put_table "node$node" inet "$kind"
        ;;
      pod-network-down | mss-clamped | fragments-dropped | icmp-filtered)
        node_chains "$kind" "$node" | put_table "node$node" inet "$kind"
        ;;
      node-down)
        node_chains "$kind" "$node" | put_table "node$node" inet "$kind"
        node_chains "$kind" "$node" | put_table "pod$node" inet "$kind"
        render_port "$node"
        ;;
      link-down) render_port "$node" ;;
      overlay-mtu) render_overlay "$node" ;;
    esac
  done
  case $kind in router-mtu | overlay-mtu) forget_path_mtus ;; esac
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
