-- What the author fixed is taken down with his words, shown where it holds, and held against the text.

local brief = "Ada Finch has one green eye. In chapter 2 she sells the boat. The dog survives. At the very end we learn that Ines forged the will."

local fixed = {
  { text = "Ada has one green eye.", quote = "Ada Finch has one green eye", first = 1, last = 3, secret = false, ban = false },
  { text = "Ada sells the boat.", quote = "In chapter 2 she sells the boat.", first = 2, last = 2, secret = false, ban = false },
  { text = "The dog may not die.", quote = "the dog survives", first = 1, last = 3, secret = false, ban = true },
  { text = "Ines is the forger.", quote = "Ines forged the will", first = 3, last = 3, secret = true, ban = false },
  { text = "Ada is a countess.", quote = "Countess Ada", first = 1, last = 3, secret = false, ban = false },
}

local contract, check = "as you would a contract", "These points were fixed by the author"

local function reader(contradictions, musts)
  return { task = contract, value = { musts = json.array(musts or fixed), contradictions = json.array(contradictions or {}) } }
end

local function book(t, options)
  options.pipeline = "generate_book"
  options.input = { brief = options.brief or brief, chapters = options.chapters or 3, words_per_chapter = 600, language = options.language }
  options.brief, options.chapters, options.language = nil, nil, nil
  return t.run(options)
end

--- The judge's verdict on each point, "open" where `said` has none: said[id] = { verdict, quote, problem }.
local function verdicts(request, said)
  local points = {}
  for _, id in ipairs(request.schema.properties.points.required) do
    local one = said[id] or { "open", "", "" }
    points[id] = { verdict = one[1], quote = one[2], problem = one[3] or "" }
  end
  return { value = { points = points } }
end

return {
  ["a point counts only with words of the brief; the list is a document"] = function(t)
    local run = book(t, { answers = { reader(), { rehearse = true } }, stop_at = "Blueprint" })
    local made = t.document("musts.json")
    t.equal(#made.musts, 4)
    t.equal(made.left_out, { "Ada is a countess." })
    t.equal(#t.requests(run, { task = contract }), 1)
    t.equal(run.requests[1].task, t.requests(run, { task = contract })[1].task, "it is asked before anything else")
  end,

  ["each point is told in its own chapters; a secret in no chapter before its reveal, nor the brief that holds it"] = function(t)
    local run = t.status(book(t, { answers = { reader(), { rehearse = true } } }), "completed")
    local seen = 0
    for _, request in ipairs(t.requests(run, { phase = "Writing", has = "## Cast" })) do
      local number = tonumber(string.match(request.label, "^chapter (%d+)"))
      seen = seen + 1
      t.has(request.prompt, "Ada Finch has one green eye")
      t.has(request.prompt, "The dog may not die.")
      t.equal(string.find(request.prompt, "she sells the boat", 1, true) ~= nil, number == 2, "chapter " .. number)
      t.equal(string.find(request.prompt, "Ines forged the will", 1, true) ~= nil, number == 3, "chapter " .. number)
    end
    t.ok(seen > 8)
    for _, phase in ipairs { "Structure & Events", "Chapter Planning" } do
      for _, request in ipairs(t.requests(run, { phase = phase, role = "planner" })) do t.has(request.prompt, "Ines forged the will") end
    end
  end,

  ["a short brief without secrets is told whole to those who write"] = function(t)
    local run = book(t, { answers = { reader({}, { fixed[1], fixed[3] }), { rehearse = true } }, chapters = 1 })
    for _, request in ipairs(t.requests(run, { phase = "Writing", role = "writer" })) do t.has(request.prompt, brief) end
  end,

  ["an edited list is what the chapters are told"] = function(t)
    local run = book(t, { answers = { reader(), { rehearse = true } }, stop_at = "Chapter Planning" })
    t.edit("musts.json", { musts = json.array { { text = "It rains on Sundays.", first = "2", last = 2, tone = "dry" },
      { text = json.null, first = json.null, quote = json.null, secret = json.null } } })
    run = t.status(t.resume(run, { with = { "artifacts" }, answers = { { rehearse = true } } }), "completed")
    for _, request in ipairs(t.requests(run, { phase = "Writing", role = "writer" })) do
      local told = string.find(request.prompt, "It rains on Sundays. Tone: dry", 1, true) ~= nil
      t.equal(told, string.find(request.label, "^chapter 2,") ~= nil, request.label)
    end
  end,

  ["what the text breaks is an issue with chapter and quote; an invented quote is none, and what nothing keeps is told at the end"] = function(t)
    local broken
    local run = t.status(book(t, { answers = { reader(), { task = check, answer = function(request)
      local words = string.match(request.task, "Chapter 2\n\n(%S+ %S+ %S+ %S+)")
      broken = words or broken
      return verdicts(request, { M1 = { "kept", "words that stand nowhere" }, M3 = { "broken", "the dog lay dead", "It dies." },
        M2 = words and { "broken", words, "She keeps it." } })
    end }, { rehearse = true } } }), "completed")
    local said = {}
    for _, issue in ipairs(run.result.findings) do said[#said + 1] = issue.where .. ": " .. issue.problem end
    said = table.concat(said, "\n")
    t.has(said, "chapter 2: against what the author fixed (M2: Ada sells the boat.")
    t.has(said, broken)
    t.lacks(said, "the dog lay dead")
    t.has(said, "book: nothing was found that keeps what the author fixed (M1)")
    t.lacks(said, "(M3)", "a ban is kept by silence")
    t.equal(t.document("checks/musts.json").M2.verdict, "broken")
  end,

  ["a chapter that breaks a point is written again with that point before the writer, and held against it once more"] = function(t)
    local asked = 0
    local run = t.status(book(t, { answers = { reader(), { task = check, answer = function(request)
      local words = string.match(request.task, "Chapter 2\n\n(%S+ %S+ %S+ %S+)")
      if words then asked = asked + 1 end
      return verdicts(request, { M2 = words and asked == 1 and { "broken", words, "She keeps it." } })
    end }, { rehearse = true } } }), "completed")
    local again = t.requests(run, { role = "writer", task = "The author fixed otherwise: Ada sells the boat. (\"In chapter 2 she sells the boat.\")" })
    t.ok(#again >= 1)
    t.equal(asked, 2)
    t.lacks(json.encode(run.result.findings), "against what the author fixed")
    t.equal(t.document("checks/musts.json").M2.verdict, "mended")
    t.equal(#t.versions("chapters/02.md"), 2)
    t.equal(#t.versions("facts/02.json"), 2)
    local last = t.requests(run, { role = "writer", label = "chapter 3," })[1]
    local now = string.match(t.document("chapters/02.md"), "^# .-\n\n(%S+ %S+ %S+ %S+ %S+ %S+)")
    t.has(last.prompt, now, "the next chapter follows on the mended one")
  end,

  ["a chapter of a person's is never mended: what it breaks is named"] = function(t)
    local mine = "# Mine\n\nAda keeps the boat for good.\n"
    local run = book(t, { answers = { reader(), { rehearse = true } }, stop_at = "chapter:1" })
    local edited = false
    run = t.status(t.resume(run, { answers = { reader(), { task = check, answer = function(request)
      local has = string.find(request.task, "Ada keeps the boat", 1, true)
      return verdicts(request, { M2 = has and { "broken", "Ada keeps the boat", "She keeps it." } })
    end }, { task = "with a cold eye", answer = function(request, rehearse)
      if not edited and string.find(request.label, "^chapter 2,") then
        edited = true
        t.edit("chapters/02.md", mine)
      end
      return rehearse()
    end }, { rehearse = true } } }), "completed")
    t.equal(t.document("chapters/02.md"), mine)
    t.has(json.encode(run.result.findings), "against what the author fixed (M2")
    t.equal(#t.requests(run, { task = "The author fixed otherwise" }), 0)
  end,

  ["a brief that contradicts itself is asked about before the book is begun, and the changed brief is what counts"] = function(t)
    local clash = { { one = "The dog survives.", other = "Ada Finch has one green eye", problem = "Both cannot be." },
      { one = "The dog survives.", other = "words that are not there", problem = "Invented." } }
    local shown
    local run = book(t, { answers = { { task = contract, times = 1, value = { musts = json.array {}, contradictions = json.array(clash) } },
      reader(), { rehearse = true } }, stop_at = "Blueprint", decide = function(gate)
      shown = json.decode(gate.show)
      return { choice = "go on", edits = { brief = brief .. " It is set in Porto.", contradictions = shown.contradictions } }
    end })
    t.equal(#shown.contradictions, 1)
    t.equal(run.requests[1].task, run.requests[2].task, "nothing else was asked before")
    t.has(t.document("brief.json").brief, "It is set in Porto.")
    for _, request in ipairs(t.requests(run, { role = "planner" })) do t.has(request.prompt, "It is set in Porto.") end
    run = t.status(book(t, { project = "stopped", answers = { reader(clash), { rehearse = true } }, decide = "stop" }), "failed")
    t.has(run.error.message, "the brief contradicts itself: Both cannot be.")
    t.equal(#run.requests, 1, "nothing was spent")
  end,

  ["briefs of one word, in Japanese and in Arabic have their points"] = function(t)
    for name, said in pairs { one = "Ferry", ja = "島の灯台で、遥が古い手紙を見つける。", ar = "تجد ليلى رسالة قديمة في المنارة." } do
      local run = t.status(book(t, { project = "brief-" .. name, brief = said, chapters = 1, answers = {
        reader({}, { { text = "x", quote = said, first = 1, last = 1, secret = false, ban = false } }), { rehearse = true } } }), "completed")
      t.equal(t.document("musts.json", { project = "brief-" .. name }).musts[1].quote, said)
      for _, request in ipairs(t.requests(run, { phase = "Writing", role = "writer" })) do t.has(request.prompt, said) end
    end
  end,

  ["a brief of 50 pages stands whole in every planning call, and by its points in the chapters"] = function(t)
    local pages = {}
    for page = 1, 50 do pages[page] = "Page " .. page .. ". " .. string.rep("The ledger says what the river took that year, and who paid for it. ", 27) end
    pages[25] = pages[25] .. "Ada Finch must not die."
    local long = table.concat(pages, "\n\n")
    t.ok(#long > 90000)
    local run = t.status(book(t, { brief = long, chapters = 1, answers = {
      reader({}, { { text = "Ada lives.", quote = "Ada Finch must not die.", first = 1, last = 1, secret = false, ban = true } }),
      { rehearse = true } } }), "completed")
    for _, phase in ipairs { "Blueprint", "Structure & Events", "Chapter Planning" } do
      local planned = t.requests(run, { phase = phase, role = "planner" })
      t.ok(#planned > 0)
      for _, request in ipairs(planned) do t.has(request.prompt, long) end
    end
    for _, request in ipairs(t.requests(run, { phase = "Writing", role = "writer" })) do
      t.has(request.prompt, "Ada Finch must not die.")
      t.ok(#request.prompt < 60000)
    end
  end,

  ["a brief that no prompt can carry is an error that names it, before anything is asked"] = function(t)
    local run = t.status(book(t, { brief = string.rep("All of it counts. ", 24000) }), "failed")
    t.equal(run.error.kind, "invalid")
    t.has(run.error.message, "\"brief\" is too long for a prompt: 4320")
    t.has(run.error.hint, "shorten the brief")
    t.equal(#run.requests, 0)
  end,
}
