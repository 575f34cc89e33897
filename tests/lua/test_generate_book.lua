-- luacheck: std lua54
-- generate_book from 1 to 100 chapters: coverage, prompt sizes, prefixes, determinism.
local Host = require "fake_host.host"
local json = require "fake_host.json"
local promise = require "fake_host.promise"

local function book(options, input)
  options.input = { brief = "Two sisters inherit a ferry that nobody needs any more.", author = "An Author" }
  for key, value in pairs(input) do options.input[key] = value end
  local host = Host.new(options)
  return host, host:run("generate_book")
end

local function chapter_of(call)
  return call.phase == "Writing" and tonumber(call.label:match("^chapter (%d+)")) or nil
end

--- The calls of a chapter that share its beginning, the closing paragraph of a part left out.
local function calls_of(host, number)
  local out = {}
  for _, call in ipairs(host.calls) do
    if chapter_of(call) == number and call.ask.blocks[3].name == "bible" then out[#out + 1] = call end
  end
  return out
end

local function sizes(call)
  local all, stable = 0, 0
  for _, block in ipairs(call.ask.blocks) do
    all = all + #block.text
    if block.stable then stable = stable + #block.text end
  end
  return all, stable
end

local function total(host, number, roles)
  local all, stable, seen = 0, 0, {}
  for _, call in ipairs(calls_of(host, number)) do
    local task = call.ask.blocks[#call.ask.blocks].text
    if not task:find("Write scene %d+ again") and not (call.ask.role ~= "writer" and seen[call.ask.role]) then
      seen[call.ask.role] = true
      local a, s = sizes(call)
      if not roles or roles[call.ask.role] then all, stable = all + a, stable + s end
    end
  end
  return all, stable
end

local function prefix(call, last)
  local out = {}
  for _, block in ipairs(call.ask.blocks) do
    out[#out + 1] = block.text
    if block.name == last then break end
  end
  return table.concat(out)
end

promise.holds("a book of one chapter is planned, written and exported", function()
  local host, result = book({}, { chapters = 1 })
  promise.equal(result.chapters, 1)
  promise.equal(#result.files, 2)
  assert(host:artifact("chapters/01.md") and host:artifact("facts/01.json") and host:artifact("summaries/01.json"))
  assert(host:artifact("blueprint.md") and host:artifact("publishing.md") and host:artifact("book.json"))
end)

local sixty, result60 = book({}, { chapters = 60 })

promise.holds("60 chapters: every chapter has a plan, prose, facts, a summary and a checkpoint", function()
  promise.equal(result60.chapters, 60)
  promise.equal(#sixty.checkpoints, 60)
  for number = 1, 60 do
    for _, name in ipairs { "plans/%02d.json", "chapters/%02d.md", "facts/%02d.json", "summaries/%02d.json", "issues/%02d.json" } do
      assert(sixty:artifact(name:format(number)), name:format(number))
    end
  end
end)

promise.holds("60 chapters: every chapter has events, causes exist and come earlier, promises fall due inside the book", function()
  local structure = sixty:artifact("structure.json")
  local place, covered = {}, {}
  for i, event in ipairs(structure.events) do place[event.id], covered[event.chapter] = i, true end
  for number = 1, 60 do assert(covered[number], "chapter " .. number .. " has no event") end
  for i, event in ipairs(structure.events) do
    for _, cause in ipairs(event.causes) do assert(place[cause] < i, event.id) end
  end
  for _, owed in ipairs(structure.promises) do assert(owed.opened <= owed.due and owed.due <= 60) end
end)

promise.holds("prompt size of chapter 60 is at most 1.1 times that of chapter 10", function()
  local ten, last = total(sixty, 10), total(sixty, 60)
  io.stderr:write(string.format("  chapter 10: %d characters, chapter 60: %d, ratio %.3f\n", ten, last, last / ten))
  assert(last <= 1.1 * ten)
end)

promise.holds("at least 75% of a chapter's prompt characters lie in the stable prefix", function()
  for _, number in ipairs { 1, 10, 35, 60 } do
    local all, stable = total(sixty, number)
    io.stderr:write(string.format("  chapter %d: %.1f%%\n", number, 100 * stable / all))
    assert(stable >= 0.75 * all)
  end
end)

promise.holds("writer, extractor and auditor of a chapter share their first bytes; each scene only adds to them", function()
  for _, number in ipairs { 1, 10, 60 } do
    local calls = calls_of(sixty, number)
    local roles = {}
    for _, call in ipairs(calls) do
      promise.equal(prefix(call, "chapter"), prefix(calls[1], "chapter"))
      roles[call.ask.role] = true
    end
    assert(roles.writer and roles.extractor and roles.judge)
    assert(prefix(calls[3], "scene 2"):sub(1, #prefix(calls[2], "scene 1")) == prefix(calls[2], "scene 1"))
  end
end)

promise.holds("within a part the story so far only grows at its end", function()
  local before = prefix(calls_of(sixty, 4)[1], "story"):gsub("%s+$", "")
  promise.equal(prefix(calls_of(sixty, 5)[1], "story"):sub(1, #before), before)
end)

promise.holds("a chapter's prompts hold its own plan and no later one", function()
  local plan = sixty:artifact("plans/13.json")
  for _, call in ipairs(sixty.calls) do
    local number = chapter_of(call)
    if number and number < 13 then
      for _, block in ipairs(call.ask.blocks) do
        assert(not block.text:find(plan.purpose, 1, true), "the plan of chapter 13 is in chapter " .. number)
      end
    end
  end
end)

promise.holds("100 chapters get names that sort by number", function()
  local host, result = book({}, { chapters = 100, words_per_chapter = 400 })
  promise.equal(result.chapters, 100)
  assert(host:artifact("chapters/001.md") and host:artifact("chapters/100.md"))
end)

local function requests(seed)
  local host = book({ seed = seed }, { chapters = 4, candidates = 3 })
  local list = {}
  for _, call in ipairs(host.calls) do list[#list + 1] = call.request end
  table.sort(list)
  return table.concat(list, "\1"), host:artifact("book.epub")
end

promise.holds("answers that arrive in another order change no request and no byte of the book", function()
  local first, epub = requests(1)
  local second, other = requests(77)
  promise.equal(first == second, true, "same requests")
  promise.equal(epub == other, true, "same EPUB")
end)

promise.holds("a Japanese book keeps its names and passes its own checks", function()
  local host, result = book({}, { chapters = 3, language = "Japanese", brief = "島の灯台で、遥が古い手紙を見つける。" })
  promise.equal(host:artifact("book.json").language, "ja")
  promise.equal(result.issues, 0)
  local blueprint = host:artifact("blueprint.json")
  assert(host:artifact("book.md"):find(blueprint.cast[1].name, 1, true), "the cast's names are in the prose")
end)

promise.holds("--until a phase or a chapter stops there, with all before it saved", function()
  local host, result = book({ stop_at = "Chapter Planning" }, { chapters = 3 })
  promise.equal(result, "stopped")
  assert(host:artifact("plans/03.json") and not host:artifact("chapters/01.md"))
  host, result = book({ stop_at = "chapter:2" }, { chapters = 3 })
  promise.equal(result, "stopped")
  assert(host:artifact("chapters/02.md") and not host:artifact("chapters/03.md"))
end)

promise.holds("only the chapter whose plan was edited, and what follows it, makes other requests", function()
  local function edit(host, name)
    if name ~= "plans/03.json" or host.edited then return end
    host.edited = true
    local plan = host:artifact(name)
    plan.scenes[1].outcome = "The ferry burns to the waterline."
    host:store(name, json.encode(plan), "person")
    host.library.home[name][#host.library.home[name]].kind = "json"
  end
  local plain, edited = book({}, { chapters = 4 }), book({ on_get = edit }, { chapters = 4 })
  local made = {}
  for _, call in ipairs(plain.calls) do made[call.request] = true end
  for _, call in ipairs(edited.calls) do
    local number = chapter_of(call)
    if not made[call.request] then assert(call.phase == "Post-Processing" or number and number >= 3, "chapter " .. tostring(number)) end
  end
  assert(edited.edited)
end)

promise.done()
