#!/usr/bin/env bash
# check.sh - what a reviewer need not look for: C style, Lua mistakes, include rules, single places, left-overs.
# Prints FILE:LINE for each breach; ends with 1 when there is one.
set -u
cd "$(dirname "$0")/.." || exit 1
breaches=0

breach() {
  printf '%s\n' "$@"
  breaches=$((breaches + 1))
}

# "file:line:text" on stdin; each line is a breach of $1.
each_breaches() {
  local rule=$1 line
  while IFS= read -r line; do [[ $line ]] && breach "$(cut -d: -f1,2 <<<"$line"): $rule: $(cut -d: -f3- <<<"$line")"; done
}

check_style() {
  local out
  mapfile -t files < <(find host tests -name node_modules -prune -o -name '*.[ch]' -print | LC_ALL=C sort)
  ((${#files[@]})) || return 0
  # The first place of each file; a batch prints at once, so that batches do not mix.
  out=$(printf '%s\0' "${files[@]}" | xargs -0 -P "$(nproc)" -n 8 bash -c '
    out=$(clang-format --dry-run -Werror "$@" 2>&1 | grep "error:" | LC_ALL=C sort -t: -k1,1 -u)
    [[ -z $out ]] || printf "%s\n" "$out"' batch)
  [[ -z $out ]] || breach "$out" "  (clang-format -i FILE puts it right)"
}

check_lua() {
  local out
  mapfile -t files < <(find scripts pipelines -name '*.lua' | LC_ALL=C sort)
  ((${#files[@]})) || return 0
  out=$(luacheck --quiet --codes --no-color "${files[@]}") || breach "$out"
}

# A name in a prompt is a name in every book.
check_prompts() {
  local found
  found=$(grep -nwE 'Alice|Elara|Marcus|Sarah|Lighthouse|Eldoria|Odalys' pipelines/*.lua scripts/phases/*.lua scripts/lib/*.lua |
    grep -v '_test\.lua:')
  each_breaches "somebody's book in a prompt" <<<"$found"
}

# ROOM: the rooms it may include from. Nothing reaches back up.
declare -A may_include=(
  [base]="base"
  [document]="document base"
  [http]="http base"
  [store]="store base"
  [lua]="lua base"
  [rehearsal]="rehearsal base lua"
  [llm]="llm base store lua rehearsal"
  [engine]="engine base store lua llm"
  [script_api]="script_api base store lua llm engine document"
  [acts]="acts base store lua llm engine document book"
  [view]="view base store"
  [book]="book base store view"
  [access]="access base http store"
  [web]="web base http store view book document acts access"
  [script_test]="script_test base store lua rehearsal llm script_api acts view config.h serve.h"
  [forecast]="forecast base store llm acts config.h serve.h scratch.h"
  [rehearsal_server]="rehearsal_server base http rehearsal"
  [cli]="cli base http store view llm acts web script_test forecast rehearsal_server config.h serve.h scratch.h guardian.h"
)

check_rooms() {
  local file line header room included
  while IFS=: read -r file line header; do
    room=${file#host/} room=${room%%/*}
    [[ -v may_include[$room] ]] || continue # host/main.c and its neighbours include all
    header=${header#*\"} header=${header%%\"*}
    included=${header%%/*}
    [[ $header != */* && -e host/$room/$header ]] && included=$room
    [[ " ${may_include[$room]} " == *" $included "* || " ${may_include[$room]} " == *" $header "* ]] && continue
    breach "$file:$line: $room may not include $header (only: ${may_include[$room]})"
  done < <(grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' host)
}

# The same through other headers: what a room cannot include it cannot reach by a header of another room either. The headers beside main.c
# put rooms together and end the chain. May be seen and not included:
declare -A may_see=(
  [cli]="rehearsal lua" # the structs of rehearse's options, and of a script's test
  [script_test]="engine" # by the script API
)

check_indirect_rooms() {
  local room rows
  rows=$(for room in "${!may_include[@]}"; do echo "may $room ${may_include[$room]} ${may_see[$room]-}"; done
    grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' host | sed -E 's/^([^:]+):[0-9]+:.*"([^"]+)".*/inc \1 \2/')
  each_breaches "sees a room that it may not include" < <(awk '
    $1 == "may" { for (i = 3; i <= NF; i++) may[$2, $i] = 1; rooms[$2] = 1; next }
    { to = "host/" $3; own = $2; sub("[^/]*$", $3, own); n[$2]++; header[$2, n[$2]] = $3 ~ "/" ? to : own }
    function room_of(path, parts) { return split(path, parts, "/") > 2 ? parts[2] : "" }
    function walk(path, i, next_one) {
      for (i = 1; i <= n[path]; i++) {
        next_one = header[path, i]
        if (next_one in seen) continue
        seen[next_one] = 1
        other = room_of(next_one)
        if (other != "" && other in rooms && !((room, other) in may)) print from ":0:" next_one " through " path
        if (other != "") walk(next_one)
      }
    }
    END { for (from in n) { room = room_of(from); if (!(room in rooms)) continue; split("", seen); walk(from) } }' <<<"$rows" | LC_ALL=C sort)
}

# The browser's rooms: core <- parts <- screens. Only routes.js names screens, and main.js puts the page together.
check_ui_rooms() {
  local line
  while IFS= read -r line; do
    case $line in
    host/ui/core/*parts/* | host/ui/core/*screens/*) breach "$line (core imports only core)" ;;
    host/ui/parts/*screens/*) breach "$line (parts import only core and parts)" ;;
    esac
  done < <(grep -rnE --include='*.js' '(^|[^a-z.])(from|import)[ (]*"\.' host/ui)
}

# only_in 'pattern' 'what' files-that-may...
only_in() {
  local pattern=$1 what=$2 found
  shift 2
  found=$(grep -rnE --include='*.[ch]' "$pattern" host | grep -v 'quire sql') # (help on `quire sql` shows a query)
  for place in "$@"; do found=$(grep -v "^$place" <<<"$found"); done
  each_breaches "$what belongs in $*" <<<"$found"
}

check_single_places() {
  local found include='#[[:space:]]*include[[:space:]]*<'
  only_in "$include(lua|lauxlib|lualib|lua-cjson)\.h>" "Lua's C API" host/lua/ host/script_api/ host/script_test/ host/engine/run.c \
    host/engine/sched.c host/engine/wait.c host/engine/report.c host/engine/pressure.c host/llm/adapter.c
  only_in "${include}curl/" "curl" host/llm/
  only_in "${include}civetweb\.h>" "civetweb" host/http/
  found=$(grep -nE '\b(v?f?printf|v?dprintf|f?puts|f?putc|putchar|fwrite|json_dumpf)[[:space:]]*\(' host/cli/*.c | grep -vE '^host/cli/(output|terminal)\.c:')
  each_breaches "the command line prints through output.h only" <<<"$found"
  only_in "${include}sqlite3\.h>" "SQLite" host/store/sqlite/
  local dialect='PRAGMA|INSERT OR|UPDATE OR|REPLACE INTO|GLOB|NOCASE|AS BLOB|WITHOUT ROWID|RAISE\(|(instr|json_[a-z]+|strftime|unixepoch|datetime|group_concat|printf)\('
  found=$(grep -rnE --include='*.[ch]' "\"[^\"]*\b(SELECT|INSERT|UPDATE|DELETE|WHERE|AND|OR|PRAGMA)\b[^\"]*\b($dialect)|\"[^\"]*\b(PRAGMA|sqlite_[a-z]+|INSERT OR|UPDATE OR)\b" host | grep -v '^host/store/sqlite/')
  each_breaches "SQLite's dialect belongs in host/store/sqlite/ (dialect.h has the words that others spell differently)" <<<"$found"
  found=$(grep -rnE --include='*.[ch]' '#[[:space:]]*include[[:space:]]*"store/sqlite/' host | grep -vE '^host/store/sqlite/|^host/store/sql\.h:[0-9]+:#include "store/sqlite/dialect\.h"')
  each_breaches "only the driver includes the driver's headers" <<<"$found"
  found=$(grep -niE '\b(wal|pragma|checkpoint|file|path)s?\b' host/store/db.h | grep -vE 'const char \*file, int line|#pragma once' | sed 's#^#host/store/db.h:#')
  each_breaches "db.h knows transactions, statements and errors" <<<"$found"
  only_in '"[^"]*\b(SELECT [^"]*|INSERT (OR [A-Z]+ )?INTO|UPDATE [a-z_]+ SET|DELETE FROM|CREATE TABLE)\b' "SQL" host/store/
  local resumes
  resumes=$(grep -rnE --include='*.[ch]' '\blua_resume[[:space:]]*\(' host)
  if (($(grep -c . <<<"$resumes") > 1)); then each_breaches "one function resumes Lua" <<<"$resumes"; fi
}

check_left_overs() {
  local words='TO''DO|FIX''ME|XX''X|HA''CK' paths='/wo''rk/(main|shared)|/ho''me/[a-z]|/ro''ot/' found
  local places=(host scripts pipelines tests Makefile .ci)
  [[ -e README.md ]] && places+=(README.md)
  found=$(grep -rnwIE --exclude-dir=node_modules "$words" "${places[@]}")
  each_breaches "left over" <<<"$found"
  found=$(grep -rnIE --exclude-dir=node_modules "$paths" "${places[@]}")
  each_breaches "a path of one machine" <<<"$found"
}

# Words that people read, in plain current English: the field's verb, an object, the present tense (the glossary is in host/README.md).
# Strings only; a comment may say what it likes. `#: plain` at a line's end excuses a phrase that is meant as it stands.
check_words() {
  local found idioms='\banew\b|\b(goes|go) on\b|\bby itself\b|\bis no [a-z]+|\bany more\b|take (it |them )?along|\bin force\b|\bbeneath\b|puts? (it|them) aside'
  idioms+='|\b[Ww]hat shall be\b|\bopens nothing\b|told (only )?(this )?once|\bhears\b|says? otherwise|\bis whole\b|\brests (until|there)\b|^no [a-z]+ is like|lets? it go\b|take .* away\b|nobody (owns|reads|runs|holds|synchronises)'
  found=$({
    grep -rnoE --include='*.js' '"[^"]*"|`[^`]*`' host/ui
    grep -rnoE --include='*.c' '"([^"\\]|\\.)*"' host | grep -vE '^host/(rehearsal|store/sqlite/schema\.c)'
    grep -rnE 'log\.(info|warn|error)\(|error\(|(title|description|help) = "' scripts pipelines --include='*.lua' | grep -v '_test\.lua:'
    grep -nHE '.' README.md host/service.md host/settings.md
  } | grep -E "$idioms" | grep -vE "[Tt]here is no |is no longer |#: plain|A lighthouse keeper")
  each_breaches "an idiom in words that people read" <<<"$found"
}

# What a test or a tool leaves in the tree is easily taken into a commit.
check_top_level() {
  local found
  found=$(git ls-files 2>/dev/null | cut -d/ -f1 | sort -u | grep -vxE '\..*|host|scripts|pipelines|tests|findings|Makefile|Dockerfile|README\.md|LICENSE' | sed 's/$/:0:/')
  each_breaches "has no place at the top of the tree" <<<"$found"
}

# A value in a message stands between two quotes or none.
check_quotes() {
  each_breaches "a quote before a value and none after it" \
    < <(grep -rnE --include='*.c' "'%(\.[0-9]+)?(s|d|lld|zu) [a-z]" host)
}

# A file that grew is two; one that truly is one thing says so in its head.
check_lengths() {
  local file
  while IFS= read -r file; do
    head -40 "$file" | grep -q 'Longer than 500 lines: .' && continue
    breach "$file:1: has more than 500 lines: split it where it is two things, or say 'Longer than 500 lines: WHY' in its head"
  done < <(git ls-files -z -- '*.[ch]' '*.lua' '*.js' '*.mjs' '*.sh' '*.css' 2>/dev/null | xargs -0 wc -l 2>/dev/null | awk '$1 > 500 && $2 != "total" { print $2 }')
}

# A stranger finds each room by its row in the plan of the house.
check_plan() {
  local room
  for room in host/*/; do
    room=${room#host/}
    [[ $room == ui/ ]] || grep -q "^|.*\`$room\`" host/README.md || breach "host/README.md:1: has no row for the room $room"
  done
}

# What a caller of Lua must know: whether it may come back by a longjmp. The head of a header may say it for all.
check_raises() {
  local found
  mapfile -t files < <(grep -rl --include='*.h' 'lua_State' host)
  found=$(awk 'BEGIN { RS = "" } FNR == 1 { head = /[Rr]aise/ }
    !head && !/[Rr]aise/ && match($0, /[a-z_]+\([^()]*lua_State \*/) { print FILENAME ":0:" substr($0, RSTART, RLENGTH) }' "${files[@]}")
  each_breaches "a contract that does not say whether it may raise" <<<"$found"
}

# A reader trusts a comment: a function or file that it names is there.
check_comments() {
  local found
  mapfile -t files < <(find host scripts pipelines tests Makefile \( -name node_modules -prune \) -o -type f \
    \( -name '*.[ch]' -o -name '*.lua' -o -name '*.js' -o -name '*.sh' -o -name '*.md' -o -name Makefile \) -print)
  files+=(README.md)
  found=$(lua5.4 tests/comments.lua "${files[@]}")
  [[ -z $found ]] || breach "$found"
}

# Debian 12 has node 18; a newer one hides what is missing there.
check_node() {
  local found
  found=$(grep -HnE '"node": ">=(19|[2-9][0-9])' tests/browser/package-lock.json
    grep -rnE --include='*.js' --exclude-dir=node_modules 'import\.meta\.(dirname|filename)' tests/browser)
  each_breaches "needs a newer node than Debian 12's 18" <<<"$found"
}

check_style
check_lua
check_prompts
check_rooms
check_indirect_rooms
check_ui_rooms
check_single_places
check_left_overs
check_words
check_quotes
check_top_level
check_lengths
check_plan
check_raises
check_comments
check_node
if ((breaches)); then
  echo "check: $breaches breaches"
  exit 1
fi
echo "check: style, scripts, include rules and single places hold"
