#!/usr/bin/env bash
# Books through models with manners, people at work on them, and kills. After each book: the auditor is content, the provider's own list of
# requests is within P2 and booked to the cent, what a person left stands where he left it, and what models said beside the story is not in the
# book. A book that a model's manners ended is retried with a well-mannered one, and must be finished then.
#
#   SEED=7 BOOKS=40 tests/faults/long/manners.sh      FIRST=12 BOOKS=1 SEED=7: the twelfth of them alone
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$root/tests/rehearse.sh"
. "$root/tests/faults.sh"
. "$root/tests/person.sh"

: "${SEED:=2}" "${BOOKS:=2}" "${FIRST:=1}" "${BOOK_SECONDS:=90}"
echo "# SEED=$SEED BOOKS=$BOOKS FIRST=$FIRST"
rehearse_start --latency 25 --chunks 3 || { t_case "the rehearsal provider starts"; t_fail "no address"; t_done; }
mapfile -t manners < <("$QUIRE" rehearse --help | awk '/^ *Manners/ { on = 1; next } /^$/ { on = 0 } on { sub(/=.*/, "", $1); print $1 }')
t_case "the manners are known"
t_ok test "${#manners[@]}" -gt 30

books_library() {
  rm -rf "$QUIRE_LIBRARY"
  mkdir -p "$QUIRE_LIBRARY"
  cat >"$QUIRE_LIBRARY/quire.lua" <<LUA
return {
  providers = { stub = { adapter = "rehearsal", base_url = "http://$rehearse/v1", retries = 4, concurrency = 4, first_byte_s = 5, idle_s = 5,
    options = { headers = { ["X-Quire-Call"] = "{{call}}" } } } },
  roles = { default = "stub/novelist" },
  prices = { ["stub/novelist"] = { input = 1, cached_read = 1, output = 2 } },
}
LUA
}

# A few manners by dice, each for all requests, for some, or for a role; sometimes a provider that stumbles as well.
mix() {
  local roles=(planner writer judge extractor) dice=(1 0.5 0.2 0.05) when i list=() faults='[]'
  for ((i = RANDOM % 4; i >= 0; i--)); do
    when="p=${dice[RANDOM % 4]}"
    ((RANDOM % 3)) || when+=",role=${roles[RANDOM % 4]}"
    list+=("\"${manners[RANDOM % ${#manners[@]}]}:$when\"")
  done
  ((RANDOM % 2)) || list+=('"any:p=0.01"')
  ((RANDOM % 4)) || faults='["cut:p=0.04", "500:p=0.04", "nostop:p=0.02"]'
  mixture="{\"seed\": $((RANDOM + 1)), \"faults\": $faults, \"manners\": [$(IFS=,; echo "${list[*]}")]}"
}

run_field() { sql "SELECT $1 FROM runs WHERE id = $person_run"; }
calls_made() { sql "SELECT count(*) FROM calls"; }

# Ends what ended without a book: cancelled by the person, or failed by manners, which are better from then on.
again() {
  if [[ $1 == failed ]]; then
    failures=$((failures + 1))
    rehearse_control '{"manners": [], "faults": []}'
  fi
  person_asks POST "runs/$person_run/retry" '{}'
  [[ $code == 200 ]] || { echo "# retry of run $person_run: $code $answer"; return 1; }
  person_run=$(person_field '$.run')
}

# One book to its end; "" or what went wrong in $stuck.
drive() {
  local end=$((SECONDS + BOOK_SECONDS)) next=$((RANDOM % 6)) lives=0 status
  stuck=''
  while ((SECONDS < end)); do
    status=$(run_field status)
    case $status in
    completed) return ;;
    failed | cancelled)
      lives=$((lives + 1))
      ((lives < 12)) || { stuck="it ended $lives times without a book: $(sql "SELECT error FROM run_texts WHERE run_id = $person_run" | head -c 300)"; return; }
      again "$status" || { stuck="no retry"; return; }
      continue
      ;;
    waiting)
      if [[ $(run_field wait_kind) == gate ]]; then person_decides; else person_asks POST "runs/$person_run/resume" '{}'; fi
      ;;
    esac
    if (($(calls_made) >= next)); then
      next=$((next + RANDOM % 4 + 1))
      if ((RANDOM % 5 == 0)); then
        host_kill && kills=$((kills + 1)) deed="a kill"
        t_wait 15 serve_ready
      else
        person_deed
        deeds=$((deeds + 1))
      fi
      said+=("$deed")
    else
      t_sleep 0.03
    fi
  done
  stuck="not finished after $BOOK_SECONDS s: $(run_field "status || ' ' || coalesce(wait_for, '')")"
}

failures=0 kills=0 deeds=0 requests=0 completed=0
for ((book = FIRST; book < FIRST + BOOKS; book++)); do
  RANDOM=$((SEED * 1000 + book))
  mix
  t_case "book $book: $mixture"
  QUIRE_LIBRARY=$tmp/library.$book
  said=()
  books_library
  ledger_clear
  rehearse_control "$mixture" || t_fail "the mixture is not taken"
  serve_start
  review=$([[ $((RANDOM % 2)) == 0 ]] && echo true || echo false)
  person_begin "book-$book"
  person_asks POST runs "{\"pipeline\":\"generate_book\",\"project\":\"book-$book\",\"input\":{\"title\":\"Book $book\",\"brief\":\"A clockmaker in a drowned town mends the clock.\",\"chapters\":$((RANDOM % 3 + 2)),\"words_per_chapter\":300,\"candidates\":1,\"review\":$review}}"
  person_run=$(person_field '$.run')
  drive
  t_is "$stuck" ""
  [[ $stuck ]] || completed=$((completed + 1))
  serve_stop
  t_is "$(audit)" ""
  t_is "$(ledger_judged)" ""
  t_is "$(ledger_booked)" ""
  t_is "$(person_kept)" ""
  t_is "$(published "book-$book")" ""
  t_is "$(person_published "$tmp/published/book.md")" ""
  [[ $t_state != fail ]] || printf '# %s\n' "${said[@]}" "kept in $QUIRE_LIBRARY while the test runs; SEED=$SEED FIRST=$book BOOKS=1 makes it again"
  requests=$((requests + $(ledger_total)))
done
echo "# SEED=$SEED: $BOOKS books, $completed completed, $failures runs ended by manners and retried, $deeds deeds of a person, $kills kills, $requests requests"
t_done
