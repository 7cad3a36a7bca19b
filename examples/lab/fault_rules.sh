# shellcheck shell=bash disable=SC2154  # state, nodes, mtu are set by lab, overhead by topology.sh.
# How the network is made to follow the records of faults.sh: firewalls, ports, routes and MTUs.
#
# A fault that is a firewall is one nft table of its own, lab_fault_KIND. Three places hold them:
#   the switch     (table bridge) sees every frame of the underlay by itself, fragments included
#   a node, a pod  (table inet)   at priority -450, before fragments are put together again
#   the router     (table inet)   for the ICMP that it shall not send
#   the server     (table inet)   for the DNS
# Resolving neighbours (ARP and its IPv6 kin) is spared wherever only some packets are meant to be
# lost: a lost ARP request delays everything by a second, which is not what was asked for.

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
