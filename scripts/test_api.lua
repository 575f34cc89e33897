-- test_api.lua: what a test of a script is given. `quire script test` runs the tests; runs never see this file.
--
-- A test lies beside what it tests: scripts/phases/writing_test.lua, scripts/lib/paragraphs_test.lua,
-- pipelines/rewrite_chapter_test.lua. It returns its cases by name. They run in the order in which they are written,
-- each in a sandbox and a project of its own:
--
--   local paragraphs = require "lib.paragraphs"
--   return {
--     ["a sentence that breaks off is not complete"] = function(t)
--       t.ok(not paragraphs.complete("She opened the"))
--     end,
--     ["a chapter is written although the judge fails"] = function(t)
--       local run = t.run {
--         pipeline = "generate_book", input = { brief = "A ferry.", chapters = 1 },
--         answers = { { role = "judge", fail = "no credit" }, { rehearse = true } },
--       }
--       t.status(run, "completed")
--       t.has(t.document("issues/01.json").issues[1], "audit pending")
--     end,
--   }
--
-- Runs are real runs of the host, in a library that is thrown away; only the models' answers come from the test. json,
-- text, markdown, zip and require are there as in a script; what needs a run (llm, run, artifact, ...) is called by the
-- scripts that a run executes.
--
---@class Answers  -- who answers the models' questions. Without it the embedded model does. Either a list of rules, of
---                -- which the first that fits answers, or a function(request, rehearse) that returns an answer:
---                -- {text=}, {value=}, {fail=}, a text, or t.rehearse. When nothing answers, the case fails and shows
---                -- the request
---@field role? string       -- fits requests of this role
---@field key? string        -- ... with this key
---@field has? string        -- ... whose prompt contains this text
---@field task? string       -- ... whose last block contains this text
---@field pattern? string    -- ... whose last block matches this Lua pattern
---@field times? integer     -- ... at most so many
---@field text? string       -- the answer: this text, or
---@field value? any         -- this value as JSON, or
---@field fail? string       -- a provider's refusal in these words, with
---@field status? integer    -- its HTTP status (default 400: this request will never do; after 500 the run waits), or
---@field rehearse? boolean  -- what the embedded model says, or
---@field answer? fun(request: Request, rehearse: fun(): Reply): Reply|string   -- what this function says
---@field stop? string       -- how an answer ended: "end" (default), "length", "filter"
--
---@class Request  -- what a script asked, as llm.ask got it, and where
---@field role string
---@field prompt string      -- its blocks, joined
---@field task string        -- the last block
---@field blocks {text: string, stable: boolean}[]
---@field key? string
---@field schema? table
---@field max_words integer
---@field model string
---@field phase string
---@field label string       -- the last run.progress
---@field answer? Reply      -- what the test said; nil where the embedded model answered itself
--
---@class Run  -- a run as it is once it ended or waits
---@field run integer
---@field status string      -- "completed", "failed", "cancelled", "waiting"
---@field project string
---@field result any
---@field error? {message: string, kind: string}
---@field waits? {kind: string, ["for"]: string}
---@field gate? {title: string, show: string, choices: string[]}   -- the question that is open
---@field requests Request[] -- those of this run, in the order in which they were answered
---@field events table[]     -- {type = "phase"|"log"|"progress"|"status"|..., ...}
---@field log string         -- its log lines and phase banners, one a line

local function set(words)
  local out = {}
  for word in string.gmatch(words, "[%a_]+") do out[word] = true end
  return out
end

--- The text of any value, for messages.
local function show(value, most)
  local shown = tostring(value)
  if type(value) == "table" then
    local ok, encoded = pcall(json.encode, value)
    shown = ok and encoded or "a table that is not JSON"
  elseif type(value) == "string" then
    shown = '"' .. value .. '"'
  end
  return #shown > most and string.sub(shown, 1, most) .. " ... (" .. #shown .. " bytes)" or shown
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

--- Where two texts part, with what stands around it.
local function parting(a, b)
  local at = 1
  while at <= #a and string.byte(a, at) == string.byte(b, at) do at = at + 1 end
  local from = math.max(1, at - 40)
  return string.format("\n  they part at byte %d:\n  got      ...%s...\n  expected ...%s...", at,
    string.sub(a, from, at + 60), string.sub(b, from, at + 60))
end

local function only(given, known, what, level)
  if type(given) ~= "table" then error(what .. " takes a table", level + 1) end
  for key in pairs(given) do
    if type(key) == "string" and not known[key] then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      local near = text.nearest(key, names)
      local cure = near and "; did you mean '" .. near .. "'?" or ""
      error(string.format("%s: unknown field '%s'%s", what, key, cure), level + 1)
    end
  end
end

local function message_of(raised)
  if type(raised) == "table" then return tostring(raised.message) end
  return tostring(raised)
end

------------------------------------------------------------------------------------------------------------- answers

local finish = { ["end"] = "stop", length = "length", filter = "content_filter" }
local itself = {}   -- for: the embedded model answers itself
local reply_fields = set "text value fail status stop"
local rule_fields = set "role key has task pattern times text value fail status stop rehearse answer"

local function fits(rule, request)
  return (rule.role == nil or rule.role == request.role) and (rule.key == nil or rule.key == request.key)
    and (rule.has == nil or string.find(request.prompt, rule.has, 1, true) ~= nil)
    and (rule.task == nil or string.find(request.task, rule.task, 1, true) ~= nil)
    and (rule.pattern == nil or string.find(request.task, rule.pattern) ~= nil)
    and (rule.times == nil or (rule.used or 0) < rule.times)
end

local function reply_of_rules(rules, request, rehearse)
  for i, rule in ipairs(rules) do
    if fits(rule, request) then
      rule.used = (rule.used or 0) + 1
      if rule.answer then return rule.answer(request, rehearse) end
      if rule.rehearse then return itself end
      if rule.text == nil and rule.value == nil and rule.fail == nil then
        error("rule " .. i .. " of answers has no answer: text, value, fail, rehearse or answer", 0)
      end
      return { text = rule.text, value = rule.value, fail = rule.fail, status = rule.status, stop = rule.stop }
    end
  end
end

--- What the host takes: {text=, stop=} or {fail=, status=}.
local function wire(reply, request)
  if reply == itself then return {} end
  if type(reply) == "string" then reply = { text = reply } end
  if reply == nil then
    error(string.format("no canned answer fits this request: role '%s', phase '%s', key '%s', %d blocks; its last "
      .. "block begins:\n%s", request.role, request.phase, request.key or "", #request.blocks,
      string.sub(request.task, 1, 400)), 0)
  end
  only(reply, reply_fields, "an answer", 0)
  if reply.stop and not finish[reply.stop] then
    error("an answer stops by 'end', 'length' or 'filter', not '" .. tostring(reply.stop) .. "'", 0)
  end
  local said = reply.text
  if reply.value ~= nil and said == nil then said = json.encode(reply.value) end
  if reply.fail == nil and type(said) ~= "string" then error("an answer has text, a value, or fails", 0) end
  request.answer = { text = said, fail = reply.fail, stop = reply.stop or "end" }
  return { text = said, fail = reply.fail, status = reply.status, stop = finish[reply.stop or "end"] }
end

-- Takes the host's functions (host/script_test/bench.c) and gives the table that a case is called with.
return function(host)
  ---@class T
  ---@field rehearse Reply   -- an answer of `answers`: what the embedded model says
  local t = { rehearse = itself }
  local current

  -------------------------------------------------------------------------------------------------------- expectations

  ---Fails the case unless `value` is true (neither nil nor false).
  ---@param value any
  ---@param what? string   -- what was expected, for the message
  function t.ok(value, what)
    if not value then error((what or "expected something true") .. ", got " .. tostring(value), 2) end
  end

  ---Tables are equal when all their fields are.
  ---@param got any
  ---@param expected any
  ---@param what? string
  function t.equal(got, expected, what)
    if same(got, expected) then return end
    local both = type(got) == "string" and type(expected) == "string" and #got + #expected > 160
    error(string.format("%s%s", what and what .. ": " or "", both and "the texts differ" .. parting(got, expected)
      or "got " .. show(got, 400) .. ", expected " .. show(expected, 400)), 2)
  end

  ---@param whole string
  ---@param part string    -- as it is, not a pattern
  ---@param what? string
  function t.has(whole, part, what)
    if type(whole) ~= "string" then error((what or "expected a text") .. ", got " .. show(whole, 400), 2) end
    if not string.find(whole, part, 1, true) then
      error(string.format("%s\"%s\" is not in %s", what and what .. ": " or "", part, show(whole, 600)), 2)
    end
  end

  ---@param whole string
  ---@param part string
  ---@param what? string
  function t.lacks(whole, part, what)
    local at = string.find(whole, part, 1, true)
    if at then
      local around = string.sub(whole, math.max(1, at - 100), at + 200)
      error(string.format("%s\"%s\" is in ...%s...", what and what .. ": " or "", part, around), 2)
    end
  end

  ---`fn` must raise an error whose message contains `part`.
  ---@param part string
  ---@param fn fun()
  ---@return string message
  function t.raises(part, fn)
    local ok, raised = pcall(fn)
    if ok then error("no error, where one with \"" .. part .. "\" was expected", 2) end
    local message = message_of(raised)
    if not string.find(message, part, 1, true) then error("another error than \"" .. part .. "\": " .. message, 2) end
    return message
  end

  ---The run's status; else the case fails with what the run says about itself.
  ---@param run Run
  ---@param expected string
  ---@return Run
  function t.status(run, expected)
    if run.status ~= expected then
      local why = run.error and run.error.message or run.waits and run.waits["for"] or ""
      error(string.format("the run is %s, expected %s%s%s\n%s", run.status, expected, why ~= "" and ": " or "", why,
        string.sub(run.log, -600)), 2)
    end
    return run
  end

  ---Ends the case as skipped: something that it needs is not here.
  ---@param why string
  function t.skip(why) host.skip(why) end

  ---------------------------------------------------------------------------------------------------------------- runs

  local function answerer(answers, requests)
    return function(request, body, phase, label)
      local parts = {}
      for i, block in ipairs(request.blocks) do parts[i] = block.text end
      request.prompt, request.task, request.phase, request.label = table.concat(parts), parts[#parts], phase, label
      local function rehearse()
        local said, why = host.rehearse(body)
        if not said then return { fail = why, status = 400 } end
        return { text = said }
      end
      local reply
      if answers == nil then
        reply = itself
      elseif type(answers) == "function" then
        reply = answers(request, rehearse)
      else
        reply = reply_of_rules(answers, request, rehearse)
      end
      requests[#requests + 1] = request
      return wire(reply, request)
    end
  end

  local function log_of(events)
    local lines = {}
    for _, event in ipairs(events) do
      if event.type == "phase" then lines[#lines + 1] = "--- Phase: " .. event.name .. " ---" end
      if event.type == "log" then
        lines[#lines + 1] = (event.level == "info" and "" or event.level .. ": ") .. event.text
      end
    end
    return table.concat(lines, "\n")
  end

  local function decision_of(decide, gate, level)
    local decision = type(decide) == "function" and decide(gate) or decide
    if type(decision) == "string" then decision = { choice = decision } end
    if decision == nil then return nil end
    only(decision, set "choice edits by", "a decision", level + 1)
    return { choice = decision.choice, edits = decision.edits, by = decision.by or "a person" }
  end

  --- Waits until the run ended or waits for somebody, answering and deciding meanwhile.
  local function follow(id, options, level)
    current = id
    local requests = {}
    local answer = answerer(options.answers, requests)
    local row = host.wait(id, answer, options.order == "newest first")
    while row.status == "waiting" and row.waits.kind == "gate" do
      local gate = host.gates(id)[1]
      local decision = options.decide ~= nil and decision_of(options.decide, gate, level + 1) or nil
      if not decision then
        row.gate = gate
        break
      end
      local ok, why = host.act("decide", gate.gate, decision)
      if not ok then error("the decision was refused: " .. why, level + 1) end
      row = host.wait(id, answer, options.order == "newest first")
    end
    if row.result == json.null then row.result = nil end
    row.requests = requests
    row.events = host.events(id)
    row.log = log_of(row.events)
    return row
  end

  local shared = "with answers decide stop_at model budget_usd order"
  local run_fields = set("pipeline source input given project " .. shared)
  local again_fields = set(shared)

  local function common(options, request)
    if options.answers and type(options.answers) == "table" then
      for _, rule in ipairs(options.answers) do only(rule, rule_fields, "a rule of answers", 3) end
    end
    local model = options.model or request.models and "canned/model"
    if type(model) == "string" then model = { [""] = model } end
    if model then
      request.models = {}
      for role, name in pairs(model) do request.models[role] = type(name) == "table" and name or { name } end
    end
    request["until"], request.budget_usd, request.with = options.stop_at, options.budget_usd, options.with
    return request
  end

  ---@class RunOptions
  ---@field pipeline? string    -- its name, or
  ---@field source? string      -- the text of a small one
  ---@field input? table
  ---@field given? table<string, string|table>   -- documents that the author brings along
  ---@field project? string     -- default: the case's own
  ---@field answers? Answers
  ---@field decide? any         -- what a person chooses at gates: a choice, {choice=, edits=, by=}, or a function(gate)
  ---                           -- that returns one. Without it the run waits there
  ---@field with? string[]      -- of t.resume and t.retry: "scripts", "artifacts", "models", "models=ROLE"
  ---@field stop_at? string     -- as --until
  ---@field model? string|table -- of all roles (default "canned/model") or by role. None is asked, whatever its name;
  ---                           -- "rehearsal/..." labels a book, "canned/priced" costs a dollar per million tokens
  ---@field budget_usd? number
  ---@field order? string       -- "newest first": of the questions that wait together the last is answered first

  ---Starts a run and waits until it ended, or waits for somebody.
  ---@param options RunOptions
  ---@return Run
  function t.run(options)
    only(options, run_fields, "t.run", 2)
    if (options.pipeline == nil) == (options.source == nil) then
      error("t.run needs either 'pipeline' or 'source'", 2)
    end
    local request = common(options, { models = {}, input = options.input or {}, gives = json.array {},
      project = options.project or host.project })
    if options.source then
      local path, why = host.save("source", options.source)
      if not path then error(why, 2) end
      request.file = path
    else
      request.pipeline = options.pipeline
    end
    for name, content in pairs(options.given or {}) do
      local is_table = type(content) == "table"
      request.gives[#request.gives + 1] = { name = name, kind = is_table and "json" or "markdown",
        content = is_table and json.encode(content) or content }
    end
    local answer, why = host.act("run", nil, request)
    if not answer then error(why, 2) end
    return follow(answer.run, options, 2)
  end

  ---Goes on with a run that waits. Its `requests` are those that were made anew.
  ---@param run Run
  ---@param options? RunOptions
  ---@return Run
  function t.resume(run, options)
    only(options or {}, again_fields, "t.resume", 2)
    local answer, why = host.act("resume", run.run, common(options or {}, {}))
    if not answer then error(why, 2) end
    return follow(run.run, options or {}, 2)
  end

  ---A new run that begins with the answers of one that ended.
  ---@param run Run
  ---@param options? RunOptions
  ---@return Run
  function t.retry(run, options)
    only(options or {}, again_fields, "t.retry", 2)
    local answer, why = host.act("retry", run.run, common(options or {}, {}))
    if not answer then error(why, 2) end
    return follow(answer.run, options or {}, 2)
  end

  local request_filter = set "role key has task pattern phase label"

  ---The requests of a run that fit: role, key, has, task and pattern as in Answers, phase, a part of the label.
  ---@param run Run
  ---@param filter table
  ---@return Request[]
  function t.requests(run, filter)
    only(filter, request_filter, "t.requests", 2)
    local out = {}
    for _, request in ipairs(run.requests) do
      local placed = (filter.phase == nil or filter.phase == request.phase)
        and (filter.label == nil or string.find(request.label, filter.label, 1, true))
      if placed and fits(filter, request) then out[#out + 1] = request end
    end
    return out
  end

  ----------------------------------------------------------------------------------------------------------- documents

  ---A document's head, or one version: a table for JSON, else a string; nil when there is none.
  ---@param name string
  ---@param options? {version?: integer, project?: string}
  ---@return any content
  ---@return {version: integer, kind: string, author: string, state: string}? info
  function t.document(name, options)
    only(options or {}, set "version project", "t.document", 2)
    local project = options and options.project or host.project
    local content, version = host.content(project, name, options and options.version or 0)
    if not content then return nil end
    for _, info in ipairs(host.versions(project, name)) do
      if info.version == version then return info.kind == "json" and json.decode(content) or content, info end
    end
  end

  ---All versions of a document, oldest first; `state` is "version" or "proposal".
  ---@param name string
  ---@param project? string
  ---@return {version: integer, kind: string, author: string, state: string}[]
  function t.versions(name, project) return host.versions(project or host.project, name) end

  ---The names of the documents that begin with `prefix`.
  ---@param prefix? string
  ---@param project? string
  ---@return string[]
  function t.documents(prefix, project)
    local out = {}
    for i, info in ipairs(host.documents(project or host.project, prefix or "")) do out[i] = info.name end
    return out
  end

  ---A person edits a document. Also while a run asks (in `answers`) or waits.
  ---@param name string
  ---@param content string|table
  ---@param project? string
  function t.edit(name, content, project)
    local is_table = type(content) == "table"
    local kind = string.find(name, "%.md$") and "markdown" or "text"
    local edit = { name = name, kind = kind, content = content }
    if is_table or string.find(name, "%.json$") then edit.kind = "json" end
    if is_table then edit.content = json.encode(content) end
    local ok, why = host.act("edit", project or host.project, edit)
    if not ok then error(why, 2) end
  end

  ---A person tells the writer something (run.notes). In `answers`, while the run asks.
  ---@param words string
  function t.note(words)
    local ok, why = host.act("note", current, { text = words })
    if not ok then error(why, 2) end
  end

  return t
end
