-- Judging can only improve a chapter: repairs are exact words, a new version counts only if it is no worse, and what stands is told.

local function book(t, answers, more)
  local input = { brief = "A cook inherits a debt.", chapters = 1, words_per_chapter = 1200 }
  for field, value in pairs(more or {}) do input[field] = value end
  return t.status(t.run { pipeline = "generate_book", input = input, answers = answers }, "completed")
end

local none = { verdict = "accept", confirmed = json.array {}, findings = json.array {} }

--- The first sentence of the first scene that the request shows.
local function first_sentence(request)
  local scene
  for _, block in ipairs(request.blocks) do scene = scene or string.match(block.text, "^# Scene 1, as written\n\n(.*)$") end
  return text.sentences(scene)[1]
end

--- A judge of the prose who finds one fault in the first sentence, and afterwards says what `after` says of it.
local function one_fault(after)
  return function(request)
    if request.role ~= "judge" or request.phase ~= "Writing" then return nil end
    if string.find(request.task, "Which of the faults still stand", 1, true) then return { value = after } end
    if string.find(request.task, "ready-made phrases", 1, true) then
      return { value = { verdict = "revise", confirmed = json.array {},
        findings = json.array { { scene = 1, quote = first_sentence(request), problem = "Flat.", fix = "" } } } }
    end
    if string.find(request.task, "with a cold eye", 1, true) then return { value = none } end
  end
end

local mended = { standing_problems = json.array {}, new_problems = json.array {} }
local new_words = "The debt came with the copper pans, and nobody had polished either."

local function repairing(request)
  if request.role == "writer" and string.find(request.task, "exact words of the scene that go", 1, true) then
    return { value = { edits = json.array { { old = first_sentence(request), new = new_words } } } }
  end
end

return {
  ["a fault that quotes its words is repaired there and nowhere else, and the judge is asked what still stands"] = function(t)
    local judge, old = one_fault(mended), nil
    local run = book(t, function(request)
      if not old and string.find(request.task, "ready-made phrases", 1, true) then old = first_sentence(request) end
      return judge(request) or repairing(request) or t.rehearse
    end)
    local chapter = t.document("chapters/01.md")
    t.has(chapter, new_words)
    t.lacks(chapter, old)
    t.equal(#t.requests(run, { pattern = "Write scene %d+ again" }), 0)
    t.equal(#t.requests(run, { task = "Which of the faults still stand" }), 1)
    t.has(run.log, "revision 1 of at most 2: 1 fault in 1 scene")
    for _, finding in ipairs(t.document("findings/01.json").findings) do t.ok(finding.check ~= "manner") end
  end,

  ["a heading in the middle of a chapter is taken out, not only told"] = function(t)
    local run = book(t, function(request, rehearse)
      if request.phase ~= "Writing" then return t.rehearse end
      if request.role == "writer" and string.find(request.task, "Write scene 1 of", 1, true) then
        return { text = string.gsub(rehearse().text, "\n\n", "\n\n## Later that day\n\n", 1) }
      elseif request.role == "writer" and string.find(request.task, "exact words of the scene that go", 1, true) then
        return { value = { edits = json.array { { old = "## Later that day", new = "" } } } }
      elseif request.role == "judge" and string.find(request.task, "Which of the faults still stand", 1, true) then
        return { value = mended }
      end
      return t.rehearse
    end)
    t.has(run.log, "revision 1 of at most 2: 1 fault in 1 scene")
    t.lacks(t.document("chapters/01.md"), "Later that day")
    for _, finding in ipairs(t.document("findings/01.json").findings) do t.ok(finding.check ~= "headings_inside") end
  end,

  ["a version that the judge finds worse is not taken, and the fault is an issue"] = function(t)
    local judge = one_fault { standing_problems = json.array {}, new_problems = json.array { 1 } }
    local run = book(t, function(request) return judge(request) or repairing(request) or t.rehearse end)
    t.lacks(t.document("chapters/01.md"), new_words)
    t.has(json.encode(t.document("issues/01.json").issues), "Flat.")
    t.equal(#t.requests(run, { task = "Which of the faults still stand" }), 1, "a plateau ends the rounds")
  end,

  ["a fault that stands is told, and a judge who always finds one ends with the rounds"] = function(t)
    local judge = one_fault { standing_problems = json.array { 1 }, new_problems = json.array {} }
    local run = book(t, function(request) return judge(request) or repairing(request) or t.rehearse end)
    t.has(json.encode(t.document("issues/01.json").issues), "Flat.")
    t.ok(#t.requests(run, { task = "Which of the faults still stand" }) <= 2)
  end,

  ["without revisions nothing is mended, and what was found is told"] = function(t)
    local judge = one_fault(mended)
    local run = book(t, function(request) return judge(request) or repairing(request) or t.rehearse end, { revisions = 0 })
    t.lacks(t.document("chapters/01.md"), new_words)
    t.equal(#t.requests(run, { task = "Which of the faults still stand" }), 0)
    t.has(json.encode(t.document("issues/01.json").issues), "Flat.")
  end,

  ["a check that is switched off is not asked, a judge neither"] = function(t)
    local run = book(t, { { rehearse = true } }, { checks = "manner=off continuity=off" })
    t.equal(#t.requests(run, { task = "with a cold eye" }), 0)
  end,
}
