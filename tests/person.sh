# shellcheck shell=bash
# person.sh - a person at work on a book that is being written. Source it after lib.sh, rehearse.sh and faults.sh; the host is up, or comes back.
# What he does is chosen by RANDOM, so that a seed repeats it.
#
#   person_begin PROJECT            another book: nothing of his stands in it yet
#   person_deed RUN                 one thing, by dice: an edit of a chapter or a plan, a proposal taken or left, a note, a pause, a cancel
#                                   and retry, other settings. It may not succeed (there is nothing to edit yet): $deed says what came of it
#   person_decides RUN              answers the open gates of a run: the first choice mostly, else any
#   person_kept                     "" when each document's newest version is the one he left there, else what is not
#   person_published FILE           "" when a book in Markdown has each sentence of his once, in the order of the chapters that he wrote them into
#   $person_run                     the run of the book now; a retry makes another one

person_project='' person_run='' deed=''
declare -A person_left=() # document -> the version that he made or took last
declare -A person_text=() # document -> a sentence of his in it

person_begin() { person_project=$1 person_left=() person_text=() deed=''; }

# METHOD PATH JSON [IF-MATCH] -> $answer, $code. A host that just died is asked again when it is back.
person_asks() {
  local tries
  for ((tries = 0; tries < 100; tries++)); do
    code=$(curl -s -m 20 -o "$tmp/person.answer" -w '%{http_code}' -X "$1" -H "Authorization: Bearer $(owner_field token)" \
      -H 'Content-Type: application/json' ${4:+-H "If-Match: \"v$4\""} ${3:+--data-binary "$3"} "http://$(owner_field address)/api/$2")
    [[ $code == 000 || $code == 503 ]] || break
    t_sleep 0.1
  done
  answer=$(tr -d '\0' <"$tmp/person.answer")
}
person_field() { t_sql :memory: "SELECT json_extract(CAST(readfile('$tmp/person.answer') AS TEXT), '$1')"; }
# Documents of the book whose names match a pattern; one of them by dice.
person_picks() {
  local names
  mapfile -t names < <(sql "SELECT a.name FROM artifacts a JOIN projects p ON p.id = a.project_id WHERE p.slug = '$person_project' AND a.head AND a.name GLOB '$1' ORDER BY a.name")
  ((${#names[@]})) || return 1
  picked=${names[RANDOM % ${#names[@]}]}
}

# Saves what an SQL expression over the old text (`old`) gives. Nothing is saved over a version that he has not seen.
person_saves() { # DOCUMENT EXPRESSION
  local version
  person_asks GET "projects/$person_project/artifacts/$1"
  [[ $code == 200 ]] || { deed="$1 is not there: $code"; return 1; }
  version=$(person_field '$.version')
  t_sql :memory: "SELECT json_object('content', $2) FROM (SELECT json_extract(CAST(readfile('$tmp/person.answer') AS TEXT), '$.content') AS old)" >"$tmp/person.text"
  person_asks PUT "projects/$person_project/artifacts/$1" "@$tmp/person.text" "$version"
  deed="edits $1 over version $version: $code"
  [[ $code == 200 ]] || { deed+=" $answer"; return 1; }
  person_left[$1]=$(person_field '$.version')
}

person_edits_chapter() {
  local words
  person_picks 'chapters/*.md' || { deed='no chapter yet'; return; }
  words="I wrote this line myself, number $RANDOM."
  person_saves "$picked" "old || char(10, 10) || '$words'" && person_text[$picked]=$words
}

person_edits_plan() {
  person_picks 'plans/*.json' || { deed='no plan yet'; return; }
  person_saves "$picked" "json_set(old, '$.purpose', 'Somebody finds the key number $RANDOM.') || ''"
}

# Takes the newest proposal over a document, or writes his own text again over it.
person_proposal() {
  local row name number head
  row=$(sql "SELECT a.name, max(v.number), h.number FROM artifacts a JOIN projects p ON p.id = a.project_id JOIN artifact_versions h ON h.id = a.head
    JOIN artifact_versions v ON v.artifact_id = a.id AND v.state = 'proposal' AND v.number > h.number WHERE p.slug = '$person_project' GROUP BY a.id ORDER BY a.name LIMIT 1")
  [[ $row ]] || { deed='no proposal'; return; }
  IFS='|' read -r name number head <<<"$row"
  if ((RANDOM % 2)); then
    person_asks POST "projects/$person_project/accept/$name" "{\"version\":$number}" "$head"
    deed="takes proposal $number of $name: $code"
    [[ $code == 200 ]] && unset "person_text[$name]"
  else
    person_asks POST "projects/$person_project/restore/$name" "{\"version\":$head}" "$head"
    deed="leaves proposal $number of $name: $code"
  fi
  [[ $code == 200 ]] && person_left[$name]=$(person_field '$.version')
}

person_notes() {
  person_asks POST "runs/$person_run/notes" "{\"text\":\"More rain, please, number $RANDOM.\"}"
  deed="a note: $code"
}

person_pauses() {
  person_asks POST "runs/$person_run/pause" '{}'
  deed="a pause: $code" # the driver resumes what rests
}

person_cancels() {
  person_asks POST "runs/$person_run/cancel" '{}'
  deed="a cancel: $code" # the driver retries what was cancelled
}

# Other numbers of quire.lua: they hold from the next life of the host on.
person_settings() {
  sed -i "s/retries = [0-9]*/retries = $((RANDOM % 3 + 2))/; s/concurrency = [0-9]*/concurrency = $((RANDOM % 4 + 1))/" "$QUIRE_LIBRARY/quire.lua"
  serve_stop
  serve_start
  deed="other settings, and a restart"
}

person_deed() {
  local tries
  for ((tries = 0; tries < 4; tries++)); do
    case $((RANDOM % 12)) in
    0 | 1 | 2) person_edits_chapter ;;
    3 | 4) person_edits_plan ;;
    5 | 6 | 7) person_proposal ;;
    8) person_notes ;;
    9) person_pauses ;;
    10) person_cancels ;;
    11) person_settings ;;
    esac
    [[ $deed == no\ * ]] || return # there was something to do it to
  done
}

person_decides() {
  local gate choices choice
  for gate in $(sql "SELECT id FROM gates WHERE run_id = $person_run AND status = 'open' ORDER BY id"); do
    mapfile -t choices < <(sql "SELECT value FROM json_each((SELECT choices FROM gates WHERE id = $gate))")
    choice=${choices[0]}
    if ((RANDOM % 4 == 0)); then choice=${choices[RANDOM % ${#choices[@]}]}; fi
    person_asks POST "gates/$gate" "{\"choice\":\"$choice\",\"by\":\"the person\"}"
    deed="gate $gate: $choice: $code"
  done
}

person_kept() {
  local name head
  for name in "${!person_left[@]}"; do
    head=$(sql "SELECT version FROM v_artifacts WHERE project = '$person_project' AND name = '$name' AND is_head")
    [[ $head == "${person_left[$name]}" ]] || echo "$person_project/$name is version $head, and a person left version ${person_left[$name]} there"
    [[ ! ${person_text[$name]-} ]] || [[ $(sql "SELECT instr(CAST(content AS TEXT), '${person_text[$name]}') > 0 FROM v_artifacts WHERE project = '$person_project' AND name = '$name' AND is_head") == 1 ]] ||
      echo "$person_project/$name has lost a sentence of a person: ${person_text[$name]}"
  done
}

# Whole lines: what he wrote was a paragraph.
person_published() {
  local name line last=0
  for name in $(printf '%s\n' "${!person_text[@]}" | sort); do
    line=$(grep -nxF "${person_text[$name]}" "$1" | cut -d: -f1)
    [[ $line =~ ^[0-9]+$ ]] || { echo "$person_project: the sentence of $name stands not once in the book: ${person_text[$name]}"; continue; }
    ((line > last)) || echo "$person_project: the sentence of $name stands before one of an earlier chapter"
    last=$line
  done
}
