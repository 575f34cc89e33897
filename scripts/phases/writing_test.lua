-- Prose is never lost because a helper failed, and never accepted because a model said it was done.

local function book(t, answers, chapters)
  return t.status(t.run {
    pipeline = "generate_book",
    input = { brief = "A cook inherits a debt.", chapters = chapters or 2, words_per_chapter = 1200 },
    answers = answers,
  }, "completed")
end

local first_scene, again, broke_off = "Write scene 1 of", "Write scene %d+ again", "broke off before its end"

--- The first words of the last scene that the prompt shows.
local function quoted(request)
  return string.match(request.blocks[#request.blocks - 1].text, "as written\n\n(%S+ %S+ %S+)")
end

--- An auditor who finds one fault, with these words as its place.
local function auditor(words)
  return { task = "read this chapter with a cold eye", answer = function(request)
    return { value = { verdict = "revise", confirmed = json.array {},
      findings = json.array { { scene = 1, quote = words or quoted(request), problem = "flat", fix = "" } } } }
  end }
end

return {
  ["an extractor that fails leaves the chapter with its facts pending"] = function(t)
    local run = book(t, {
      { role = "extractor", task = "take down what has become fact", fail = "overloaded" }, { rehearse = true },
    })
    t.ok(run.result.issues >= 2)
    t.ok(t.document("facts/02.json").pending)
    t.ok(#t.document("chapters/02.md") > 1000)
    t.ok(#t.document("summaries/02.json").summary > 0)
  end,

  ["a judge that fails costs no prose: candidates, critique and audit go on without it"] = function(t)
    local run = book(t, { { role = "judge", fail = "no credit" }, { rehearse = true } })
    t.equal(run.result.issues, 4)
    t.has(run.result.findings[1].problem, "audit pending")
    t.has(run.result.findings[2].problem, "not held against what the author fixed")
  end,

  ["a judge that answers nonsense is the same as one that fails"] = function(t)
    local run = book(t, function(request, rehearse)
      return request.role == "judge" and request.schema and "I liked it a lot!" or rehearse()
    end)
    t.equal(run.result.chapters, 2)
    t.has(run.result.findings[1].problem, "audit pending")
  end,

  ["a scene of a language without blanks is asked for in characters, two for each word of its plan, and in no other measure"] = function(t)
    local run = t.status(t.run { pipeline = "generate_book", answers = { { rehearse = true } },
      input = { brief = "A cook inherits a debt.", chapters = 1, words_per_chapter = 1200, language = "Japanese" } }, "completed")
    for i, request in ipairs(t.requests(run, { role = "writer", task = "Write scene %d+ of" })) do
      local words = t.document("plans/01.json").scenes[i].words
      t.has(request.task, string.format("in about %d characters, in Japanese", 2 * words))
      t.has(request.task, string.format("(about %d characters)", 2 * words))
      for _, block in ipairs(request.blocks) do t.ok(not string.find(block.text, "about %d+ words"), block.text) end
    end
  end,

  ["a truncated scene is finished by a second call and ends as a sentence"] = function(t)
    local run = book(t, { { role = "writer", task = first_scene, answer = function(_, rehearse)
      local text = rehearse().text
      return { text = string.gsub(string.sub(text, 1, #text // 2), "%s+%S*$", ""), stop = "length" }
    end }, { rehearse = true } })
    t.equal(#t.requests(run, { role = "writer", task = first_scene }), 2)
    t.equal(#t.requests(run, { task = broke_off }), 2)
    t.lacks(json.encode(run.result.findings), "breaks off")
  end,

  ["a server that ends each answer early gives a scene in as many pieces as it takes"] = function(t)
    local pieces = 0
    local run = book(t, { { task = broke_off, answer = function(_, rehearse)
      pieces = pieces + 1
      local text = rehearse().text
      return pieces % 3 ~= 0 and { text = string.sub(text, 1, #text // 2), stop = "length" } or { text = text }
    end }, { task = first_scene, answer = function(_, rehearse)
      local text = rehearse().text
      return { text = string.sub(text, 1, #text // 3), stop = "length" }
    end }, { rehearse = true } })
    t.equal(#t.requests(run, { task = broke_off }), 3 * #t.requests(run, { task = first_scene }))
  end,

  ["when a scene cannot be finished it is cut back to a whole sentence, and its shortness is an issue"] = function(t)
    local run = book(t, {
      { task = broke_off, fail = "down" }, { pattern = again, fail = "down" },
      { task = first_scene, answer = function(_, rehearse)
        local text = rehearse().text
        return { text = string.sub(text, 1, #text // 3), stop = "length" }
      end },
      { rehearse = true },
    })
    t.ok(run.result.issues >= 2)
    local first = string.match(t.document("chapters/01.md"), "^# .-\n\n(.-)\n\n%* %* %*")
    t.ok(string.find(first, "[.\"”]$"), "ends as a sentence: " .. string.sub(first, -40))
  end,

  ["a scene without prose is asked for again, and twice without is an error that says so"] = function(t)
    local run = book(t, { { task = first_scene, times = 1, text = "## Scene 1" }, { rehearse = true } }, 1)
    t.equal(#t.requests(run, { task = first_scene, key = "again" }), 1)
    run = t.run { pipeline = "generate_book", project = "twice-empty", input = { brief = "A cook.", chapters = 1 },
      answers = { { task = first_scene, text = "## Scene 1", stop = "filter" }, { rehearse = true } } }
    t.status(run, "failed")
    t.has(run.error.message, "came back empty twice")
  end,

  ["headings, greetings and scene breaks that a model adds do not reach the book"] = function(t)
    book(t, { { task = "You are the writer. Write scene", answer = function(_, rehearse)
      local text = string.gsub(rehearse().text, "\n\n", "\n\n***\n\n", 1)
      return "Here is the scene:\n\n## Scene 2\n\n" .. text .. "\n\n---\n\nEnd of scene 2"
    end }, { rehearse = true } }, 1)
    local chapter = t.document("chapters/01.md")
    for _, added in ipairs { "Here is the scene", "Scene 2", "***" } do t.lacks(chapter, added) end
    local _, breaks = string.gsub(chapter, "\n%* %* %*\n", "")
    t.equal(breaks, #t.document("plans/01.json").scenes - 1)
  end,

  ["a scene in another language than the book's is written again, and where that does not help it is an issue"] = function(t)
    local german = string.rep("Als sie die Tür öffnete, war das Licht schon aus, und niemand hatte die Treppe betreten. Der Wind kam vom Meer. ", 40)
    local run = book(t, { { task = first_scene, text = german }, { rehearse = true } })
    t.ok(#t.requests(run, { pattern = again, task = "is written in German, and the book in English" }) >= 1)
    t.lacks(t.document("chapters/01.md"), "Treppe betreten")
    run = book(t, { { task = first_scene, text = german }, { pattern = again, text = german }, { rehearse = true } })
    t.has(json.encode(run.result.findings), "is written in German, and the book in English")
  end,

  ["a revision is only taken if it is whole and of the right length"] = function(t)
    book(t, { auditor(), { pattern = again, text = "Too short." }, { rehearse = true } }, 1)
    t.ok(#t.document("chapters/01.md") > 3000)
    t.lacks(t.document("chapters/01.md"), "Too short.")
    t.ok(#t.document("issues/01.json").issues > 0)
  end,

  ["a fault that quotes words which are not in the chapter starts no revision"] = function(t)
    local run = book(t, { auditor("words that nobody wrote"), { rehearse = true } }, 1)
    t.equal(#t.requests(run, { task = "with a cold eye" }), 2)
    t.equal(#t.requests(run, { pattern = again }), 0)
  end,

  ["a note from a person is in the writer's instruction from the next scene on, outside the prefix"] = function(t)
    local told = false
    local run = book(t, function(request)
      if not told and string.find(request.label, "^chapter 2,") and request.role == "writer" then
        told = true
        t.note("Make the aunt funnier.")
      end
      return t.rehearse
    end)
    local with = 0
    for _, request in ipairs(t.requests(run, { phase = "Writing" })) do
      local blocks = request.blocks
      for i = 1, #blocks - 1 do t.lacks(blocks[i].text, "aunt funnier") end
      if string.find(request.task, "aunt funnier", 1, true) then
        with = with + 1
        t.has(request.label, "chapter 2,")
      end
    end
    t.equal(with, #t.document("plans/02.json").scenes - 1)
  end,

  ["a chapter edited by a person while the run writes it stays, and the book goes on from it"] = function(t)
    local edit = "# Mine\n\nThe aunt sold the boat for eleven crowns.\n"
    local edited = false
    local run = book(t, function(request)
      if not edited and request.role == "judge" and string.find(request.label, "^chapter 1,") then
        edited = true
        t.edit("chapters/01.md", edit)
      end
      return t.rehearse
    end)
    t.equal(t.document("chapters/01.md"), edit)
    local told = t.requests(run, { phase = "Writing", label = "chapter 2,", has = "eleven crowns" })
    t.ok(#told > 0, "chapter 2 follows on it")
    t.has(t.document("book.md"), "eleven crowns")
  end,

  ["what is not a provider's fault is not swallowed: a reached budget pauses the book"] = function(t)
    local run = t.run { pipeline = "generate_book", input = { brief = "A cook inherits a debt.", chapters = 1 },
      model = { [""] = "canned/model", judge = "canned/priced" }, budget_usd = 0.000001 }
    t.equal(t.status(run, "waiting").waits.kind, "budget")
  end,
}
