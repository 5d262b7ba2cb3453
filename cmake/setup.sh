# Shell functions for ./demo, ./test and .ci/run: sourced from the top of the tree, never run.

say() { printf '\n%s\n' "$*"; }
fail() {
  printf '\n%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# install_packages GROUP...: the packages of these groups of cmake/packages.txt, if any is missing.
# Without one missing it touches no network.
install_packages() {
  local group package reason missing=()
  while read -r group package reason; do
    [[ " $* " == *" $group "* ]] || continue
    if command -v dpkg-query >/dev/null; then
      [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] && continue
    fi
    missing+=("$package")
  done < <(sed -e '/^#/d' -e '/^ *$/d' cmake/packages.txt)
  ((${#missing[@]})) || return 0

  if ! command -v apt-get >/dev/null; then
    say "No apt-get here: taking it that what Debian calls ${missing[*]} is installed."
    return 0
  fi
  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      fail "these Debian packages are missing, and there is no sudo to install them: ${missing[*]}
As root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  say "Installing Debian packages: ${missing[*]}"
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  # An index that cannot be refreshed may still be good enough to install from.
  "${apt[@]}" update || say "apt-get update failed; trying with the package lists as they are."
  "${apt[@]}" install --no-install-recommends "${missing[@]}" ||
    fail "apt-get could not install: ${missing[*]}
Its own message is above. Usual causes: no network, or a machine that is not Debian 12 or newer."
}

# build_preset PRESET [--target NAME...] [-- CMAKE_OPTION...]: configure and build.
build_preset() {
  local preset=$1 targets=()
  shift
  while (($#)) && [[ $1 != -- ]]; do
    targets+=("$1")
    shift
  done
  (($#)) && shift
  cmake --preset "$preset" --log-level=NOTICE "$@"
  cmake --build --preset "$preset" "${targets[@]}"
}
