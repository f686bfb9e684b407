#!/bin/sh
# Fetches the Bun that package.json pins, checks it against bun.lock and prints the folder it is in.
# Nothing is installed outside this tree, except npm itself (by apt) where it is missing.
set -eu

say() { printf '%s\n' "$*" >&2; }
die() {
  say "bootstrap: $*"
  exit 1
}

main() {
  root=$(cd "$(dirname "$0")/.." && pwd)
  version=$(sed -n 's/^ *"bun": "\([0-9][0-9.]*\)".*/\1/p' "$root/package.json")
  [ -n "$version" ] || die "package.json names no Bun version"
  for dir in "$root/node_modules/.bin" "$root/.cache/bun-$version"; do
    if [ -x "$dir/bun" ] && [ "$("$dir/bun" --version 2>/dev/null)" = "$version" ]; then
      printf '%s\n' "$dir"
      return
    fi
  done

  case $(uname -m) in
    x86_64) package=bun-linux-x64 ;;
    aarch64) package=bun-linux-aarch64 ;;
    *) die "no Bun for $(uname -m): x86_64 or aarch64 is needed" ;;
  esac
  want=$(sed -n "s|^ *\"@oven/$package\": \[.*\"\(sha512-[^\"]*\)\"\],*\$|\1|p" "$root/bun.lock")
  [ -n "$want" ] || die "bun.lock has no checksum for @oven/$package"
  need npm npm
  need openssl openssl

  temp=$(mktemp -d)
  trap 'rm -rf "$temp"' EXIT
  say "Fetching Bun $version"
  (cd "$temp" && npm pack --loglevel=error "@oven/$package@$version" >/dev/null) || die "npm could not fetch Bun $version"
  got=sha512-$(openssl dgst -sha512 -binary "$temp"/*.tgz | base64 -w0)
  [ "$got" = "$want" ] || die "the Bun that was fetched is not the one in bun.lock: $got, expected $want"
  tar -xzf "$temp"/*.tgz -C "$temp"
  mkdir -p "$root/.cache"
  rm -rf "$root/.cache/bun-$version"
  mv "$temp/package/bin" "$root/.cache/bun-$version"
  chmod 755 "$root/.cache/bun-$version/bun"
  ln -sf bun "$root/.cache/bun-$version/bunx"
  printf '%s\n' "$root/.cache/bun-$version"
}

# need COMMAND PACKAGE
need() {
  command -v "$1" >/dev/null 2>&1 && return
  [ "$(id -u)" = 0 ] || die "$1 is missing; as root: apt-get install --no-install-recommends $2"
  say "Installing $2"
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$2" >/dev/null </dev/null ||
    die "apt-get could not install $2; run apt-get update first"
}

main "$@"
