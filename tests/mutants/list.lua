-- list.lua - small breaks, each of a promise. Fields: name; room; loses (what a user would lose); tests (parts of test names, as tests/run.sh
-- takes them); from, to (text that stands once in the tree, and what it becomes), or edits = {{from =, to =}, ...}.
local list = {}
local room

local function mutant(name, loses, tests, from, to)
  local edits = type(from) == "table" and from or { { from = from, to = to } }
  list[#list + 1] = { name = name, room = room, loses = loses, tests = tests, edits = edits }
end

-- the store: nothing acknowledged is lost, nothing is done twice
room = "store"
mutant("spool-once", "an entry that was spooled and also committed is recorded twice", "test_store_writer test_store_spool test_store_crash",
  "if (err == OK && entry->once) err = has_seq(db, entry->run, entry->seq, &has);", "")
mutant("spool-checksum", "a torn line of the spool is taken for a whole one", "test_store_writer test_store_spool test_store_open test_store_crash",
  "return memcmp(sum, *line, CHECKSUM) == 0 ? *line + CHECKSUM + 1 : NULL;", "return *line + CHECKSUM + 1;")
mutant("spool-no-sync", "a change counts as kept before it is durable", "test_store_writer test_store_spool test_store_open test_store_crash faults/power.sh",
  "enum err err = !s->uncut && fsync(s->fd) == 0 ? OK : err_errno(e, errno, \"cannot make %s durable\", s->path);", "enum err err = OK;")
mutant("spool-unmarked", "a crash between commit and removal repeats the spool", "test_store_writer test_store_spool test_store_crash",
  "if (err == OK) err = write_mark(s, db);", "")
mutant("give-up-says-done", "a change that was neither written nor spooled is told as done", "test_store_writer test_store_spool test_store_open test_store_crash faults/locked.sh",
  "if (!op->spooled) fail_op(op, why, e);", "")
mutant("one-attempt", "a database that is locked for a moment loses an update", "test_store_writer test_store_spool test_store_open test_store_crash faults/locked.sh",
  "int attempts = w->down ? 1 : w->settings.lock_attempts;", "int attempts = 1;")
mutant("healthy-while-down", "readiness stays green while nothing can be written", "test_store_writer test_store_spool test_store_open test_store_crash faults/locked.sh",
  "    atomic_store(&w->healthy, false);\n    w->damaged", "    w->damaged")
mutant("no-savepoint-undo", "half of a refused change stays in the library", "test_store_artifacts",
  "err = err == OK ? db_savepoint_keep(w->db) : db_savepoint_undo(w->db);", "err = db_savepoint_keep(w->db);")
mutant("group-lost", "changes behind the first group are forgotten", "test_store_writer test_store_spool test_store_open test_store_crash",
  "    w->head = last->next;\n", "    w->head = NULL;\n")
mutant("closed-accepts", "a change posted while the library closes waits for ever", "test_store_writer test_store_spool test_store_open test_store_crash",
  "bool closed = w->stopping;", "bool closed = false;")
mutant("unheard-commit", "a commit whose answer was lost is told as done", "test_store_writer test_store_spool test_store_open test_store_crash faults/unheard.sh",
  "if (w->unheard) tell_failure(group);", "")
mutant("no-fence", "a zombie writes into a run that moved on", "test_store_runs faults/fences.sh",
  "return err == OK && step != DB_ROW ? ERR_FENCED : err;\n}\n\nenum err fence_check", "return err;\n}\n\nenum err fence_check")
mutant("no-supersede", "after a resume with changes the old answer comes back", "test_store_calls faults/with.sh",
  "if (err == OK && entry->supersedes) err = supersede(db, entry);", "")
mutant("no-heartbeat", "a run that works looks stale", "test_store_calls test_store_runs faults/stale.sh",
  "if (err == OK && at - heartbeat >= HEARTBEAT_EVERY_MS) err = beat(db, entry->run, at);", "")
mutant("epoch-stays", "two hosts write for one run", "test_store_runs faults/fences.sh test_engine",
  "\"UPDATE runs SET status = 'running', epoch = epoch + 1, wait_kind = NULL, wait_for = NULL, wait_hint = NULL,\"",
  "\"UPDATE runs SET status = 'running', wait_kind = NULL, wait_for = NULL, wait_hint = NULL,\"")
mutant("pause-unfenced", "a paused run's late work still changes it", "test_store_runs", { -- each of the two suffices
  { from = "epoch = epoch + CASE WHEN status = 'running' THEN 1 ELSE 0 END, wait_kind = 'paused',", to = "wait_kind = 'paused'," },
  { from = "SELECT last_heartbeat FROM runs WHERE id = $run AND epoch = $epoch AND status = 'running'\"",
    to = "SELECT last_heartbeat FROM runs WHERE id = $run AND epoch = $epoch\"" } })
mutant("deaths-forgotten", "a run that kills its host kills it for ever", "test_store faults/hang.sh faults/storm.sh",
  "*deaths = (newest == *mark ? *deaths : 0) + one_more;", "*deaths = 0;")
mutant("deaths-kept", "a run that gets on between crashes is given up", "test_store_runs",
  "*deaths = (newest == *mark ? *deaths : 0) + one_more;", "*deaths += one_more;")
mutant("stale-never", "a run without any heartbeat is never found", "test_store faults/stale.sh",
  "\" AND (r.last_heartbeat < $beat OR (r.last_heartbeat IS NULL AND r.started_at < $started))\"",
  "\" AND r.last_heartbeat < $beat AND $started > 0\"")
mutant("retry-keeps-failures", "a retry repeats the failure that it should try again", "test_store_calls cli/rejected.sh cli/running.sh",
  "\" AND NOT (kind = 'llm' AND substr(result, 1, 9) = '{\\\"error\\\":')\"", "\"\"")
mutant("wake-forgotten", "a run that waits for a time sleeps for ever", "test_store_runs test_engine",
  "SELECT COALESCE(MIN(wake_at), 0) FROM runs", "SELECT COALESCE(MIN(wake_at) * 0, 0) FROM runs")
mutant("spool-skip", "changes of a spool that was replayed but not removed are done twice", "test_store_writer test_store_spool test_store_crash",
  "*skip = strtoll(value + n, NULL, 10);", "*skip = 0;")
mutant("spool-twice", "a spool that was replayed but not removed repeats what a run has said", "test_store_writer test_store_spool test_store_crash", {
  { from = "*skip = strtoll(value + n, NULL, 10);", to = "*skip = 0;" },
  { from = "if (err == OK && entry->once) err = has_seq(db, entry->run, entry->seq, &has);", to = "" } })
mutant("late-cut", "an answer that was cut off is taken for a late answer", "test_store_calls",
  "if (!op->result || strcmp(op->state, \"answered\") != 0) return OK;", "if (!op->result) return OK;")
mutant("late-lost", "an answer that was paid for goes with the life that asked", "test_store_calls faults/replay.sh",
  "err = keep_late(db, op);", "")
mutant("late-unread", "a kept answer is not found, and paid again", "test_store_calls faults/replay.sh",
  "if (err == OK && call_intent_guard & IF_UNANSWERED && !op->anew) err = find_kept(db, op);", "")
mutant("booked-twice", "a spooled answer is booked each time it is brought in", "test_store_calls test_store_crash test_store_writer test_store_spool",
  "if (changed && (err = call_book(db, op->run, &booking)) != OK) return err;", "if ((err = call_book(db, op->run, &booking)) != OK) return err;")
mutant("begins-early", "a run that waits for a time begins at once", "test_store_runs test_states test_engine",
  "if (now.status == RUN_QUEUED && now.wake_at > clock_wall_ms())", "if (false)")
mutant("died-unbooked", "a call that was under way when the host died is booked as free", "test_store_calls faults/kill.sh",
  "if (err == OK && now.epoch > 0) err = calls_presume(db, op->id, now.epoch + 1, &op->presumed_nano);", "")
mutant("author-overwritten", "a machine's text takes the place of what the author wrote", "test_store_artifacts",
  "  w->proposal = !may;\n", "  w->proposal = false;\n  may = true;\n")
mutant("edit-overwrites", "two people's edits overwrite each other without a word", "test_store_artifacts test_store_content web/edits.sh",
  "if (op->expected >= 0 && head.number != op->expected) {", "if (false) {")
-- (Without its own fence a zombie's document is still refused by that of its entry, in the same transaction.)
mutant("zombie-asks", "a zombie's question parks a run that moved on", "test_store_content",
  "  enum err err = fence_check(db, op->entry.run, op->entry.epoch);\n  if (err == OK) err = find_gate(db, op, &found);",
  "  enum err err = find_gate(db, op, &found);")

-- gates and notes: a decision counts once, for what was shown
room = "gates"
mutant("gate-twice", "a second decision overwrites the first", "test_store_content cli/gates.sh faults/gate.sh", { -- each of the two suffices
  { from = "\" decided_at = $now WHERE id = $id AND status = 'open'\"", to = "\" decided_at = $now WHERE id = $id\"" },
  { from = "if (strcmp(db_text(s, 1), \"open\") != 0) {", to = "if (false) {" } })
mutant("gate-any-text", "a decision counts for a text that nobody has seen", "test_store_content cli/gates.sh faults/gate.sh web/forms.sh",
  "} else if (op->show_sha && strcmp(op->show_sha, db_text(s, 2)) != 0) {", "} else if (false) {")
mutant("gate-any-choice", "a choice that is none is taken", "test_store cli/gates.sh faults/gate.sh",
  "return good ? OK : ERR_INVALID;\n}\n\n/* Everything that speaks", "return OK;\n}\n\n/* Everything that speaks")
mutant("gate-late", "a decision after its time is taken beside the one by default", "test_store_content faults/gate.sh",
  "} else if (db_int(s, 8)) {", "} else if (false) {")
mutant("gate-sleeps", "a decided gate does not move its run", "test_store faults/gate.sh cli/gates.sh",
  "return err == OK ? requeue(db, op->run) : err;", "return err;")
mutant("notes-again", "a note to the writer is heard again and again", "test_store_content",
  "db, \"UPDATE notes SET entry_id = $entry WHERE run_id = $run AND entry_id IS NULL AND id <= $last\");",
  "db, \"UPDATE notes SET entry_id = NULL WHERE run_id = $run AND entry_id = $entry AND id <= $last\");")

-- prune and delete: never what is needed
room = "upkeep"
mutant("prune-used-blobs", "contents of documents go with old runs", "test_store_prune", { -- a reader looks, then the writer again
  { from = "\" AND NOT EXISTS (SELECT 1 FROM artifact_versions WHERE blob_id = $id)\");", to = "\"\");" },
  { from = "\" AND NOT EXISTS (SELECT 1 FROM artifact_versions WHERE blob_id = b.id) ORDER BY id\");", to = "\" ORDER BY id\");" } })
mutant("prune-dry-writes", "a dry run deletes", "test_store_prune cli/ops.sh",
  "if (op->dry_run) return count_all(db, op);", "")
mutant("delete-unfinished", "a project is deleted under a run that works on it", "test_store_prune cli/ops.sh",
  "  if (n > 0) {\n    err = err_set(e, ERR_CONFLICT, \"the project '%s' has %lld unfinished run%s\"",
  "  if (n > 1000) {\n    err = err_set(e, ERR_CONFLICT, \"the project '%s' has %lld unfinished run%s\"")

-- the engine: order, replay, limits
room = "engine"
mutant("order-of-arrival", "a replay takes answers in another order than the first life", "test_engine faults/replay.sh",
  "while (at != inbox && list_owner(at, struct wait, inbox)->seq > w->seq) at = at->prev;", "")
mutant("handed-back-late", "an answer that is on its way to the disk is overtaken by a later one, and a replay asks other questions", "test_engine",
  "w->seq = run->seq;\n  wait_insert(w);", "")
mutant("preempted-last", "a long computation changes the order of tasks", "test_engine lua/attacks.sh",
  "list_push_head(&run->ready, &t->ready); /* before its siblings", "list_push_tail(&run->ready, &t->ready); /* before its siblings")
mutant("entry-used-twice", "one recorded answer answers two questions", "test_replay faults/replay.sh faults/with.sh",
  "if (e && e->used) e = NULL; /* it answered an adopter */", "")
mutant("adopts-reads", "a resume with other scripts takes a read from another place", "test_replay faults/with.sh",
  "if (strcmp(key->kind, \"llm\") != 0 && strcmp(key->kind, \"step\") != 0) return NULL;", "")
mutant("late-displaces", "a late answer displaces the recorded one", "test_replay test_store_calls faults/replay.sh",
  "struct entry *keep = e->id ? e : older, *lose = e->id ? older : e;",
  "struct entry *keep = e->id ? older : e, *lose = e->id ? e : older;")
mutant("no-loop-guard", "equal questions with equal answers cost money for ever", "test_engine faults/bad_input.sh lua/attacks.sh",
  "return t->repeats >= LOOP_GUARD && !w->recorded;", "return false;")
mutant("counts-mixed", "two equal questions share one answer", "test_replay",
  "intptr_t n = (intptr_t)map_get_n(t->counts, packed, kind + SHA_BYTES) + 1;", "intptr_t n = 1;")
mutant("deadlock-unseen", "tasks that wait for each other are stuck as running", "test_engine lua/attacks.sh",
  "if (run->state != RUN_LIVE || run->parking || !quiet(run)) return;\n  struct task *t", "if (true) return;\n  struct task *t")
mutant("task-key-twice", "two tasks of one key mix their answers", "test_engine lua/attacks.sh",
  "return parent->keys && (intptr_t)map_get(parent->keys, key) & 1;", "return false;")
mutant("orphans-run-on", "tasks of an ended parent go on and cost", "test_engine lua/attacks.sh",
  "if (!t->parent || t->parent->state < TASK_DONE) continue;", "if (true) continue;")
mutant("limit-ignored", "task.map starts all at once", "test_engine lua/attacks.sh",
  "if (g->next < g->n) task_start(g->tasks[g->next++]);", "while (g->next < g->n) task_start(g->tasks[g->next++]);")
mutant("run-order", "one project's runs keep all others waiting", "test_turns",
  "if (x->rank != y->rank) return x->rank < y->rank ? -1 : 1;", "")
mutant("runs-unlimited", "more runs begin than the setting allows", "test_turns",
  "most = (size_t)limits.runs > n_held ? (size_t)limits.runs - n_held : 0;", "most = n;")
mutant("until-any", "a run stops at another phase than asked", "test_states",
  "if ((at == slug || at[-1] == '-') && (at[n] == '\\0' || at[n] == '-')) return true;", "return true;")
mutant("sleep-is-stale", "a laptop that slept loses its runs' trust", "faults/clock.sh faults/stale.sh",
  "run->beat_ns = run->beat_ns + late < now ? run->beat_ns + late : now;", "(void)run;")
mutant("wait-is-stale", "a run that waits for a declared time is taken for stuck", "faults/stale.sh",
  "if (run->state != RUN_LIVE || now - run->beat_ns < most || waits_for_a_time(run)) continue;",
  "if (run->state != RUN_LIVE || now - run->beat_ns < most) continue;")
mutant("never-stale", "a run that hangs in this host hangs for ever", "faults/stale.sh",
  "if (run->state != RUN_LIVE || now - run->beat_ns < most || waits_for_a_time(run)) continue;", "if (true) continue;")
mutant("watcher-once", "the watcher sweeps once and never again", "faults/stale.sh",
  "  timer_set(w->en->loop, &w->timer, w->due_ns);\n", "")
mutant("watcher-on-time", "readiness does not tell that the watcher is late", "faults/stale.sh web/settings.sh",
  "return clock_mono_ns() - atomic_load(&w->swept_ns) > (uint64_t)(w->settings.every_s * 2e9 + 5e9);", "return false && w;")
mutant("trials-together", "runs that may have killed a host start together again", "faults/storm.sh faults/hang.sh",
  "struct list *node = en->on_trial || en->draining ? NULL : list_pop_head(&en->suspects);",
  "struct list *node = list_pop_head(&en->suspects);")
mutant("budget-per-life", "each life of a run has the whole budget again", "test_replay",
  "run->budget.spent_nano = run->row.cost_nano;", "run->budget.spent_nano = 0;")
mutant("calls-per-life", "each life of a run may make all its calls again", "test_replay",
  "run->budget.calls = run->row.calls;", "run->budget.calls = 0;")
mutant("lost-end", "a run that ended by an answer which was lost is left where it stood", "faults/unheard.sh",
  "if (op->op.err == ERR_FENCED && op->op.builds && !run->line) {", "if (false) {")
mutant("no-pressure", "a forgotten log line in a loop keeps all other runs waiting", "test_engine lua/attacks.sh",
  "return is_full(&run->pressure) || run->pressure.rest.heap;", "return false;")
mutant("lines-unlimited", "a loop of log lines fills the disk", "lua/attacks.sh test_engine",
  "if (most && p->lines >= most)\n", "if (false)\n")

-- model calls: paid once, within limits
room = "llm"
mutant("retry-after-ignored", "a provider that asks for patience is pressed", "test_limits test_llm_retry faults/provider.sh",
  "return asked > 0 ? asked * (1 + 0.1 * chance()) : wait;", "(void)asked;\n  return wait;")
mutant("lane-hold-ignored", "other calls press a provider that asked for patience", "test_limits test_llm_retry faults/provider.sh",
  "if (now < lane->hold_until) return lane->hold_until - now;", "")
mutant("patience-ignored", "nobody waits for a provider that asked for patience", "test_limits test_llm_retry faults/provider.sh", {
  { from = "return asked > 0 ? asked * (1 + 0.1 * chance()) : wait;", to = "(void)asked;\n  return wait;" },
  { from = "if (now < lane->hold_until) return lane->hold_until - now;", to = "" } })
mutant("lane-unlimited", "more calls go out than the provider allows", "test_limits test_llm",
  "if (lane->most && lane->under_way >= lane->most) return UINT64_MAX;", "")
mutant("lane-not-halved", "a rate limit does not slow the lane", "test_limits test_llm",
  "lane->most = lane->under_way > 1 ? lane->under_way / 2 : 1;", "")
mutant("lane-halved-each", "one burst of refusals closes the lane almost for good", "test_limits test_llm",
  "if (serial < lane->halved_at) return;", "")
mutant("lane-never-widens", "after one rate limit a lane stays slow for ever", "test_limits test_llm",
  "if (!lane->configured || lane->most < lane->configured) lane->most++;", "")
mutant("lane-unfair", "one run's calls go before all others'", "test_limits test_llm",
  "    list_remove(&q->node);\n    list_push_tail(&lane->ring, &q->node);\n    return;", "    return;")
mutant("tokens-a-minute", "the limit of tokens a minute does not count", "test_limits test_llm",
  "      lane->tokens.level -= (double)t->tokens;\n", "")
mutant("budget-unreserved", "parallel calls overshoot the budget", "test_llm",
  "return spent + reserved + worst > limit ? FITS_LATER : FITS;", "(void)reserved;\n  return FITS;")
mutant("budget-after", "a call begins that cannot fit into the budget", "test_llm",
  "if (spent + worst > limit) return NEVER_FITS;", "if (spent > limit) return NEVER_FITS;")
mutant("budget-unbooked", "what was spent is not counted", "test_llm test_engine cli/running.sh",
  "    b->spent_nano += cost_nano;\n", "")
mutant("month-unbooked", "the month's budget is never reached", "test_llm",
  "  s->llm->month_since += cost_nano;\n", "")
mutant("calls-unlimited", "the limit of calls does not count", "test_llm lua/attacks.sh",
  "if (b && b->limit_calls > 0 && b->calls >= b->limit_calls) {", "if (false) {")
mutant("cost-cached-free", "cached tokens without a price are free", "test_cost",
  "int64_t read = price->cached_read ? price->cached_read : price->input;", "int64_t read = price->cached_read;")
mutant("cost-rounds-down", "costs below a nano-dollar vanish", "test_cost",
  "(tokens % million * nano_per_million + million - 1) / million;", "tokens % million * nano_per_million / million;")
mutant("cost-worst-cheap", "the reservation forgets that writing a cache is dearer", "test_cost",
  "int64_t dearest = price->input > price->cache_write ? price->input : price->cache_write;", "int64_t dearest = price->input;")
mutant("cancel-free", "a cancelled call is booked as free", "test_llm",
  "  answer_usage(s, NULL, &r);\n  call_settle(s, r.cost_nano);\n  attempt_clear(s);", "  r.price_known = true;\n  call_settle(s, 0);\n  attempt_clear(s);")
mutant("estimate-free", "a call that failed in mid-stream is booked as free", "test_llm",
  "u->output = answered.likely;", "u->output = 0;")
mutant("refusal-is-prose", "a refusal is published although another model would answer", "test_llm",
  "if (refused && (empty || s->model + 1 < s->n_models)) {", "if (refused && empty) {")
mutant("cut-prompt-unseen", "a server that reads half the prompt is believed", "test_llm",
  "return own && read > 0 && s->prompt.likely > CUT_LEAST_TOKENS && read < s->prompt.fewest * 3 / 5;",
  "return false && own && read > CUT_LEAST_TOKENS;")
mutant("quota-pressed", "a used-up quota is asked again and again", "test_llm",
  "  if (s->failure.kind == FAIL_QUOTA ||\n", "  if (false ||\n")
mutant("no-retries", "one failed request ends a book", "test_llm faults/provider.sh",
  "if (s->tries <= retries) {", "if (false) {")
mutant("key-anywhere", "the key goes to another address than the provider's", "test_llm",
  "const char *key = may_have_key(r->url, p->base_url) ? s->provider->key : NULL;", "const char *key = s->provider->key;")
mutant("idle-for-total", "an answer that streams for long is cut off", "test_llm",
  "uint64_t total = t->started_ns + ns(t->deadlines.total);", "uint64_t total = t->started_ns + ns(t->deadlines.idle);")
mutant("total-for-idle", "a stream that died keeps its run waiting for an hour", "test_llm",
  "t->last_ns ? t->last_ns + ns(t->deadlines.idle) :", "t->last_ns ? t->last_ns + ns(t->deadlines.total) :")
mutant("learns-for-ever", "a server that refuses each form of a request is asked without end", "test_llm_retry",
  "  if (s->relearns++ >= MOST_RELEARNS) {\n    call_next_model(s, r);\n    return;\n  }\n", "")
mutant("key-told", "a provider that repeats the key puts it into the run's history", "test_llm",
  "if (!end) llm_scrub(s->llm, s->failure.message, strlen(s->failure.message));", "")
mutant("script-host", "a script's own Host header sends the key elsewhere", "test_llm",
  "if (!is_the_hosts(r->headers[i])) continue;", "if (true) continue;")
mutant("too-long-sent", "a prompt that does not fit is sent, cut by the server and paid", "test_llm",
  "  if (too_long(s)) {\n", "  if (false) {\n")
mutant("drain-sends", "a host that stops sends new requests", "test_llm",
  "return s->llm->draining || (s->c->budget && s->c->budget->closed);", "return s->c->budget && s->c->budget->closed;")
mutant("thought-is-prose", "what a model thought is published", "test_llm test_thinking",
  "  if (out.all_was_thought) was_thought(s);\n", "")
mutant("cut-is-whole", "half an answer is taken for a whole one", "test_llm",
  "} else if (s->c && s->framing && answer.complete) {", "} else if (s->c && s->framing) {")

-- streams
room = "streams"
mutant("sse-one-line", "an event of several lines loses all but the last", "test_framing",
  "enum err err = f->has_data ? buf_putc(&f->data, '\\n') : OK;", "enum err err = OK;\n    buf_clear(&f->data);")
mutant("sse-bom", "a stream that begins with a byte order mark is refused", "test_framing",
  "if (!f->started && n >= 3 && memcmp(line, \"\\xEF\\xBB\\xBF\", 3) == 0) {", "if (false) {")
mutant("sse-crlf", "line ends that are split between packets make empty events", "test_framing",
  "f->after_cr = p[end] == '\\r';", "f->after_cr = false;")
mutant("ndjson-tail", "the last line of a stream without a line end is lost", "test_framing",
  "if (f->kind == FRAMING_NDJSON) f->failed = finish_line(f, \"\", 0, on_event, arg);", "")

-- Lua: nothing a script does holds the host
room = "lua"
mutant("no-preemption", "one script's loop holds all runs", "test_lua lua/attacks.sh",
  "if (m && m->running && (used_ns(m) >= m->limits.slice_ns || is_unwanted(m))) arm(m->running, 1);", "(void)m;")
mutant("no-burst-limit", "a loop that cannot yield holds the host", "test_lua lua/attacks.sh",
  "if (!m->kill && used > m->limits.burst_ns) m->kill = MACHINE_KILL_CPU;", "")
mutant("no-memory-cap", "a script takes all memory", "test_lua lua/attacks.sh",
  "if (nsize > old && m->used + m->held + (nsize - old) > cap) {", "if (false && cap) {")
mutant("new-globals", "a forgotten local mixes two tasks' data", "test_lua lua/attacks.sh",
  "  lua_pushcfunction(L, new_global);\n  lua_setfield(L, -2, \"__newindex\");\n", "")
mutant("metatable-open", "a script changes the globals' own rules", "test_lua lua/attacks.sh",
  "  lua_pushboolean(L, 0);\n  lua_setfield(L, -2, \"__metatable\");\n  lua_setmetatable(L, -2);\n  lua_pop(L, 1);\n}\n",
  "  lua_setmetatable(L, -2);\n  lua_pop(L, 1);\n}\n")

-- the web door
room = "http"
mutant("any-host", "a page that names this machine by a name of its own reads the library", "test_http web/access.sh web/fuzz.sh",
  "if (count_header(q, \"Host\", &host) == 1 && known_host(q->server, host)) return true;", "if (q->server || host) return true;")
mutant("any-origin", "another site's page changes things here", "test_http web/access.sh web/fuzz.sh",
  "if (ours) return true;", "if (ours || origin) return true;")
mutant("cross-site", "a request that a browser marks as another site's is taken", "test_http web/access.sh web/fuzz.sh",
  "if (!site || strcmp(site, \"cross-site\") != 0 || link) return true;", "if (!site || true) return true;")
mutant("two-lengths", "one request hides in another behind a proxy", "test_http web/fuzz.sh",
  "if (lengths > 1 || (lengths == 1 && !plain_length(length)) || (lengths && encodings)) {", "if (lengths == 1 && !plain_length(length)) {")
mutant("body-unlimited", "a body of any size is read", "test_http web/access.sh web/fuzz.sh",
  "if ((unsigned long long)wanted > most) {", "if (false && most) {")
mutant("short-body", "half a body is taken for a whole one", "test_http",
  "if (q->body.len == (size_t)wanted) return true;\n  response_fail_and_close", "if (true) return true;\n  response_fail_and_close")
mutant("token-unchecked", "a wrong token opens the library", "test_http web/access.sh",
  "if (bearer && secret_same(given + 7 + strspn(given + 7, \" \"), q->server->token)) return true;", "if (bearer) return true;")
mutant("dots-in-paths", "a path leads out of its folder", "test_http web/access.sh web/fuzz.sh",
  "&& !dots(segment.data);", ";")
mutant("open-door", "whoever reaches the port reads the library without its password", "web/access.sh",
  "return !access_needs_password(x) || session_lives(x, q) ? RIGHT_ALL : RIGHT_NONE;", "return session_lives(x, q) || true ? RIGHT_ALL : RIGHT_NONE;")
mutant("reader-writes", "a token that may only read changes things", "web/access.sh",
  "if ((rights & needed) != needed) return refuse", "if (!rights) return refuse")
mutant("no-csrf", "a form on another page changes the library", "web/access.sh web/forms.sh",
  "if (!request_header(q, \"X-Quire-Csrf\")) {", "if (false) {")

-- scripts: prose is kept, nothing is invented

room = "scripts"
mutant("no-more-room", "a document that was cut off is repaired instead of asked again with room", "lua/beside_lib.sh lua/api.sh",
  "local again = cut and with_room(question)", "local again = false and with_room(cut)")
mutant("no-repair-told", "the repair does not say what was wrong", "lua/beside_lib.sh lua/api.sh lua/beside_phases.sh",
  "{ why = why, answer = answer.text }", "{ why = \"\", answer = answer.text }")
mutant("rejected-forgotten", "a retry repeats the answers that were no good", "cli/rejected.sh",
  "if value == nil then rejected[#rejected + 1] = answer.seq end", "")
mutant("quote-ends-nothing", "a chapter that ends with speech is taken for cut off", "lua/beside_lib.sh",
  "while character and closers[character] do", "while false do")

return list
