-- luacheck: std lua54
-- fake_host/host.lua: a stand-in for Quire's host in plain Lua 5.4, for testing pipelines without building the host.
--
--   local Host = require "fake_host.host"
--   local host = Host.new { input = {...}, answer = function(ask, default) ... end, given = { blueprint = "..." } }
--   local result = host:run("generate_book")
--   host.calls, host:artifact("chapters/01.md"), host.logs
--
-- Journal, limits and durability are the real host's; here are the contract's checks (unknown fields, block order and caps, schema
-- keywords, unknown globals, calls that wait where they must not), tasks as coroutines whose answers arrive in an order drawn from
-- `seed`, documents in memory, and a record of every request.
local json = require "fake_host.json"
local model = require "fake_host.model"
local helpers = require "fake_host.text"

local Host = {}
Host.__index = Host

local function fail(format, ...) error(string.format(format, ...), 0) end

-------------------------------------------------------------------------------------------------------------- sandbox

local function ordered_pairs(t)
  local keys = {}
  for key in next, t do
    if type(key) == "table" then fail("pairs: a table as a key has no order") end
    keys[#keys + 1] = key
  end
  table.sort(keys, function(a, b)
    if type(a) == type(b) then return a < b end
    return type(a) == "number"
  end)
  local i = 0
  return function()
    repeat i = i + 1 until keys[i] == nil or t[keys[i]] ~= nil
    return keys[i], t[keys[i]]
  end
end

local function stable_sort(list, less)
  less = less or function(a, b) return a < b end
  for i = 2, #list do
    local item, j = list[i], i - 1
    while j >= 1 and less(item, list[j]) do
      list[j + 1] = list[j]
      j = j - 1
    end
    list[j + 1] = item
  end
end

local function sandbox(tables)
  local world = {}
  for name in ([[assert error ipairs next pcall rawequal rawget rawlen select setmetatable getmetatable tonumber tostring type xpcall
    math utf8]]):gmatch("%w+") do
    world[name] = _G[name]
  end
  world.pairs = ordered_pairs
  world.string = setmetatable({ dump = false }, { __index = string })
  world.table = setmetatable({ sort = stable_sort }, { __index = table })
  world.os = { time = function() return 0 end, date = function() return "" end }
  for name, value in next, tables do world[name] = value end
  local loaded = {}
  function world.require(name)
    if loaded[name] == nil then
      local path = "scripts/" .. name:gsub("%.", "/") .. ".lua"
      local chunk = assert(loadfile(path, "t", world))
      loaded[name] = chunk()
    end
    return loaded[name]
  end
  return setmetatable(world, {
    __index = function(_, name) fail("unknown global '%s'", tostring(name)) end,
    __newindex = function(_, name) fail("a script must not make the global '%s'; write local", tostring(name)) end,
  })
end

-------------------------------------------------------------------------------------------------------------- checks

local function only(t, names, what)
  for key in next, t do
    if not names[key] then fail("%s: unknown field '%s'", what, tostring(key)) end
  end
end

local function set(list)
  local out = {}
  for name in list:gmatch("[%a_]+") do out[name] = true end
  return out
end

local ask_fields = set "role prompt blocks max_words temperature reasoning key extra schema"
local block_fields = set "text stable cap name from"

local function check_ask(ask)
  only(ask, ask_fields, "llm.ask")
  if type(ask.role) ~= "string" then fail("llm.ask: role is missing") end
  if (ask.prompt == nil) == (ask.blocks == nil) then fail("llm.ask: give prompt or blocks") end
  if ask.schema then json.vet(ask.schema) end
  local loose = false
  for i, block in ipairs(ask.blocks or {}) do
    if type(block) == "table" then
      only(block, block_fields, "block " .. i)
      if block.cap and utf8.len(block.text) > block.cap then fail("block '%s' has %d characters, cap %d", block.name or i, utf8.len(block.text), block.cap) end
      if block.stable and loose then fail("block '%s' is stable but follows one that is not", block.name or i) end
      loose = loose or not block.stable
    end
  end
end

-------------------------------------------------------------------------------------------------------------- the tables

local error_type = { __tostring = function(e) return e.kind .. ": " .. e.message end }
function Host.provider_error(message)
  return setmetatable({ kind = "provider", message = message, retryable = true }, error_type)
end

--- A waiting call: lets other tasks go on, as many times as the seed says.
function Host:wait()
  if self.forbidden then fail("a call that waits inside %s", self.forbidden) end
  for _ = 1, self.random(3) do coroutine.yield() end
end

local function request_of(ask)
  local parts = { ask.role, ask.key or "", ask.schema and json.encode(ask.schema) or "", tostring(ask.max_words or "") }
  for _, block in ipairs(ask.blocks or { ask.prompt }) do parts[#parts + 1] = type(block) == "table" and block.text or block end
  return table.concat(parts, "\0")
end

function Host:call(ask)
  check_ask(ask)
  self:wait()
  local request = request_of(ask)
  local default = model.answer(ask, request)
  local answer = self.options.answer and self.options.answer(ask, default, self) or default
  self.calls[#self.calls + 1] = { ask = ask, request = request, label = self.label, phase = self.current_phase, answer = answer }
  self.same[request] = (self.same[request] or 0) + 1
  if self.same[request] > 7 then error(setmetatable({ kind = "stuck", message = "eight equal requests" }, error_type), 0) end
  if answer.fail then error(Host.provider_error(answer.fail), 0) end
  return { text = answer.text, value = answer.value, reasoning = "", stop = answer.stop or "end", native_stop = answer.stop or "stop",
    usage = { input = #request // 4, cached_read = 0, cache_write = 0, output = #answer.text // 4, reasoning = 0 },
    model = self.options.model or "rehearsal/fake", request_id = "r" .. #self.calls, ttft_ms = 1, total_ms = 2, attempts = 1 }
end

function Host:llm()
  return {
    ask = function(ask) return self:call(ask) end,
    ask_json = function(ask)
      if not ask.schema then fail("llm.ask_json: schema is missing") end
      local answer = self:call(ask)
      local value = json.extract(answer.text)
      local ok, err = json.check(value, ask.schema)
      if not ok then error(Host.provider_error("no valid JSON: " .. tostring(err)), 0) end
      return value, answer
    end,
    try_ask = function(ask)
      local ok, answer = pcall(self.call, self, ask)
      if ok then return answer end
      if type(answer) ~= "table" or answer.kind ~= "provider" then error(answer, 0) end
      return nil, { kind = answer.kind, message = answer.message, retryable = true }
    end,
  }
end

local stop_signal = setmetatable({ kind = "until", message = "stopped where asked" }, error_type)

function Host:run_table()
  local function until_here(name)
    if name and self.options.stop_at == name then error(stop_signal, 0) end
  end
  return {
    input = self.input,
    phase = function(name)
      until_here(self.current_phase)
      self.current_phase = name
      self.logs[#self.logs + 1] = "--- Phase: " .. name .. " ---"
    end,
    checkpoint = function(name)
      self.checkpoints[#self.checkpoints + 1] = name
      until_here(name)
    end,
    progress = function(_, _, label) self.label = label end,
    heartbeat = function() end,
    summary = function(line) self.summary = line end,
    budget = function() self:wait() return { cost = 0, calls = #self.calls, cost_limit = 10, calls_limit = 2000 } end,
    sleep = function() self:wait() end,
    notes = function()
      self:wait()
      return self.options.notes and self.options.notes(self) or {}
    end,
  }
end

function Host:task_table()
  local api = {}
  function api.spawn(fn)
    local t = { done = false }
    self.tasks[#self.tasks + 1] = { state = t, thread = coroutine.create(function()
      local ok, value = xpcall(fn, function(e)
        return type(e) == "string" and self.options.trace and debug.traceback(e, 2) or e
      end)
      t.done, t.ok, t.value = true, ok, value
    end) }
    return t
  end
  function api.wait(t)
    while not t.done do coroutine.yield() end
    if not t.ok then error(t.value, 0) end
    return t.value
  end
  function api.all(fns)
    return api.map(fns, function(fn) return fn() end)
  end
  function api.map(list, fn, options)
    only(options or {}, set "limit key", "task.map")
    local tasks, out, keys = {}, {}, {}
    for i, item in ipairs(list) do
      local key = options and options.key and options.key(item, i) or tostring(i)
      if keys[key] then fail("task.map: two tasks with the key '%s'", key) end
      keys[key] = true
      tasks[i] = api.spawn(function() return fn(item, i) end)
    end
    for _, t in ipairs(tasks) do
      while not t.done do coroutine.yield() end
    end
    for i, t in ipairs(tasks) do out[i] = api.wait(t) end
    return out
  end
  return api
end

-- Documents ------------------------------------------------------------------------------------------------------------

local function kind_of(name)
  return name:match("%.json$") and "json" or name:match("%.md$") and "markdown" or "text"
end

function Host:documents() return self.library[self.here.slug] end

function Host:store(name, content, author)
  local versions = self:documents()[name] or {}
  self:documents()[name] = versions
  local is_table = type(content) == "table"
  local head
  for _, version in ipairs(versions) do
    if version.state == "head" then head = version end
  end
  local proposal = author ~= "person" and head ~= nil and head.author == "person"
  if head and not proposal then head.state = "old" end
  versions[#versions + 1] = { content = is_table and json.encode(content) or content, kind = is_table and "json" or kind_of(name),
    author = author, state = proposal and "proposal" or "head", version = #versions + 1 }
  return { name = name, version = #versions, proposal = proposal }
end

function Host:head(name)
  for _, version in ipairs(self:documents()[name] or {}) do
    if version.state == "head" then return version end
  end
end

--- For tests: the newest version's content, tables decoded.
function Host:artifact(name)
  local head = self:head(name)
  if not head then return nil end
  return head.kind == "json" and json.decode(head.content) or head.content
end

function Host:artifact_table()
  local api, pending = {}, nil
  function api.put(name, content, options)
    only(options or {}, set "kind", "artifact.put")
    if type(name) ~= "string" or content == nil then fail("artifact.put: name and content") end
    if pending then
      pending[#pending + 1] = { name, content }
      return
    end
    self:wait()
    return self:store(name, content, "run")
  end
  function api.get(name)
    if pending then fail("artifact.commit: fn may only call artifact.put") end
    self:wait()
    if self.options.on_get then self.options.on_get(self, name) end
    local head = self:head(name)
    if not head then return nil end
    return self:artifact(name), { version = head.version, kind = head.kind, author = head.author }
  end
  function api.list(prefix)
    self:wait()
    local out = {}
    for name in ordered_pairs(self:documents()) do
      local head = self:head(name)
      if head and name:sub(1, #(prefix or "")) == (prefix or "") then
        out[#out + 1] = { name = name, version = head.version, kind = head.kind, author = head.author }
      end
    end
    return out
  end
  function api.history(name)
    self:wait()
    return self:documents()[name] or {}
  end
  function api.commit(fn)
    pending, self.forbidden = {}, "artifact.commit"
    fn()
    local puts = pending
    pending, self.forbidden = nil, nil
    self:wait()
    local out = {}
    for i, put in ipairs(puts) do out[i] = self:store(put[1], put[2], "run") end
    return out
  end
  return api
end

function Host:project_table()
  local api = {}
  function api.get() self:wait() return self.here end
  function api.parent() self:wait() return self.here ~= self.home and self.home or nil end
  function api.set(fields)
    self:wait()
    for key, value in next, fields do self.here[key] = value end
    return self.here
  end
  function api.enter(key, fields)
    self:wait()
    local slug = self.home.slug .. "/" .. key
    self.library[slug] = self.library[slug] or {}
    self.here = { slug = slug, fields = {} }
    for name, value in next, fields or {} do self.here[name] = value end
    return self.here
  end
  function api.leave() self.here = self.home end
  return api
end

function Host:export_table()
  return { run = function(what)
    only(what, set "format name book files", "export.run")
    self:wait()
    local world = sandbox { json = json, text = helpers.text, markdown = helpers.markdown, zip = helpers.zip }
    local bytes = world.require("exports." .. what.format)(json.decode(json.encode(what.book)), self.tools or { files = {}, png = function() return nil, "no pictures here" end })
    local saved = self:store(what.name, bytes, "run")
    return { name = what.name, version = saved.version, path = "/out/" .. what.name, bytes = #bytes }
  end }
end

function Host:log_table()
  local function write(format, ...) self.logs[#self.logs + 1] = string.format(format, ...) end
  return { info = write, warn = write, error = write }
end

-------------------------------------------------------------------------------------------------------------- running

local kinds = { string = "string", text = "string", integer = "number", number = "number", boolean = "boolean", choice = "string", list = "table" }
local input_fields = set "name type help default required min max choices"

local function checked_input(declared, given)
  local known, input = {}, {}
  for _, field in ipairs(declared) do
    only(field, input_fields, "input")
    known[field.name] = true
    local value = given[field.name]
    if value == nil then value = field.default end
    if value == nil and field.required then fail("input: '%s' is required", field.name) end
    if value ~= nil and type(value) ~= kinds[field.type] then fail("input: '%s' must be a %s", field.name, field.type) end
    if field.min and value and value < field.min or field.max and value and value > field.max then fail("input: '%s' out of range", field.name) end
    input[field.name] = value
  end
  for name in next, given do
    if not known[name] then fail("input: unknown field '%s'", name) end
  end
  return input
end

local function drawer(seed)
  local state = seed
  return function(n)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % n + 1
  end
end

function Host.new(options)
  local self = setmetatable({ options = options, calls = {}, logs = {}, same = {}, tasks = {}, checkpoints = {}, label = "",
    library = options.library or { home = {} }, home = { slug = "home", title = "", kind = "book", fields = {} } }, Host)
  self.here, self.random = self.home, drawer(options.seed or 1)
  for name, content in next, options.given or {} do self:store("given/" .. name, content, "person") end
  return self
end

--- Runs a pipeline to its end and returns its result, or "stopped" when stop_at was reached. Raises what the pipeline raises.
function Host:run(name)
  local values = {}
  self.input = setmetatable({}, { __index = values, __newindex = function() fail("run.input is read-only") end })
  local world = sandbox { llm = self:llm(), run = self:run_table(), task = self:task_table(), artifact = self:artifact_table(),
    project = self:project_table(), export = self:export_table(), log = self:log_table(), json = json, text = helpers.text,
    markdown = helpers.markdown, zip = helpers.zip,
    gate = { ask = function(question)
      self:wait()
      if question.schema then json.vet(question.schema) end
      return self.options.gate(question, self)
    end },
    step = function(_, inputs, fn) self:wait() return fn(inputs) end }
  local pipeline = assert(loadfile("pipelines/" .. name .. ".lua", "t", world))()
  local input = checked_input(pipeline.input, self.options.input or {})
  for key, value in next, input do values[key] = value end
  local main = world.task.spawn(function() return pipeline.run(self.input) end)
  while not main.done do
    local i = 1
    while i <= #self.tasks do
      local entry = self.tasks[i]
      assert(coroutine.resume(entry.thread))
      if coroutine.status(entry.thread) == "dead" then table.remove(self.tasks, i) else i = i + 1 end
    end
  end
  if main.ok then return main.value end
  if main.value == stop_signal then return "stopped" end
  error(main.value, 0)
end

return Host
