#!/usr/bin/env bash
# notify: a person's own tools hear when a run waits for a person, failed or completed; a deaf one never holds a run.
. "$(dirname "$0")/../lib.sh"

cat >"$tmp/done.lua" <<'LUA'
return { run = function() run.summary("all done") return { n = 1 } end }
LUA
cat >"$tmp/asks.lua" <<'LUA'
return { run = function() return gate.ask { title = "Go on?", show = "text", choices = { "yes", "no" } } end }
LUA

settings() {
  mkdir -p "$QUIRE_LIBRARY"
  printf 'return { notify = { %s } }\n' "$1" >"$QUIRE_LIBRARY/quire.lua"
}

t_case "a command hears of a completed run, on its standard input and in its environment"
settings "command = [[ (cat; echo; echo \"\$QUIRE_RUN \$QUIRE_STATUS\") > $tmp/told ]]"
t_run 0 "$QUIRE" run "$tmp/done.lua" --quiet
t_has "$(cat "$tmp/told")" '"status":"completed"'
t_has "$(cat "$tmp/told")" '"summary":"all done"'
t_has "$(cat "$tmp/told")" '1 completed'

t_case "a key in our environment is not in the command's"
settings "command = [[ env > $tmp/env ]]"
t_run 0 env OPENAI_API_KEY=sk-very-secret "$QUIRE" run "$tmp/done.lua" --quiet
t_is "$(grep -c very-secret "$tmp/env")" 0

t_case "a person hears that a run waits for him"
settings "command = [[ cat > $tmp/told ]]"
t_run 5 "$QUIRE" run "$tmp/asks.lua" --quiet
t_has "$(cat "$tmp/told")" '"wait_kind":"gate"'

t_case "a URL that fails is told again until it hears"
cat >"$tmp/server.pl" <<'PERL'
use IO::Socket::INET;
my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 0, ReuseAddr => 1) or die;
$| = 1;
print $s->sockport, "\n";
for my $status ("500 No", "200 OK") {
  my $c = $s->accept or die;
  my ($length, $body) = (0, "");
  while (my $line = <$c>) { $length = $1 if $line =~ /^content-length: *(\d+)/i; last if $line =~ /^\r?\n$/; }
  read($c, $body, $length);
  print $c "HTTP/1.1 $status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  close $c;
  print "$status $body\n";
}
PERL
perl "$tmp/server.pl" >"$tmp/server.out" &
t_at_exit kill $!
t_wait 5 test -s "$tmp/server.out"
settings "url = 'http://127.0.0.1:$(head -n 1 "$tmp/server.out")/', pause_s = 0.05"
t_run 0 "$QUIRE" run "$tmp/done.lua" --quiet
t_has "$(cat "$tmp/server.out")" '500 No {'
t_has "$(cat "$tmp/server.out")" '200 OK {'

t_case "a URL where nobody listens holds no run"
settings "url = 'http://127.0.0.1:9/', pause_s = 0.02, attempts = 2"
t_run 0 "$QUIRE" run "$tmp/done.lua" --quiet
t_run 0 "$QUIRE" show 5
t_has "$out" Completed

t_case "a command that hangs holds no export and no end of the host, and leaves no process behind"
fresh=$tmp/hangs
export QUIRE_LIBRARY=$fresh
settings "command = [[ echo \$\$ >>$tmp/shells; sleep 300 & echo \$! >>$tmp/sleeps; wait ]]"
cat >"$tmp/exports.lua" <<'LUA'
return { run = function() return { path = export.run({ format = "markdown", name = "book.md", book = { title = "T", language = "en", chapters = {} } }).path } end }
LUA
t_start "$tmp/serve" env QUIRE_UNGUARDED=1 "$QUIRE" serve
host=$pid
t_at_exit kill -9 $host
t_wait 10 grep -q "listens at" "$tmp/serve"
for i in 1 2 3 4 5; do t_run 0 "$QUIRE" run "$tmp/done.lua" --quiet; done # more than there are threads for exports
t_wait 10 test -s "$tmp/sleeps"
t_run 0 timeout 20 "$QUIRE" run "$tmp/exports.lua" --quiet
kill -TERM $host
ended() { ! kill -0 $host; }
t_wait 20 ended
gone() { ! kill -0 $(cat "$tmp/shells" "$tmp/sleeps"); }
t_wait 5 gone
t_done
