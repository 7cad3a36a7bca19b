# shellcheck shell=bash disable=SC2154  # nodes, mtu and ipv6 are set by up, in lab.
# The network of a lab, built from inside its own namespaces by the holder (lab up).
#
#   server .253 (DNS .252)   gw .254   router .250     one switch, 10.200.0.0/24
#        |                    |           |
#   =====+======= sw =========+===========+=====
#        |p1                  |p2
#   node1 .1             node2 .2             hosts; VXLAN (UDP 8472) between them
#        |cni0                |cni0
#   pod1 10.244.1.2      pod2 10.244.2.2
#
# Nothing is learned: neighbours, forwarding entries and routes of the overlay are written once, as
# flannel writes them. Nothing runs here that could fail on its own account, but for the DNS.

overhead=50          # What VXLAN over IPv4 adds to a packet.
namespaces=          # Directory of the namespace files; a tmpfs only the lab sees.

# Writes every namespace's name, one a line.
list_namespaces() {
  local i
  printf '%s\n' sw gw router server
  for ((i = 1; i <= nodes; i++)); do printf '%s\n' "node$i" "pod$i"; done
}

# inside NAMESPACE COMMAND...: one short command in a namespace, from inside the lab.
inside() { nsenter --net="$namespaces/$1" -- "${@:2}"; }

# Kernel settings every namespace begins with. New namespaces inherit some from the machine, so what
# matters is said. Where the lab has no IPv6, devices other than lo get none.
namespace_settings() {
  cd /proc/sys/net || exit 1
  echo 0 > ipv4/conf/all/rp_filter
  echo 0 > ipv4/conf/default/rp_filter
  echo 1 > ipv4/ip_forward
  echo "0 0" > ipv4/ping_group_range
  # A bridge must not pass its frames through the IP firewall: that would reassemble fragments.
  if [ -e bridge/bridge-nf-call-iptables ]; then
    echo 0 > bridge/bridge-nf-call-iptables
    echo 0 > bridge/bridge-nf-call-ip6tables
    echo 0 > bridge/bridge-nf-call-arptables
  fi
  [ -e ipv6/conf ] || exit 0
  if [ "$1" = 1 ]; then
    echo 0 > ipv6/conf/all/accept_dad
    echo 0 > ipv6/conf/default/accept_dad
    echo 0 > ipv6/conf/default/accept_ra
    echo 1 > ipv6/conf/all/forwarding
  else
    echo 1 > ipv6/conf/default/disable_ipv6
  fi
}

make_namespaces() {
  local name script
  script="$(declare -f namespace_settings); namespace_settings $ipv6"
  while read -r name; do
    : > "$namespaces/$name"
    unshare --net="$namespaces/$name" bash -ec "$script"
  done < <(list_namespaces)
}

# six LINE: a line that only a lab with IPv6 has.
six() { ((!ipv6)) || echo "$*"; }

# wire PORT NAMESPACE: a cable from the switch. One packet per segment (gso_max_segs): an offloaded
# TCP burst would otherwise cross a port as one giant frame that no MTU applies to.
wire() {
  printf 'link add dev %s mtu %d gso_max_segs 1 type veth peer name eth0 mtu %d gso_max_segs 1 netns %s\n' \
    "$1" "$mtu" "$mtu" "$namespaces/$2"
  printf 'link set dev %s master br0 up\n' "$1"
}

build_switch() {
  local i
  {
    echo "link set dev lo up"
    echo "link add dev br0 type bridge mcast_snooping 0"
    echo "link set dev br0 up"
    wire pserver server
    wire pgw gw
    wire prouter router
    for ((i = 1; i <= nodes; i++)); do wire "p$i" "node$i"; done
  } | inside sw ip -batch -
}

# on_switch NUMBER [default route]: the settings of an eth0 on the switch.
on_switch() {
  echo "link set dev lo up"
  echo "address add 10.200.0.$1/24 dev eth0"
  echo "link set dev eth0 up"
  six "address add fd00:200::$1/64 dev eth0 nodad"
  [[ ${2:-} ]] || return 0
  echo "route add default via 10.200.0.254"
  six "route add default via fd00:200::254"
}

build_services() {
  {
    on_switch 253 default
    echo "address add 10.200.0.252/24 dev eth0"
    six "address add fd00:200::252/64 dev eth0 nodad preferred_lft 0"
  } | inside server ip -batch -
  {
    on_switch 254
    # Something beyond the gateway to reach through it.
    echo "address add 203.0.113.1/32 dev lo"
    six "address add 2001:db8::1/128 dev lo nodad"
  } | inside gw ip -batch -
  # Nothing is routed through it until router-mtu says so.
  on_switch 250 | inside router ip -batch -
}

# overlay_mac NODE: the address of a node's VXLAN device.
overlay_mac() { printf -v mac '02:00:00:00:00:%02x' "$1"; }

build_node() {
  local i=$1 j mac inner=$((mtu - overhead))
  overlay_mac "$i"
  {
    on_switch "$i" default
    # No "dev eth0": the kernel would then refuse the overlay MTU faults.
    echo "link add dev vx address $mac mtu $inner type vxlan id 1 dstport 8472 local 10.200.0.$i nolearning"
    echo "address add 10.244.$i.0/32 dev vx"
    echo "link set dev vx up"
    echo "link add dev cni0 mtu $inner type veth peer name eth0 mtu $inner netns $namespaces/pod$i"
    echo "address add 10.244.$i.1/24 dev cni0"
    echo "link set dev cni0 up"
    six "address add fd00:244:$i::1/64 dev cni0 nodad"
    for ((j = 1; j <= nodes; j++)); do
      ((j == i)) && continue
      overlay_mac "$j"
      echo "route add 10.244.$j.0/24 via 10.244.$j.0 dev vx onlink"
      echo "neighbour add 10.244.$j.0 lladdr $mac dev vx"
      six "neighbour add fd00:244:$j:: lladdr $mac dev vx"
      six "route add fd00:244:$j::/64 via fd00:244:$j:: dev vx onlink src fd00:244:$i::1"
    done
  } | inside "node$i" ip -batch -
  for ((j = 1; j <= nodes; j++)); do
    ((j == i)) && continue
    overlay_mac "$j"
    echo "fdb add $mac dev vx dst 10.200.0.$j"
  done | inside "node$i" bridge -batch -
  inside "node$i" nft -f - <<END
table inet lab {
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    oifname "eth0" ip saddr 10.244.$i.0/24 ip daddr != 10.244.0.0/16 masquerade
    oifname "eth0" ip6 saddr fd00:244:$i::/64 ip6 daddr != fd00:244::/32 masquerade
  }
}
END
  {
    echo "link set dev lo up"
    echo "address add 10.244.$i.2/24 dev eth0"
    echo "link set dev eth0 up"
    echo "route add default via 10.244.$i.1"
    six "address add fd00:244:$i::2/64 dev eth0 nodad"
    six "route add default via fd00:244:$i::1"
  } | inside "pod$i" ip -batch -
}

# Nodes are independent of each other; a few at a time keep all processors busy.
build_nodes() {
  local i width pids=() pid
  width=$(nproc)
  for ((i = 1; i <= nodes; i++)); do
    build_node "$i" & pids+=($!)
    ((${#pids[@]} < width)) && continue
    wait "${pids[0]}"
    pids=("${pids[@]:1}")
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

# host_names NUMBER NAME...: lines of a hosts file.
host_names() {
  echo "10.200.0.$1 ${*:2}"
  six "fd00:200::$1 ${*:2}"
}

# The DNS answers the lab's names and knows no others. Only in its debug mode (--no-daemon) does
# dnsmasq not try to become another user, which a user's own namespace cannot offer.
start_dns() {
  local i dns
  {
    host_names 252 dns
    host_names 253 server netchecker-service
    host_names 254 gateway
    host_names 250 router
    echo "203.0.113.1 outside"
    six "2001:db8::1 outside"
    for ((i = 1; i <= nodes; i++)); do
      host_names "$i" "node$i"
      echo "10.244.$i.2 pod$i"
      six "fd00:244:$i::2 pod$i"
    done
  } > "$namespaces/hosts"
  inside server dnsmasq --conf-file=/dev/null --no-daemon --no-resolv --no-hosts --no-poll \
    --addn-hosts="$namespaces/hosts" \
    --listen-address=10.200.0.252,127.0.0.1 ${ipv6_dns:+--listen-address="$ipv6_dns"} \
    --bind-interfaces "--address=/#/" < /dev/null > "$namespaces/dns.log" 2>&1 &
  dns=$!
  until grep -q ': started' "$namespaces/dns.log"; do
    kill -0 "$dns" 2> /dev/null || { cat "$namespaces/dns.log" >&2; return 1; }
    sleep 0.01
  done
}

# The lab's own /etc/resolv.conf, mounted over what it leads to; the machine's stays as it is.
# systemd-resolved and nscd would answer past it, so their sockets are hidden.
point_resolver() {
  local target directory
  for directory in /run/systemd/resolve /run/nscd; do
    [[ ! -d $directory ]] || mount -t tmpfs lab "$directory"
  done
  target=$(readlink -m /etc/resolv.conf)
  echo "nameserver 10.200.0.252" > "$namespaces/resolv.conf"
  case $target in /run/systemd/resolve/*) mkdir -p "${target%/*}"; : > "$target" ;; esac
  if [[ -e $target ]]; then
    mount --bind "$namespaces/resolv.conf" "$target"
  else
    echo "lab: this machine has no /etc/resolv.conf, so names in the lab must be asked at 10.200.0.252" >&2
  fi
}

build() {
  local ipv6_dns=
  ((!ipv6)) || ipv6_dns=fd00:200::252
  make_namespaces
  build_switch
  build_services
  build_nodes
  point_resolver
  start_dns
}
