#!/bin/sh
# Installs docklet on this machine, or takes it away again. `./install.sh --help` tells how.
# Progress goes to stderr; stdout gets three lines at the end: address, user, file with the password; two for a host that has
# joined a cluster: its name, and where the master is.
# Nothing runs before the last line has been read: a download that breaks off does no harm.
set -eu
umask 022

SYSTEMS="Debian 12, Debian 13, Ubuntu 22.04 and Ubuntu 24.04"
PACKAGES="lxc lxcfs btrfs-progs iptables ipset nftables iproute2 mmdebstrap openssh-client uidmap
  kmod procps util-linux mount zstd ca-certificates curl"
CONF=/etc/docklet/docklet.conf
UNIT=/etc/systemd/system/docklet.service
LXC_NET=/etc/default/lxc-net
STATE=/var/lib/docklet-install
LOCK=/run/lock/docklet-install
SETTINGS_MARK="# Kept by docklet's installer: docklet makes bridges of its own."

usage() {
  cat <<'TEXT'
usage: install.sh [--dry-run] [--packages | --uninstall [--purge]] [--help]

  From a clone:      sudo ./install.sh
  Through a pipe:    curl -fsSL "$URL/install.sh" | sudo INSTALL_DOCKLET_BASE_URL="$URL" sh
  One more host:     sudo DOCKLET_MASTER_IP=ADDRESS DOCKLET_JOIN_FILE=FILE ./install.sh
                     ADDRESS: the first machine's; FILE: what `docklet join-token create` printed there

  --dry-run          tell what would be done, change nothing
  --packages         install the host packages only
  --uninstall        stop docklet and its nodes, remove program and service; data and settings are kept
  --uninstall --purge
                     the same, and delete data and settings

Knobs, from the environment:
  INSTALL_DOCKLET_BASE_URL   where docklet-linux-<arch> and SHA256SUMS are; needed without a clone
  INSTALL_DOCKLET_VERSION    take them from BASE_URL/VERSION/
  INSTALL_DOCKLET_BIN_DIR    folder of the program (default /usr/local/bin)
  INSTALL_DOCKLET_IMAGE      image to build at the end (default base)
  INSTALL_DOCKLET_PACKAGES   more packages to install with those that docklet needs
  INSTALL_DOCKLET_SKIP_IMAGE=1   build no image
  INSTALL_DOCKLET_SKIP_START=1   install only: neither service nor image
  INSTALL_DOCKLET_FORCE=1    go on where the system is not supported or a check fails
  DOCKLET_JOIN_FILE=FILE     let this host join a cluster with the token in FILE: a worker, no portal
  DOCKLET_JOIN=TOKEN         the same with the token itself; others may see it in the list of processes
  DOCKLET_<KEY>=value        settings, written to a new /etc/docklet/docklet.conf
TEXT
}

say() { printf '==> %s\n' "$*" >&2; }
note() { printf '    %s\n' "$*" >&2; }
die() {
  printf 'install.sh: %s\n' "$1" >&2
  shift
  for line; do printf '  %s\n' "$line" >&2; done
  exit 1
}
# Carries a command out, or tells it.
do_() {
  if [ "$DRY" = 1 ]; then note "would run: $*"; else "$@"; fi
}
# A check that INSTALL_DOCKLET_FORCE=1 turns into a warning.
refuse() {
  [ "$FORCE" = 1 ] || die "$@"
  note "forced on: $1"
}
have() { command -v "$1" >/dev/null 2>&1; }
# setting KEY DEFAULT: what the configuration file says.
setting() {
  found=
  [ ! -f "$CONF" ] || found=$(sed -n "s/^[[:space:]]*$1[[:space:]]*=[[:space:]]*//p" "$CONF" | tail -n 1 |
    sed -e 's/[[:space:]]*#.*$//' -e 's/[[:space:]]*$//' -e "s/^[\"']\(.*\)[\"']\$/\1/")
  printf '%s\n' "${found:-$2}"
}
systemd() { [ -d /run/systemd/system ]; }

main() {
  read_arguments "$@"
  read_knobs
  [ "$DRY" = 1 ] || [ "$(id -u)" = 0 ] || die "this needs root." "Run it again with sudo."
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  only_one
  if [ "$MODE" = uninstall ]; then
    uninstall
    return
  fi
  check_system
  if [ "$MODE" = packages ]; then
    install_packages
    rmdir "$STATE" 2>/dev/null || :
    return
  fi
  need_source
  need_master
  half_finished
  check_space
  CHANGED=0
  mark "host packages" && install_packages
  mark "the program" && install_program
  mark "settings" && write_settings
  mark "checks" && check_host
  [ "$ROLE" != worker ] || { mark "joining" && join_cluster; }
  if [ "$SKIP_START" != 1 ]; then
    mark "the service" && start_service
    [ "$ROLE" = worker ] || { mark "the image $IMAGE" && build_image; }
  fi
  [ "$DRY" = 1 ] || rm -f "$STATE/unfinished"
  finish
}

read_arguments() {
  MODE=install DRY=0 PURGE=0
  for arg; do
    case $arg in
      --dry-run) DRY=1 ;;
      --packages) MODE=packages ;;
      --uninstall) MODE=uninstall ;;
      --purge) PURGE=1 ;;
      -h | --help)
        usage
        exit 0
        ;;
      *)
        usage >&2
        exit 2
        ;;
    esac
  done
  [ "$PURGE" = 0 ] || [ "$MODE" = uninstall ] || die "--purge goes with --uninstall."
}

read_knobs() {
  BIN_DIR=${INSTALL_DOCKLET_BIN_DIR:-/usr/local/bin}
  IMAGE=${INSTALL_DOCKLET_IMAGE:-base}
  SKIP_IMAGE=${INSTALL_DOCKLET_SKIP_IMAGE:-0}
  SKIP_START=${INSTALL_DOCKLET_SKIP_START:-0}
  FORCE=${INSTALL_DOCKLET_FORCE:-0}
  BASE_URL=${INSTALL_DOCKLET_BASE_URL:-}
  [ -z "${INSTALL_DOCKLET_VERSION:-}" ] || BASE_URL=$BASE_URL/$INSTALL_DOCKLET_VERSION
  BIN=$BIN_DIR/docklet
  PREFIX=$(setting FS_PREFIX "${DOCKLET_FS_PREFIX:-/opt/docklet}")
  case $PREFIX in
    / | /usr | /etc | /var | /home | /root | /bin | /lib | /opt | /srv | *..* | [!/]*) die "FS_PREFIX=$PREFIX can't be docklet's folder." ;;
  esac
  JOIN=${DOCKLET_JOIN:-} JOIN_FILE=${DOCKLET_JOIN_FILE:-}
  # What it is, it stays: an upgrade needs no token.
  ROLE=all
  if [ -n "$JOIN$JOIN_FILE" ] || { joined && [ ! -e "$PREFIX/local/master.db" ]; }; then ROLE=worker; fi
  ROLE_FLAG=
  [ "$ROLE" = all ] || ROLE_FLAG=" --role=$ROLE"
  CLONE=
  case $0 in
    *install.sh)
      here=$(cd "$(dirname "$0")" && pwd)
      [ ! -f "$here/package.json" ] || CLONE=$here
      ;;
  esac
}

# A second installer at the same time waits for nobody: it says so and leaves.
only_one() {
  [ "$DRY" = 1 ] && return
  mkdir -p "$(dirname "$LOCK")"
  exec 9>"$LOCK"
  flock -n 9 || die "another installation is running." "Wait until it has ended."
}

check_system() {
  ID='' VERSION_ID='' PRETTY_NAME='an unknown system'
  # shellcheck source=/dev/null
  [ ! -r /etc/os-release ] || . /etc/os-release
  case $ID:$VERSION_ID in
    debian:12 | debian:13 | ubuntu:22.04 | ubuntu:24.04) ;;
    *) refuse "$PRETTY_NAME is not supported." "Supported: $SYSTEMS." "INSTALL_DOCKLET_FORCE=1 tries it all the same, where apt-get exists." ;;
  esac
  have apt-get || die "there is no apt-get here." "Supported: $SYSTEMS."
  case $(uname -m) in
    x86_64) ARCH=x64 ;;
    aarch64) ARCH=arm64 ;;
    *) die "$(uname -m) is not supported: x86_64 or aarch64 is needed." ;;
  esac
}

need_source() {
  [ -n "$CLONE$BASE_URL" ] ||
    die "there is no clone beside this script, and INSTALL_DOCKLET_BASE_URL is not set." \
      "Run install.sh in a clone, or name the address that docklet-linux-$ARCH is under."
}

# Has this host an identity in a cluster?
joined() { [ -f "$PREFIX/local/identity/worker.json" ]; }

# What a host must know to join, before anything is changed.
need_master() {
  [ "$ROLE" = worker ] || return 0
  [ ! -e "$PREFIX/local/master.db" ] ||
    die "this host has a portal and a cluster of its own, and can't join another one." \
      "To give its cores to another cluster, take this one away first: install.sh --uninstall --purge"
  [ -n "$(setting MASTER_IP "${DOCKLET_MASTER_IP:-}")" ] ||
    die "it is not said where the master is." "Set DOCKLET_MASTER_IP to the address of the first machine."
  [ -z "$JOIN" ] || [ -z "$JOIN_FILE" ] || die "DOCKLET_JOIN and DOCKLET_JOIN_FILE are both set." "Leave one out."
  [ -z "$JOIN_FILE" ] || [ -r "$JOIN_FILE" ] ||
    die "the file $JOIN_FILE with the join token can't be read." "Put what \`docklet join-token create\` printed on the first machine into it."
}

half_finished() {
  [ -f "$STATE/unfinished" ] || return 0
  say "An earlier installation stopped at: $(cat "$STATE/unfinished"). Going on from there."
  [ "$DRY" = 1 ] || rm -rf "$BIN_DIR"/.docklet.new.* "$STATE"/download.*
}

mark() {
  [ "$DRY" = 1 ] && return
  mkdir -p "$STATE"
  printf '%s\n' "$1" >"$STATE/unfinished"
}

# What an installation adds, in MiB, on each file system that gets some of it.
check_space() {
  image=256
  [ "$SKIP_IMAGE$SKIP_START" != 00 ] || [ -e "$PREFIX/local" ] || image=3072
  program=0
  [ -x "$BIN" ] || program=300
  room "$PREFIX" "$image" "data and the image"
  room "$BIN_DIR" "$program" "the program"
  [ -z "$CLONE" ] || [ -d "$CLONE/node_modules" ] || room "$CLONE" 900 "building"
}

# room PATH MIB WHAT
room() {
  dir=$1
  while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
  free=$(($(df -Pk "$dir" | awk 'NR == 2 { print $4 }') / 1024))
  [ "$free" -ge "$2" ] ||
    refuse "not enough disk space: $3 needs $2 MiB below $1, and $free MiB are free there." \
      "Free some, or put FS_PREFIX on another disk: DOCKLET_FS_PREFIX=/folder."
}

missing_packages() {
  for p in $PACKAGES ${INSTALL_DOCKLET_PACKAGES:-}; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || :)" = installed ] || printf '%s ' "$p"
  done
}

install_packages() {
  missing=$(missing_packages)
  [ -n "$missing" ] || return 0
  say "Installing host packages: $missing"
  [ "$DRY" = 0 ] || return 0
  # lxc-net would bring up a bridge with a DHCP server: docklet has its own.
  [ -e "$LXC_NET" ] || printf '%s\nUSE_LXC_BRIDGE="false"\n' "$SETTINGS_MARK" >"$LXC_NET"
  mkdir -p "$STATE"
  log=$STATE/apt.log
  quiet_services
  # shellcheck disable=SC2086 # one word a package
  if ! { apt_get update && apt_get install $missing; } >"$log" 2>&1; then
    loud_services
    tail -n 15 "$log" >&2
    die "apt-get could not install: $missing" "The whole log: $log. Mend what it says and run install.sh again."
  fi
  loud_services
  rm -f "$log"
}

apt_get() {
  command=$1
  shift
  DEBIAN_FRONTEND=noninteractive apt-get "$command" -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 \
    -o Dpkg::Options::=--force-confold "$@" </dev/null
}

# Without systemd, packages must not start daemons of their own: docklet starts what it needs, and stops it.
quiet_services() {
  POLICY=/usr/sbin/policy-rc.d
  if systemd || [ -e $POLICY ]; then POLICY= && return; fi
  printf '#!/bin/sh\nexit 101\n' >$POLICY
  chmod 755 $POLICY
  trap 'rm -f $POLICY' EXIT
}
loud_services() { [ -z "$POLICY" ] || rm -f "$POLICY"; }

install_program() {
  if [ -n "$CLONE" ]; then build_program; else download_program; fi
}

# A fingerprint of everything that goes into the program: the same sources are not built twice.
fingerprint() {
  (cd "$CLONE" && find package.json bun.lock src static migrations scripts -type f -exec sha256sum {} + | LC_ALL=C sort) |
    sha256sum | cut -d' ' -f1
}

build_program() {
  sources=$(fingerprint)
  if [ -x "$BIN" ] && [ "$(cat "$STATE/sources" 2>/dev/null)" = "$sources $(sum "$BIN")" ] && [ "$FORCE" != 1 ]; then
    note "The program is up to date."
    return
  fi
  say "Building docklet (about a minute)"
  [ "$DRY" = 0 ] || return 0
  bun=$("$CLONE/scripts/bootstrap.sh") || die "Bun, which builds docklet, could not be fetched." "See the line above."
  # Root asks git about a clone that may be somebody else's, and Bun trusts whom the system trusts.
  (
    cd "$CLONE" && PATH=$bun:$PATH &&
      export PATH GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0="$CLONE" \
        NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}" &&
      bun install --frozen-lockfile >&2 && bun run scripts/build-binary.ts >&2
  ) || die "the build failed." "See the lines above."
  built=
  for file in "$CLONE/dist/docklet-linux-$ARCH" "$CLONE/dist/docklet"; do
    if [ -z "$built" ] && [ -x "$file" ]; then built=$file; fi
  done
  [ -n "$built" ] || die "the build left no program in $CLONE/dist."
  # Root built it, the clone may be somebody else's: leave nothing there that they can't remove.
  chown -R --reference="$CLONE/package.json" "$CLONE/node_modules" "$CLONE/dist" "$CLONE/.cache" 2>/dev/null || :
  place "$built"
  printf '%s %s\n' "$sources" "$(sum "$BIN")" >"$STATE/sources"
}

sum() { sha256sum "$1" | cut -d' ' -f1; }

download_program() {
  file=docklet-linux-$ARCH
  if [ "$DRY" = 1 ]; then
    note "would download $BASE_URL/$file and check it against SHA256SUMS"
    return
  fi
  temp=$(mktemp -d "$STATE/download.XXXXXX")
  fetch "$BASE_URL/SHA256SUMS" "$temp/SHA256SUMS"
  want=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$file\$/\1/p" "$temp/SHA256SUMS")
  [ -n "$want" ] || die "$BASE_URL/SHA256SUMS does not name $file." "Is INSTALL_DOCKLET_BASE_URL right?"
  if [ -x "$BIN" ] && [ "$(sum "$BIN")" = "$want" ]; then
    note "The program is up to date."
    rm -rf "$temp"
    return
  fi
  say "Downloading $file"
  fetch "$BASE_URL/$file" "$temp/$file"
  got=$(sum "$temp/$file")
  if [ "$got" != "$want" ]; then
    rm -rf "$temp"
    die "the download is damaged or not what its publisher made." "sha256 $got, but SHA256SUMS says $want. Nothing was installed."
  fi
  place "$temp/$file"
  rm -rf "$temp"
}

fetch() {
  curl -fsSL --retry 2 --connect-timeout 15 -o "$2" "$1" || die "$1 could not be downloaded." "Is INSTALL_DOCKLET_BASE_URL right?"
}

# The program changes in one step: whoever starts it meanwhile gets the old one or the new one.
place() {
  mkdir -p "$BIN_DIR"
  new=$BIN_DIR/.docklet.new.$$
  cp "$1" "$new" && chmod 755 "$new"
  version=$("$new" version) || { rm -f "$new" && die "the new program does not run on this machine."; }
  if [ -x "$BIN" ] && cmp -s "$new" "$BIN"; then
    rm -f "$new"
    return
  fi
  mv -f "$new" "$BIN"
  CHANGED=1
  say "Installed $(printf '%s' "$version" | head -n 1) as $BIN"
}

write_settings() {
  if [ -f "$CONF" ]; then
    [ "$DRY" = 1 ] || name_master
    [ "$DRY" = 1 ] || check_settings "$CONF"
    return
  fi
  say "Writing $CONF"
  [ "$DRY" = 0 ] || return 0
  mkdir -p "$(dirname "$CONF")"
  {
    printf '# Settings of docklet: KEY=value. All of them: docklet config show --origin\n'
    [ "$PREFIX" = /opt/docklet ] || printf "FS_PREFIX='%s'\n" "$PREFIX"
    for key in $(env | sed -n 's/^DOCKLET_\([A-Z0-9_]*\)=.*/\1/p' | LC_ALL=C sort -u); do
      case $key in FS_PREFIX | CONFIG | URL | TOKEN | JOIN | JOIN_FILE) continue ;; esac
      value=$(printenv "DOCKLET_$key")
      case $value in *"'"* | *"
"*) die "DOCKLET_$key has a quote or a line break in it." ;; esac
      printf "%s='%s'\n" "$key" "$value"
    done
  } >"$CONF.new"
  check_settings "$CONF.new"
  mv "$CONF.new" "$CONF"
  CHANGED=1
}

# A file that was there before has no master in it.
name_master() {
  [ "$ROLE" = worker ] && [ -z "$(setting MASTER_IP '')" ] || return 0
  say "Adding MASTER_IP to $CONF"
  case $DOCKLET_MASTER_IP in *"'"* | *"
"*) die "DOCKLET_MASTER_IP has a quote or a line break in it." ;; esac
  printf "MASTER_IP='%s'\n" "$DOCKLET_MASTER_IP" >>"$CONF"
  CHANGED=1
}

check_settings() {
  # shellcheck disable=SC2086 # a flag or none
  clean "$BIN" config validate --config "$1" $ROLE_FLAG >&2 || {
    rm -f "$CONF.new"
    die "a setting is wrong." "Correct what is named above, in $CONF or in DOCKLET_<KEY>, and run install.sh again."
  }
}

check_host() {
  [ "$DRY" = 0 ] || return 0
  # shellcheck disable=SC2086 # a flag or none
  said=$(clean "$BIN" doctor --fix $ROLE_FLAG 2>&1) && return
  printf '%s\n' "$said" >&2
  refuse "this host can't run docklet yet." "Mend the lines marked fail above and run install.sh again."
}

# The token goes by a pipe: it is neither in a list of processes nor on the disk, and of no use once this host has joined.
join_cluster() {
  [ -n "$JOIN$JOIN_FILE" ] || joined || die "this host has joined no cluster yet." "Run it again with DOCKLET_JOIN_FILE."
  if joined; then return 0; fi
  say "Joining the cluster of $(setting MASTER_IP "${DOCKLET_MASTER_IP:-}")"
  [ "$DRY" = 0 ] || return 0
  if [ -n "$JOIN_FILE" ]; then cat "$JOIN_FILE"; else printf '%s\n' "$JOIN"; fi |
    clean "$BIN" join --join-file /dev/stdin >&2 || die "this host could not join." "Mend what is named above and run install.sh again."
  CHANGED=1
}

# Runs the program with nothing of the caller's environment: settings come from the file alone.
CLEAN="env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 BUN_CONFIG_MAX_HTTP_REQUESTS=65536"
clean() { $CLEAN "$@" 9>&-; }

pid_file() { printf '%s\n' "$PREFIX/local/run/docklet.pid"; }

# The process id of a running docklet that is ours; empty: none.
running() {
  pid=$(cat "$(pid_file)" 2>/dev/null) || return 0
  case $pid in '' | *[!0-9]*) return 0 ;; esac
  if { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -q 'docklet.* serve'; then printf '%s\n' "$pid"; fi
}

start_service() {
  if systemd; then start_unit; else start_process; fi
  [ "$DRY" = 1 ] || wait_ready
}

unit() {
  cat <<TEXT
[Unit]
Description=docklet: private virtual clusters
Wants=network-online.target lxcfs.service
After=network-online.target lxcfs.service
StartLimitIntervalSec=0

[Service]
Type=notify
TimeoutStartSec=300
ExecStart=$BIN serve$ROLE_FLAG
Environment=BUN_CONFIG_MAX_HTTP_REQUESTS=65536
UnsetEnvironment=BUN_OPTIONS BUN_BE_BUN NODE_OPTIONS LD_PRELOAD
# Nodes outlive docklet: stopping or upgrading it never touches them.
KillMode=process
Delegate=yes
Restart=always
RestartSec=1
TimeoutStopSec=60
LimitNOFILE=1048576
TasksMax=infinity
OOMScoreAdjust=-500

[Install]
WantedBy=multi-user.target
TEXT
}

start_unit() {
  if ! unit | cmp -s - $UNIT; then
    CHANGED=1
    say "Writing $UNIT"
    [ "$DRY" = 1 ] || unit >$UNIT
    do_ systemctl daemon-reload
  fi
  systemctl is-enabled -q docklet 2>/dev/null || do_ systemctl enable -q docklet
  if [ "$CHANGED" = 1 ]; then
    say "Starting docklet"
    do_ systemctl restart docklet
  elif ! systemctl is-active -q docklet; then
    say "Starting docklet"
    do_ systemctl start docklet
  fi
}

start_process() {
  if [ -n "$(running)" ]; then
    [ "$CHANGED" = 1 ] || return 0
    do_ stop_process
  fi
  say "Starting docklet (no systemd here: start \`$BIN serve$ROLE_FLAG\` yourself after a reboot)"
  [ "$DRY" = 0 ] || return 0
  mkdir -p "$PREFIX/local/run" "$PREFIX/local/log"
  # shellcheck disable=SC3045 # dash and bash both have it, and it may fail
  ulimit -n 1048576 2>/dev/null || :
  # The shell itself becomes the service: nothing of the installer stays behind it.
  # shellcheck disable=SC2086 # a flag or none
  (exec $CLEAN setsid "$BIN" serve $ROLE_FLAG </dev/null >>"$PREFIX/local/log/serve.out" 2>&1 9>&-) &
  printf '%s\n' $! >"$(pid_file)"
}

# A process that ignores TERM for 60 seconds is ended; nodes are not its children.
stop_process() {
  pid=$(running)
  [ -n "$pid" ] || return 0
  say "Stopping docklet"
  kill -TERM "$pid" 2>/dev/null || :
  tries=0
  while [ -n "$(running)" ]; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || kill -KILL "$pid" 2>/dev/null || :
    sleep 0.2
  done
  rm -f "$(pid_file)"
}

wait_ready() {
  address=$(setting BIND_ADDRESS 127.0.0.1)
  case $address in 0.0.0.0) address=127.0.0.1 ;; ::) address='[::1]' ;; *:*) address="[$address]" ;; esac
  ready="http://$address:$(portal_port)/readyz"
  [ "$ROLE" != worker ] || ready="http://127.0.0.1:$(setting WORKER_PORT 9001)/readyz"
  tries=0
  until curl -fs -o /dev/null --max-time 5 "$ready"; do
    tries=$((tries + 1))
    if [ $tries -ge 600 ] || { [ $tries -ge 10 ] && ! alive; }; then
      tail -n 20 "$PREFIX"/local/log/*.log "$PREFIX/local/log/serve.out" >&2 2>/dev/null || :
      die "docklet did not become ready." "Its log is in $PREFIX/local/log. $(curl -s --max-time 5 "$ready" || :)"
    fi
    sleep 0.2
  done
}

alive() { if systemd; then systemctl is-active -q docklet; else [ -n "$(running)" ]; fi; }

portal_port() { setting NGINX_PORT "$(setting PORTAL_PORT 8080)"; }

build_image() {
  [ "$SKIP_IMAGE" != 1 ] || return 0
  if [ "$DRY" = 1 ]; then
    note "would build the image $IMAGE, unless it is there"
    return
  fi
  if clean "$BIN" image ls --json 2>/dev/null | tr -d ' \n' | tr '{' '\n' | grep "\"name\":\"$IMAGE\"" | grep -q '"state":"ready"'; then
    return
  fi
  CHANGED=1
  say "Building the image $IMAGE (some minutes; the portal works meanwhile)"
  clean "$BIN" image build "$IMAGE" >&2 ||
    die "the image $IMAGE could not be built." "docklet itself runs. Once mended: docklet image build $IMAGE, or install.sh again."
}

# The address under which this machine is reached, without asking anybody.
own_address() {
  address=$(setting PUBLIC_IP '')
  [ -n "$address" ] || {
    device=$(setting NETWORK_DEVICE "$(ip -4 -o route show default | sed -n 's/.* dev \([^ ]*\).*/\1/p' | head -n 1)")
    address=$(ip -4 -o addr show dev "${device:-lo}" scope global 2>/dev/null | awk 'NR == 1 { split($4, a, "/"); print a[1] }')
  }
  printf '%s\n' "${address:-127.0.0.1}"
}

finish() {
  if [ "$DRY" = 1 ]; then
    say "Dry run: nothing was changed."
    return
  fi
  [ "$CHANGED" = 1 ] || say "Nothing to do: docklet is installed and up to date."
  [ "$SKIP_START" != 1 ] || { say "Installed. Start it with: docklet serve$ROLE_FLAG" && return; }
  if [ "$ROLE" = worker ]; then
    printf 'host: %s\n' "$(setting HOST_NAME "$(uname -n)")"
    printf 'master: %s:%s\n' "$(setting MASTER_IP '')" "$(setting MASTER_PORT 9000)"
    return
  fi
  printf 'portal: %s\n' "$(setting PORTAL_URL "http://$(own_address):$(portal_port)")"
  printf 'user: root\n'
  printf 'password: in %s\n' "$PREFIX/local/generated_password.txt"
}

uninstall() {
  HOST=$(setting HOST_NAME "$(uname -n)")
  if [ ! -x "$BIN" ] && [ ! -e "$STATE" ] && [ ! -e $UNIT ]; then
    say "docklet is not installed."
    [ "$PURGE" = 1 ] || return 0
  fi
  if systemd && [ -e $UNIT ]; then
    say "Stopping docklet"
    do_ systemctl disable -q --now docklet
  fi
  if [ "$DRY" = 1 ]; then note "would stop docklet, if it runs"; else stop_process; fi
  if [ -x "$BIN" ]; then
    say "Removing nodes, networks, rules and mounts"
    do_ clean "$BIN" cleanup --all >&2 || die "docklet cleanup did not finish; the program is still there." "Mend what it says and run this again."
  fi
  [ "$DRY" = 1 ] || left_over
  do_ rm -f "$BIN" $UNIT /etc/sysctl.d/60-docklet.conf /etc/modules-load.d/docklet.conf
  if systemd; then do_ systemctl daemon-reload; fi
  if grep -qsF "$SETTINGS_MARK" $LXC_NET && [ "$(dpkg-query -W -f '${db:Status-Status}' lxc 2>/dev/null || :)" != installed ]; then
    do_ rm -f $LXC_NET
  fi
  do_ rm -rf "$STATE"
  if [ "$PURGE" = 1 ]; then
    say "Deleting $PREFIX and $(dirname $CONF)"
    do_ rm -rf --one-file-system "$PREFIX/local" "$(dirname $CONF)"
    # What an administrator has mounted there, a shared file system for example, is not ours to empty.
    if grep -q " $PREFIX/global " /proc/mounts; then
      note "Kept: $PREFIX/global, where a file system is mounted."
    else
      do_ rm -rf --one-file-system "$PREFIX/global"
    fi
    [ ! -d "$PREFIX" ] || do_ rmdir --ignore-fail-on-non-empty "$PREFIX"
  else
    note "Kept: $PREFIX and $CONF (--purge deletes them). Host packages stay, too."
  fi
  [ "$ROLE" != worker ] || note "Its master still lists this host. There: docklet host rm $HOST"
  say "docklet is uninstalled."
}

# Trust, but look: a mount that is still there must not be deleted through.
left_over() {
  if grep -q " $PREFIX/local/" /proc/mounts; then
    die "still mounted: $(grep " $PREFIX/local/" /proc/mounts | cut -d' ' -f2 | tr '\n' ' ')" "End what uses it and run this again."
  fi
}

main "$@"
