# shellcheck shell=bash disable=SC2154  # state and holder are set by lab.
# The ways into a running lab: exec runs a command in it, publish lets the machine's own programs (a
# browser) reach the server.

# Runs in the lab's namespaces as the parent of the command. Only a child can be in the lab's PID
# namespace, so this shell stays between: it passes signals on and returns the exit code, and if it
# is killed the command dies with it. /sys shows the devices of the namespace it is mounted in.
# shellcheck disable=SC2016
attendant='
  mount -t sysfs sysfs /sys 2> /dev/null
  cd -- "$1" 2> /dev/null || { echo "lab: the directory $1 is not visible in the lab" >&2; exit 1; }
  shift
  forward() { signalled=1; kill -s "$1" "$child" 2> /dev/null; }
  for signal in HUP INT QUIT TERM USR1 USR2; do trap "forward $signal" "$signal"; done
  # A terminal sends these to both of us.
  if [[ -t 0 ]]; then trap "signalled=1" INT QUIT; fi
  exec 3<&0
  (trap - HUP INT QUIT TERM USR1 USR2; exec setpriv --pdeathsig KILL -- "$@") <&3 3<&- &
  child=$!
  exec 3<&- < /dev/null > /dev/null 2>&1
  while :; do
    signalled=
    wait "$child"
    code=$?
    [[ $signalled ]] || exit "$code"
  done
'

run() {
  local where enter
  case ${1-} in
    server | gw | router | sw) where=$1; shift ;;
    "" | *[!0-9]*) misuse "exec: '${1-}' is no place; say server, gw, router, sw, or a node and pod or host, as in: lab exec 1 pod ..." ;;
    *)
      need_lab
      check_node exec "$1"
      case ${2-} in
        pod) where=pod$1 ;;
        host) where=node$1 ;;
        *) misuse "exec: after node $1 say pod or host, not '${2-}'" ;;
      esac
      shift 2
      ;;
  esac
  (($#)) || misuse "exec: no command given, as in: lab exec server ip address"
  need_lab
  entering "$where" --mount --pid --no-fork
  exec "${enter[@]}" -- unshare --mount bash -c "$attendant" lab "$PWD" "$@"
}

# Runs in the lab's PID and mount namespaces, but in the machine's network: listens, and connects
# through the server's namespace. Says "ready", or why not; the log after that is of no use.
# shellcheck disable=SC2016
publisher='
  cd -- "$1" || exit
  setsid socat -d -d -t 30 "$2,fork,reuseaddr" EXEC:"nsenter --net=server socat -t 30 STDIO TCP4\:10.200.0.253\:$3" \
      2>&1 < /dev/null |
    while read -r line; do
      case $line in
        *" listening on "*) echo ready; exec cat > /dev/null ;;
        *" E "*) echo "${line##* E }" ;;
      esac
    done
'

publish() {
  local port=${1-} address=${2-127.0.0.1} listen line enter
  (($# >= 1 && $# <= 2)) || misuse "publish: it takes a port and perhaps an address, as in: lab publish 8081"
  whole_number publish "$port" 1 65535
  case $address in
    *[!0-9a-fA-F.:]* | "") misuse "publish: '$address' is not an IP address of this machine" ;;
    *:*) listen="TCP6-LISTEN:$port,bind=[$address]" ;;
    *) listen="TCP4-LISTEN:$port,bind=$address" ;;
  esac
  need_lab
  lock
  [[ ! -e $state/published/$address@$port ]] || return 0
  entering "" --mount --pid --no-fork
  read -r line < <(exec "${enter[@]}" -- bash -c "$publisher" lab "$state/ns" "$listen" "$port" 2>&1 9<&-) || true
  [[ $line == ready ]] || fail "port $port on $address cannot be published: ${line:-no answer}"
  : > "$state/published/$address@$port"
}
