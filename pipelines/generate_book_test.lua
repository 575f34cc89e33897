-- Whole books, from one chapter to a hundred: all of it is there, prompts stay small and keep their beginnings, and the
-- same input makes the same book.

local function book(t, options)
  local input = { brief = "Two sisters inherit a ferry that nobody needs any more.", author = "An Author" }
  for key, value in pairs(options.input or {}) do input[key] = value end
  options.pipeline, options.input = "generate_book", input
  return t.run(options)
end

local function chapter_of(request)
  return request.phase == "Writing" and tonumber(string.match(request.label, "^chapter (%d+)")) or nil
end

--- The requests of a chapter that share its beginning (the closing paragraph of a part has another one).
local function requests_of(run, number)
  local out = {}
  for _, request in ipairs(run.requests) do
    local shared = string.find(request.prompt, "## Cast", 1, true)
    if shared and chapter_of(request) == number then out[#out + 1] = request end
  end
  return out
end

local function sizes(request)
  local all, stable = 0, 0
  for _, block in ipairs(request.blocks) do
    all = all + #block.text
    if block.stable then stable = stable + #block.text end
  end
  return all, stable
end

--- Characters of a chapter's prompts: each scene once, each other role once, so that repairs do not count.
local function total(run, number)
  local all, stable, seen = 0, 0, {}
  for _, request in ipairs(requests_of(run, number)) do
    local is_writer = request.role == "writer"
    if not string.find(request.task, "Write scene %d+ again") and (is_writer or not seen[request.role]) then
      seen[request.role] = true
      local a, s = sizes(request)
      all, stable = all + a, stable + s
    end
  end
  return all, stable
end

--- Characters of a prompt, on average, in some chapters.
local function mean(run, first, last)
  local all, count = 0, 0
  for number = first, last do
    for _, request in ipairs(requests_of(run, number)) do all, count = all + sizes(request), count + 1 end
  end
  return all // count
end

--- The prompt up to the block that begins with `heading`, that block included.
local function up_to(request, heading)
  local out = {}
  for i, block in ipairs(request.blocks) do
    out[i] = block.text
    if string.sub(block.text, 1, #heading) == heading then return table.concat(out) end
  end
  error("no block '" .. heading .. "' in a prompt of the " .. request.role, 0)
end

local function check_documents(t, chapters)
  for number = 1, chapters do
    for _, name in ipairs { "plans/%02d.json", "chapters/%02d.md", "facts/%02d.json", "summaries/%02d.json",
      "issues/%02d.json" } do
      t.ok(t.document(string.format(name, number)), string.format(name, number))
    end
  end
end

local function check_prompts(t, run)
  local early, last = mean(run, 18, 22), mean(run, 56, 60)
  t.ok(last <= 1.15 * early, string.format("prompts around chapter 58: at most 1.15 times those around chapter 20 (%d, %d)", last, early))
  for _, number in ipairs { 1, 10, 35, 60 } do
    local all, stable = total(run, number)
    t.ok(stable >= 0.85 * all, string.format("chapter %d: %d of %d characters are in the prefix", number, stable, all))
  end
end

local function check_prefixes(t, run)
  for _, number in ipairs { 1, 10, 60 } do
    local requests, roles = requests_of(run, number), {}
    local begin = up_to(requests[1], "# This chapter")
    for _, request in ipairs(requests) do
      t.equal(up_to(request, "# This chapter"), begin)
      roles[request.role] = true
    end
    t.ok(roles.writer and roles.extractor and roles.judge, "writer, extractor and judge of chapter " .. number)
    local shorter = up_to(requests[2], "# Scene 1")
    t.equal(string.sub(up_to(requests[3], "# Scene 2"), 1, #shorter), shorter, "scenes only add to the prompt")
  end
  local before = string.gsub(up_to(requests_of(run, 4)[1], "# The story"), "%s+$", "")
  local after = up_to(requests_of(run, 5)[1], "# The story")
  t.equal(string.sub(after, 1, #before), before, "the story so far grows at its end")
end

return {
  ["a book of one chapter is planned, written and exported"] = function(t)
    local run = t.status(book(t, { input = { chapters = 1 } }), "completed")
    t.equal(run.result.chapters, 1)
    t.equal(#run.result.files, 2)
    check_documents(t, 1)
    for _, name in ipairs { "blueprint.md", "publishing.md", "book.json", "book.md", "book.epub" } do
      t.ok(t.document(name), name)
    end
  end,

  ["60 chapters: all is there, prompts stay small and share beginnings, no later plan is told"] = function(t)
    local run = t.status(book(t, { input = { chapters = 60 } }), "completed")
    t.equal(run.result.chapters, 60)
    check_documents(t, 60)
    check_prompts(t, run)
    check_prefixes(t, run)
    local purpose = t.document("plans/13.json").purpose
    for _, request in ipairs(run.requests) do
      local number = chapter_of(request)
      if number and number < 12 then t.lacks(request.prompt, purpose, "chapter 13's plan, in chapter " .. number) end
    end
  end,

  ["100 chapters get names that sort by number"] = function(t)
    local run = book(t, { input = { chapters = 100, words_per_chapter = 400 }, stop_at = "chapter:2" })
    t.status(run, "waiting")
    t.equal(t.documents("chapters/"), { "chapters/001.md", "chapters/002.md" })
    t.ok(t.document("plans/100.json"))
  end,

  ["answers that arrive in another order change no request and no byte of the book"] = function(t)
    local function prompts(order, project)
      local list = {}
      local run = book(t, { input = { chapters = 3, candidates = 3 }, order = order, project = project })
      for i, request in ipairs(t.status(run, "completed").requests) do list[i] = request.role .. request.prompt end
      table.sort(list)
      return table.concat(list, "\1")
    end
    t.equal(prompts(nil, "oldest-first"), prompts("newest first", "newest-first"))
    local first, second = { project = "oldest-first" }, { project = "newest-first" }
    t.ok(t.document("book.epub", first) == t.document("book.epub", second), "the same EPUB")
  end,

  ["a Japanese book keeps its names and passes its own checks"] = function(t)
    local brief = "島の灯台で、遥が古い手紙を見つける。"
    local run = book(t, { input = { chapters = 2, language = "Japanese", brief = brief }, model = "rehearsal/novelist" })
    t.equal(t.status(run, "completed").result.issues, 0)
    t.equal(t.document("book.json").language, "ja")
    t.has(t.document("book.md"), t.document("blueprint.json").cast[1].name)
  end,

  ["it stops where it is asked to, with all before it saved, and goes on from there"] = function(t)
    local run = t.status(book(t, { input = { chapters = 3 }, stop_at = "Chapter Planning" }), "waiting")
    t.ok(t.document("plans/03.json") and not t.document("chapters/01.md"))
    run = t.status(t.resume(run, { stop_at = "chapter:2" }), "waiting")
    t.ok(t.document("chapters/02.md") and not t.document("chapters/03.md"))
    t.equal(#t.requests(run, { phase = "Blueprint" }), 0)
  end,

  ["only the chapter whose plan was edited, and what follows it, is asked for again"] = function(t)
    local run = t.status(book(t, { input = { chapters = 4 } }), "completed")
    local plan = t.document("plans/03.json")
    plan.scenes[1].outcome = "The ferry burns to the waterline."
    t.edit("plans/03.json", plan)
    run = t.status(t.retry(run, { with = { "artifacts" } }), "completed")
    t.ok(#run.requests > 0)
    t.has(run.requests[1].prompt, "burns to the waterline")
    t.equal(#t.requests(run, { phase = "Blueprint" }), 0)
    for number = 1, 4 do
      local told = t.document(string.format("plans/%02d.json", number))
      local begin = "# This chapter\n\nTitle: " .. told.title .. "\nPurpose: " .. string.sub(told.purpose, 1, 40)
      t.equal(#t.requests(run, { has = begin }) > 0, number >= 3, "chapter " .. number .. " is asked for again")
    end
  end,

  ["a rehearsal says so in its files; another model's book does not"] = function(t)
    t.status(book(t, { input = { chapters = 1 }, model = "rehearsal/novelist", project = "rehearsed" }), "completed")
    t.has(t.document("book.md", { project = "rehearsed" }), "A rehearsal")
    t.equal(t.document("book.json", { project = "rehearsed" }).rehearsal, true)
    t.status(book(t, { input = { chapters = 1 }, project = "real" }), "completed")
    t.lacks(t.document("book.md", { project = "real" }), "A rehearsal")
    t.has(t.document("publishing.md", { project = "real" }), "canned/model")
    t.lacks(t.document("publishing.md", { project = "real" }), "Rehearsal")
  end,
}
