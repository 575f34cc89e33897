-- One chapter anew: the old one stays, a person's words stay, and what leans on the change is named.

local function finished(t)
  local input = { brief = "A bell founder goes deaf.", chapters = 3, words_per_chapter = 600, candidates = 1 }
  return t.status(t.run { pipeline = "generate_book", input = input }, "completed")
end

local function rewrite(t, chapter, instruction)
  return t.run { pipeline = "rewrite_chapter", input = { chapter = chapter, instruction = instruction } }
end

return {
  ["the old version stays beside the new one, and its facts are taken down again"] = function(t)
    finished(t)
    local old = t.document("chapters/02.md")
    local result = t.status(rewrite(t, 2, "Let the storm come a day early."), "completed").result
    t.ok(t.document("chapters/02.md") ~= old)
    t.equal(t.document("chapters/02.md", { version = 1 }), old)
    t.equal(result.version, 2)
    t.equal(#t.versions("facts/02.json"), 2)
    t.equal(type(result.impact), "table")
    t.ok(t.document("impact/02.json"))
  end,

  ["the writer is told the wish and the scene as it stands"] = function(t)
    finished(t)
    local run = rewrite(t, 2, "Let the storm come a day early.")
    local told = t.requests(run, { role = "writer", task = "Let the storm come a day early." })
    t.ok(#told > 0)
    t.has(told[1].task, "as it stands:")
  end,

  ["those who take down and judge the new chapter know the wish, and the writer knows what it has to lead to"] = function(t)
    finished(t)
    local run = rewrite(t, 2, "Let the storm come a day early.")
    local shared = t.requests(run, { has = "# This chapter" })
    local roles = {}
    for _, request in ipairs(shared) do
      roles[request.role] = true
      t.has(request.prompt, "which wins over its plan, its events and its promises:\n\nLet the storm come a day early.")
    end
    t.ok(roles.writer and roles.extractor and roles.judge)
    local begins = string.match(t.document("chapters/03.md"), "^# .-\n\n(%S+ %S+ %S+ %S+ %S+)")
    local told = t.requests(run, { role = "writer" })[1].prompt
    t.has(told, "# How chapter 3 begins, as it stands in the book")
    t.has(told, "as far as the author's wish lets it.\n\n" .. begins)
    t.lacks(rewrite(t, 3, "Shorter.").requests[1].prompt, "# How chapter 4")
  end,

  ["a wish for another length is asked for in that length"] = function(t)
    finished(t)
    local words = text.words((string.gsub(t.document("chapters/02.md"), "^# [^\n]*\n", "")))
    local run = rewrite(t, 2, "Make this chapter half as long.")
    local asked = tonumber(string.match(t.requests(run, { role = "writer" })[1].task, "Write the scene anew, whole, in about (%d+) words"))
    t.ok(math.abs(asked - words // 2) <= words // 10, asked .. " of " .. words)
    for _, finding in ipairs(run.result.findings) do t.lacks(finding, "too thin") end
  end,

  ["a chapter that a person edited gets a proposal, and keeps the person's words"] = function(t)
    finished(t)
    local mine = "# Mine\n\nA person's words stand here, all of them.\n"
    t.edit("chapters/02.md", mine)
    local run = t.status(rewrite(t, 2, "Shorter."), "completed")
    t.equal(run.result.proposal, true)
    t.equal(t.document("chapters/02.md"), mine)
    t.equal(t.versions("chapters/02.md")[3].state, "proposal")
  end,

  ["later chapters that hold what has changed are named, with the sentence"] = function(t)
    finished(t)
    t.status(t.run { source = [[
      return { run = function()
        local sheet = artifact.get("facts/01.json")
        sheet.operations = json.array { { op = "add", what = "holds", who = artifact.get("blueprint.json").cast[1].name,
          value = "the seventh astrolabe", quote = "the seventh astrolabe" } }
        artifact.put("facts/01.json", sheet)
        local third = artifact.get("chapters/03.md")
        artifact.put("chapters/03.md", third .. "\nShe turned the seventh astrolabe once more.\n")
      end }
    ]] }, "completed")
    local found
    for _, entry in ipairs(rewrite(t, 1, "No astrolabes.").result.impact) do
      if entry.value == "the seventh astrolabe" then found = entry end
    end
    t.equal(found.chapter, 3)
    t.equal(found.why, "She turned the seventh astrolabe once more.")
  end,

  ["what the author fixed is held in a rewritten chapter: what breaks it is written again, what stays broken is an issue"] = function(t)
    local contract, check = "as you would a contract", "These points were fixed by the author"
    t.status(t.run { pipeline = "generate_book", input = { brief = "The bell stays silent. A bell founder goes deaf.", chapters = 2, words_per_chapter = 600,
      candidates = 1 }, answers = { { task = contract, value = { contradictions = json.array {}, musts = json.array { { text = "The bell is never rung.",
      quote = "The bell stays silent.", first = 1, last = 2, secret = false, ban = true } } } }, { rehearse = true } } }, "completed")
    local function rewritten(times)
      local asked = 0
      return t.status(t.run { pipeline = "rewrite_chapter", input = { chapter = 2, instruction = "More storm." }, answers = { { task = check,
        answer = function(request)
          asked = asked + 1
          local words = string.match(request.task, "Chapter 2\n\n(%S+ %S+ %S+)")
          return { value = { points = { M1 = asked <= times and { verdict = "broken", quote = words, problem = "It rings." }
            or { verdict = "open", quote = "", problem = "" } } } }
        end }, { rehearse = true } } }, "completed")
    end
    local run = rewritten(1)
    t.ok(#t.requests(run, { role = "writer", task = "The author fixed otherwise: The bell is never rung." }) >= 1)
    t.lacks(json.encode(run.result.findings), "against what the author fixed")
    run = rewritten(9)
    t.equal(#t.requests(run, { task = check }), 2, "it is mended once, not for ever")
    t.has(json.encode(run.result.findings), "against what the author fixed (M1: The bell is never rung.")
  end,

  ["a check that a person switched off stays off in a rewritten chapter"] = function(t)
    finished(t)
    local function found()
      local run = t.status(t.run { pipeline = "rewrite_chapter", input = { chapter = 2, instruction = "More storm." }, answers = {
        { role = "writer", answer = function(_, rehearse) return { text = "She saw the the boat. " .. rehearse().text } end },
        { rehearse = true } } }, "completed")
      t.ok(#t.requests(run, { role = "writer" }) > 0)
      return string.find(json.encode(t.document("findings/02.json")), "doubled_words", 1, true) ~= nil
    end
    t.ok(found())
    t.edit("checks.json", { doubled_words = false })
    t.ok(not found())
  end,

  ["a chapter or a book that is not there is a clear error"] = function(t)
    local run = t.status(rewrite(t, 1, "x"), "failed")
    t.has(run.error.message, "holds no book yet")
    finished(t)
    t.has(rewrite(t, 9, "x").error.message, "no chapter 9; it has 3")
  end,
}
