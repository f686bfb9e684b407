/**
 * What is done in the shared file system, each by a process that may never come back (see os/apart.ts). Fixed texts:
 * whatever differs is an argument. None of them writes where the token is not the expected one: the bare mount point,
 * or another file system, must never get a person's folder.
 */

/** folder, name of this host → the two lines of the token; nothing when there is none. Shows that root can write and give files away. */
export const PROBE = `
set -eu
[ -f "$1/.docklet/token" ] || exit 0
t="$1/.docklet/probe.$2"
: > "$t"
chown 1000000:1000000 "$t"
rm -f "$t"
cat "$1/.docklet/token"
`;

/** folder, token, nonce */
export const CLAIM = `
set -eu
d="$1/.docklet"
mkdir -p -m 700 "$d"
if [ -s "$d/token" ]; then
  read -r was < "$d/token"
  [ "$was" = "$2" ] || { echo "it belongs to another data centre" >&2; exit 1; }
fi
mkdir -p -m 711 "$1/homes"
printf '%s\\n%s\\n' "$2" "$3" > "$d/token.new"
mv -f "$d/token.new" "$d/token"
`;

const RIGHT = `
read -r was < "$1/.docklet/token" || { echo "it has no .docklet/token" >&2; exit 1; }
[ "$was" = "$2" ] || { echo "it is not the one with people's data folders" >&2; exit 1; }
`;

/** folder, token, owner, first id, staging folder, slot */
export const SHOW = `
set -eu
${RIGHT}
h="$1/homes/$3"
if [ ! -d "$h" ]; then
  t=$(mktemp -d "$1/homes/.new.XXXXXXXX")
  : > "$t/.docklet"
  chown -R "$4:$4" "$t"
  mv -nT "$t" "$h"
  rm -rf "$t"
fi
[ "$(stat -c %u "$h")" = "$4" ] || { echo "the folder belongs to other ids than $4" >&2; exit 1; }
mkdir -p "$5"
mount --bind -o nosuid,nodev "$h" "$5"
mount --bind "$5" "$6"
umount -l "$5"
`;

/** folder, token, owner: out of sight at once; SWEEP deletes what is in it. */
export const REMOVE = `
set -eu
${RIGHT}
h="$1/homes/$3"
[ -d "$h" ] || exit 0
t=$(mktemp -d "$1/homes/.gone.XXXXXXXX")
mv -T "$h" "$t"
`;

/** folder, token: what was removed, and what was half made an hour ago and more. */
export const SWEEP = `
set -eu
${RIGHT}
find "$1/homes" -mindepth 1 -maxdepth 1 -name '.gone.*' -exec rm -rf {} +
find "$1/homes" -mindepth 1 -maxdepth 1 -name '.new.*' -mmin +60 -exec rm -rf {} +
`;
