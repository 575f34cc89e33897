#!/usr/bin/env bash
# setup_packages.sh - `make run` and `make test` on a computer that lacks packages: what is missing, why, and one thing to type.
. "$(dirname "$0")/../lib.sh"

mkdir "$tmp/bin"
printf '#!/bin/sh\nexit 1\n' >"$tmp/bin/pkg-config"
printf '#!/bin/sh\necho 1000\n' >"$tmp/bin/id"
printf '#!/bin/sh\n[ "$1" = -n ] && { echo "sudo: a password is required" >&2; exit 1; }\nexec "$@"\n' >"$tmp/bin/sudo"
printf '#!/bin/sh\necho "apt-get $*" >>"%s/installed"\n' "$tmp" >"$tmp/bin/apt-get"
chmod +x "$tmp"/bin/*
install() { env PATH="$tmp/bin:$PATH" make -C "$root" install-run </dev/null; }

t_case "sudo wants a password and there is no terminal: one message, with the command"
t_run 2 install
t_has "$out" "libsqlite3-dev"
t_has "$out" "the library: one file"
t_has "$out" "no terminal to type it at"
t_has "$out" "apt-get install -y --no-install-recommends"
t_is "$(grep -c 'a password is required' <<<"$out")" 0
t_ok test ! -e "$tmp/installed"

t_case "as root it installs by name, and says so when they are still missing"
printf '#!/bin/sh\necho 0\n' >"$tmp/bin/id"
t_run 2 install
t_has "$(cat "$tmp/installed")" "install -y --no-install-recommends liblua5.4-dev"
t_has "$out" "still missing after installing"

t_case "without sudo and without root it says what to type"
printf '#!/bin/sh\necho 1000\n' >"$tmp/bin/id"
rm "$tmp/bin/sudo"
for tool in bash make cut tr cat; do ln -sf "$(command -v $tool)" "$tmp/bin/$tool"; done
t_run 2 env PATH="$tmp/bin" make -C "$root" install-run
t_has "$out" "there is no sudo"

t_done
