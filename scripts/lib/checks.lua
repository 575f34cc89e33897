-- lib/checks.lua: gathers the files of scripts/checks/ and runs them. A check looks at one thing and says what it found; it changes nothing. One
-- in the library's scripts/checks/ replaces the shipped one of its name, a new name adds one. A book's checks.json switches and tunes them:
--
--   { "adverbs": false, "filter_words": { "per_1000": 20 } }
--
-- What a check declares stands in scripts/api.lua (---@class Check), how one is written in scripts/checks/README.md.
local findings = require "lib.findings"
local reading = require "lib.reading"

local checks = {}

local scopes = { scene = true, chapter = true, book = true, plan = true }
local known = { "title", "kind", "scope", "reads", "thresholds", "languages", "off", "run", "look_for", "sees", "most", "several" }
-- What a check may read: where it stands in what the check is given.
local places = { text = "reading", plan = "plan", facts = "sheet", state = "state", structure = "structure", cast = "cast", earlier = "earlier",
  secrets = "secrets" }

--------------------------------------------------------------------------------------------------------------- the files

local function wrong(name, what, ...)
  error({ kind = "script", message = "scripts/checks/" .. name .. ".lua: " .. string.format(what, ...) }, 0)
end

local function is_known(field)
  for _, name in ipairs(known) do
    if name == field then return true end
  end
  return false
end

--- Is it a check? Raises with what is wrong.
function checks.validate(name, check)
  if type(check) ~= "table" then wrong(name, "it must return a table: { title =, scope =, run = }") end
  for field in pairs(check) do
    if not is_known(field) then
      local near = text.nearest(tostring(field), known)
      wrong(name, "unknown field '%s'%s", tostring(field), near and "; did you mean '" .. near .. "'?" or "")
    end
  end
  local kind = check.kind or "code"
  if type(check.title) ~= "string" then wrong(name, "'title' must say in a few words what it looks for") end
  if kind ~= "code" and kind ~= "model" then wrong(name, "'kind' must be \"code\" or \"model\"") end
  if not scopes[check.scope] then wrong(name, "'scope' must be \"scene\", \"chapter\", \"book\" or \"plan\"") end
  if kind == "code" and type(check.run) ~= "function" then wrong(name, "'run' must be a function") end
  if kind == "model" and (type(check.look_for) ~= "string" or check.scope ~= "chapter") then
    wrong(name, "one of kind \"model\" has scope \"chapter\" and says in 'look_for' what its judge looks for")
  end
  for _, field in ipairs { "reads", "languages" } do
    if check[field] ~= nil and type(check[field]) ~= "table" then
      wrong(name, "'%s' must be a list: { \"%s\" }", field, tostring(check[field]))
    end
  end
  if check.sees ~= nil and check.sees ~= "story" and check.sees ~= "prose" then wrong(name, "'sees' must be \"story\" or \"prose\"") end
  if check.most ~= nil and math.type(check.most) ~= "integer" then wrong(name, "'most' must be a whole number") end
  for _, place in ipairs(check.reads or {}) do
    if not places[place] then wrong(name, "'reads' knows text, plan, facts, state, structure, cast, earlier and secrets, not '%s'", tostring(place)) end
  end
  for threshold, value in pairs(check.thresholds or {}) do
    if type(value) ~= "number" then wrong(name, "the threshold '%s' must be a number", tostring(threshold)) end
  end
  return check
end

--- The check of this name. Raises when the file is none.
function checks.load(name)
  return checks.validate(name, require("checks." .. name))
end

--- The names of all checks, sorted.
function checks.names() return check.list() end

---------------------------------------------------------------------------------------------------------------- settings

local function unknown(name, all)
  local near = text.nearest(name, all)
  error({ kind = "invalid", message = string.format("there is no check '%s'%s", name, near and "; did you mean '" .. near .. "'?" or ""),
    hint = "the checks are the files of scripts/checks/" }, 0)
end

local function switched(name, value)
  if value == "off" or value == "false" then return false end
  if value == "on" or value == "true" then return true end
  error({ kind = "invalid", message = string.format("the check '%s' can be on or off, not '%s'", name, value) }, 0)
end

--- "adverbs=off filter_words.per_1000=20" as the table of checks.json. Raises for what is no check.
function checks.parse(words)
  local out, all = {}, checks.names()
  for word in string.gmatch(string.gsub(words or "", ",", " "), "%S+") do
    local name, threshold, value = string.match(word, "^([%w_]+)%.?([%w_]*)=(%S+)$")
    if not name then
      error({ kind = "invalid", message = "'" .. word .. "' cannot be read as a setting of a check",
        hint = "write adverbs=off or filter_words.per_1000=20" }, 0)
    end
    if threshold == "" then
      out[name] = switched(name, value)
    else
      if type(out[name]) ~= "table" then out[name] = {} end
      out[name][threshold] = tonumber(value) or value
    end
  end
  return checks.valid_settings(out, all)
end

--- A checks.json as it stands, edited or not. Raises for names and values that no check has: a typo would silently change nothing.
function checks.valid_settings(settings, all)
  all = all or checks.names()
  if type(settings) ~= "table" then error({ kind = "invalid", message = "checks.json must be an object: { \"adverbs\": false }" }, 0) end
  for name, value in pairs(settings) do
    local there = false
    for _, other in ipairs(all) do there = there or other == name end
    if not there then unknown(name, all) end
    if type(value) ~= "boolean" and type(value) ~= "table" then
      error({ kind = "invalid", message = string.format("the check '%s' in checks.json must be true, false or its thresholds", name) }, 0)
    end
    for threshold, number in pairs(type(value) == "table" and value or {}) do
      local thresholds = checks.load(name).thresholds or {}
      if type(number) ~= "number" or not thresholds[threshold] then
        local has = {}
        for each in pairs(thresholds) do has[#has + 1] = each end
        error({ kind = "invalid", message = string.format("the check '%s' has no threshold '%s' of that value", name, threshold),
          hint = #has > 0 and "its thresholds are numbers: " .. table.concat(has, ", ") or "it has none" }, 0)
      end
    end
  end
  return settings
end

local function limits_of(check, setting)
  local out = {}
  for name, value in pairs(check.thresholds or {}) do out[name] = value end
  for name, value in pairs(type(setting) == "table" and setting or {}) do out[name] = value end
  return out
end

local function speaks(check, tag)
  if not check.languages then return true end
  for _, language in ipairs(check.languages) do
    if language == tag then return true end
  end
  return false
end

-- A check that cannot be loaded costs no book: it is told, and left out.
local function loaded(name)
  local ok, one = pcall(checks.load, name)
  if ok then return one end
  log.warn("the check '%s' cannot be used: %s", name, type(one) == "table" and one.message or tostring(one))
  return nil
end

--- Those that are on for a book in a language: { {name=, check=, limits=}, ... }
function checks.active(scope, kind, settings, tag)
  local out = {}
  for _, name in ipairs(checks.names()) do
    local one, setting = loaded(name), settings[name]
    local on = one and (setting == nil and not one.off or setting ~= nil and setting ~= false)
    if on and one.scope == scope and (one.kind or "code") == kind and speaks(one, string.match(tag or "", "^%a+") or "") then
      out[#out + 1] = { name = name, check = one, limits = limits_of(one, setting) }
    end
  end
  return out
end

----------------------------------------------------------------------------------------------------------------- running

local function can_read(check, it)
  for _, place in ipairs(check.reads or { "text" }) do
    if place ~= "text" and it[places[place]] == nil then return false end
  end
  return true
end

--- The documents that a finding hangs on.
function checks.documents(one, it)
  local out = {}
  if not it.document then return out end
  for _, place in ipairs(one.reads or { "text" }) do
    for _, name in ipairs(it.document(place)) do out[#out + 1] = name end
  end
  return out
end

local function is_text(value) return type(value) == "string" and utf8.len(value) ~= nil end

-- What tells a finding from the others of its check in its chapter: what it quotes, else its scene, else what it says, if the check says several
-- things of one chapter. What it says may hold numbers that change with the text, so that it is the last resort.
local function words_of(one, quote, scene, problem)
  if quote ~= "" then return quote end
  if one.scope == "scene" and scene then return "scene " .. scene end
  return one.several and problem or nil
end

--- A finding in the form that the book keeps. A quote that is cut within a character is none: no document could hold it.
function checks.finding(name, one, it, found)
  local chapter = found.chapter or it.number or 0
  local reads = json.array(found.reads or checks.documents(one, it))
  local quote = is_text(found.quote) and found.quote or ""
  local scene = found.scene or it.scene
  local key = findings.key(name, chapter, words_of(one, quote, scene, found.problem))
  return { key = key, check = name, title = one.title, chapter = chapter, scene = scene, quote = quote,
    problem = found.problem, certain = found.certain or false, fix = found.fix, reads = reads, judged = one.kind == "model" or nil }
end

local function is_finding(found)
  return type(found) == "table" and is_text(found.problem) and (found.fix == nil or is_text(found.fix))
    and (found.scene == nil or math.type(found.scene) == "integer") and (found.chapter == nil or math.type(found.chapter) == "integer")
end

-- What is no finding would end the chapter where it is kept: one that says so stands for all of these.
local function only_findings(name, list)
  local out = {}
  for _, found in ipairs(list) do
    if is_finding(found) then out[#out + 1] = found end
  end
  if #out < #list or list.problem ~= nil then
    log.warn("the check '%s' returned something other than a list of findings", name)
    out[#out + 1] = { problem = "The check itself is wrong: its 'run' must return a list of findings, { { problem = \"...\" } }." }
  end
  return out
end

-- A check that fails costs no chapter: it is told.
local function run_one(active, it)
  local ok, found = pcall(active.check.run, it, active.limits)
  if ok then return found and only_findings(active.name, type(found) == "table" and found or { found }) or {} end
  if type(found) == "table" and found.kind ~= "script" then error(found, 0) end
  local why = type(found) == "table" and found.message or tostring(found)
  log.warn("the check '%s' failed and found nothing: %s", active.name, why)
  return { { problem = "The check itself failed, so nothing was looked for: " .. text.first_words(why, 30) } }
end

--- All findings of the checks of this scope. `it` is what they look at: lib/evidence.lua makes it. `settings` is checks.json.
function checks.run(scope, it, settings)
  local out = {}
  for _, active in ipairs(checks.active(scope, "code", settings or {}, it.tag)) do
    if can_read(active.check, it) then
      for _, found in ipairs(run_one(active, it)) do out[#out + 1] = checks.finding(active.name, active.check, it, found) end
    end
  end
  return out
end

--- One check on a text, for tests beside checks: checks.try("adverbs", "She quickly ran.", { limits = { per_1000 = 5 } }). What stands in
--- `with` is given to the check besides; chapters = {texts} for one of scope "book".
function checks.try(name, prose, with)
  with = with or {}
  local one = checks.load(name)
  local it = { number = 1, tag = with.tag or "en" }
  for field, value in pairs(with) do it[field] = value end
  it.reading = reading.of(prose or "", it.tag)
  if with.chapters then
    it.chapters = {}
    for i, chapter in ipairs(with.chapters) do
      it.chapters[i] = type(chapter) == "table" and chapter or { prose = chapter }
      it.chapters[i].number, it.chapters[i].title = it.chapters[i].number or i, it.chapters[i].title or "Chapter " .. i
    end
  end
  return one.run(it, limits_of(one, with.limits)) or {}
end

--- How many of the findings are certain.
function checks.faults(list)
  local count = 0
  for _, finding in ipairs(list) do
    if finding.certain then count = count + 1 end
  end
  return count
end

return checks
