-- Three ledgers: what is true, what the reader knows, what each person knows. Who writes a chapter learns no more than its reader.
local secrets = require "lib.secrets"

local function book_with(list)
  return { chapters = 9, secrets = { secrets = json.array(list) }, blueprint = { cast = { { name = "Ada" }, { name = "Ines" }, { name = "Jon" } } },
    memory = { state = { learnt = { S1 = { Ada = 5 } } } } }
end

local forged = { id = "S1", what = "Ines forged the will.", knows = { "Ines" }, reveal = 4, words = { "the will is false", "who copied the hand" } }

local ledger, check = "Which truths of this story", "These points were fixed by the author"

local function needle(name) return "Needle " .. name .. " is here." end

--- The extractor's ledger: one secret, told by these needles.
local function keeper(words, more)
  local secret = { fixed = "", what = needle "what", knows = json.array {}, reveal = 3, words = json.array(words) }
  for key, value in pairs(more or {}) do secret[key] = value end
  return { task = ledger, value = { secrets = json.array { secret } } }
end

local function book(t, options)
  options.pipeline = "generate_book"
  options.input = options.input or { brief = "Two sisters inherit a ferry.", chapters = 4, words_per_chapter = 600 }
  return t.run(options)
end

local function chapter_of(request)
  return request.phase == "Writing" and tonumber(string.match(request.label, "^chapter (%d+)"))
end

return {
  ["the sentences that tell a secret are left out until its chapter, and nothing else is"] = function(t)
    local book_of = book_with { forged }
    local bible = "Ending: Ada learns that the will is false. She keeps the boat.\n- Ines (a copyist). Wound: She is the one who Copied the  hand.\n- Jon"
    t.equal(secrets.hide(book_of, bible, 3), "Ending: She keeps the boat.\n- Ines (a copyist).\n- Jon")
    t.equal(secrets.hide(book_of, bible, 4), bible)
    t.equal(secrets.hide(book_of, "The oars are wet.", 1), "The oars are wet.")
  end,

  ["from its chapter on it is told with who knows it and who does not, in every ledger"] = function(t)
    local book_of = book_with { forged }
    t.equal(secrets.of_chapter(book_of, 3, { "Ada", "Jon" }), "")
    t.has(secrets.of_chapter(book_of, 4, { "Ada", "Jon" }),
      "Ines forged the will. (the reader learns it in this chapter). Known to: Ines, Ada. Not known to: Jon")
    t.has(secrets.of_chapter(book_of, 6, { "Ada" }), "since chapter 4). Known to: Ines, Ada. Not known to: nobody here")
    t.has(secrets.for_planners(book_of), "Until chapter 4: Ines forged the will. Known to: Ines.")
    t.equal({ secrets.told_in(book_of, 4), secrets.told_in(book_of, 3) }, { true, false })
  end,

  ["a ledger that a person wrote may lack everything but what is true"] = function(t)
    local book_of = book_with { "The ferry sinks.", { what = "Jon lies.", reveal = 2, since = "the fire" } }
    t.equal(secrets.hide(book_of, "The ferry sinks. Jon rows.", 8), "Jon rows.")
    t.has(secrets.of_chapter(book_of, 2, {}), "Jon lies. Since: the fire (the reader")
    t.equal(secrets.leaks(secrets.list(book_of), "All say that Jon lies.", 1), { { secret = "S2", quote = "Jon lies." } })
  end,

  ["a secret in wrapped lines costs the text its sentence, and not the whole text"] = function(t)
    local brief = "A ferry.\n\nNobody knows that Ines\nforged the will of their\nfather. It rains.\n\n- Ada rows\n- Jon cooks"
    t.equal(secrets.without(brief, { "Ines forged the will" }), "A ferry.\n\nIt rains.\n\n- Ada rows\n- Jon cooks")
    t.equal(secrets.without("# Cast\n- Ada rows\n- Ines\n  forged the will\n- Jon cooks", { "Ines forged the will" }), "# Cast\n- Ada rows\n- Jon cooks")
    t.equal(secrets.without("It ends with Ines.\n\nForged the will, she. Ada rows.", { "Ines. forged the will" }), "Ada rows.")
  end,

  ["a secret quoted with words left out costs no text that has its words pages apart, and no chapter is blamed for it"] = function(t)
    local bible = "- Ada rows.\n- Jon cooks.\n- Eva sleeps.\n- The killer is unknown."
    local book_of = book_with { { id = "S1", what = "", reveal = 4, words = { "Ada ... the killer" } } }
    t.equal(secrets.hide(book_of, bible, 1), bible)
    t.equal(secrets.leaks(secrets.list(book_of), bible, 1), {})
    t.equal(secrets.hide(book_of, bible .. "\n- Ada is the killer.", 1), bible)
    t.equal(secrets.leaks(secrets.list(book_of), "Ada was the killer.", 1), { { secret = "S1", quote = "Ada ... the killer" } })
    book_of = book_with { { id = "S1", what = "", reveal = 4, words = { "the will is false … who copied the hand" } } }
    t.equal(secrets.hide(book_of, "Jon rows.\nShe who copied the hand. It rains.", 1), "Jon rows.\nIt rains.")
  end,

  ["a ledger that a person wrote loosely hides what he meant and stops no run"] = function(t)
    local book_of = book_with { { what = "Ines forged it.", reveal = "4", words = "forged the will", knows = "Ines" }, json.null,
      { id = "S1", what = "Jon lies.", reveal = json.null, knows = json.null, words = json.null }, { what = json.null } }
    t.equal(secrets.hide(book_of, "She forged the will. Jon rows.", 3), "Jon rows.")
    t.equal(secrets.hide(book_of, "She forged the will. Jon rows.", 4), "She forged the will. Jon rows.")
    t.has(secrets.for_planners(book_of), "Until chapter 4: Ines forged it. Known to: Ines.")
    local ids = {}
    for i, secret in ipairs(secrets.list(book_of)) do ids[i] = secret.id end
    t.equal(ids, { "S2", "S1", "S3" })
    book_of.secrets, book_of.musts = nil, { musts = { { text = "Jon is a king.", first = "2", secret = true }, { text = "x", secret = json.null, first = 5 } } }
    t.equal(secrets.hide(book_of, "Jon is a king. It rains.", 1), "It rains.")
    t.equal(#secrets.list(book_of), 1)
  end,

  ["a long bible and many words of secrets take no run's time"] = function(t)
    local words, bible = {}, string.rep("The river rose in the night, and nobody at the ferry said a word.\n", 1500)
    for i = 1, 40 do words[i] = "who copied the hand " .. i end
    local facts = require "lib.facts"
    local plain, folded = facts.plain, 0
    facts.plain = function(content)
      folded = folded + #content
      return plain(content)
    end
    local kept = secrets.without(bible, words)
    facts.plain = plain
    t.equal(kept, bible)
    t.ok(folded < 2 * #bible, folded // #bible .. " times")
  end,

  ["each planted secret is in no request of a chapter before its own nor in the blurb's, and in those after"] = function(t)
    local names = { "ending", "wound", "purpose", "promise", "event", "what" }
    local words = {}
    for i, name in ipairs(names) do words[i] = needle(name) end
    local run = book(t, { stop_at = "Blueprint" })
    local made = t.document("blueprint.json")
    made.ending, made.cast[1].wound = made.ending .. " " .. needle "ending", needle "wound"
    t.edit("blueprint.json", made)
    run = t.status(t.resume(run, { with = { "artifacts" }, stop_at = "Structure & Events", answers = { { rehearse = true } } }), "waiting")
    made = t.document("structure.json")
    made.acts[#made.acts].purpose, made.promises[1].text = needle "purpose", needle "promise"
    made.promises[1].opened, made.promises[1].due = 1, 4
    for _, event in ipairs(made.events) do
      if event.chapter == 3 then event.what = needle "event" end
    end
    t.edit("structure.json", made)
    run = t.status(t.resume(run, { with = { "artifacts" }, answers = { keeper(words), { rehearse = true } } }), "completed")
    t.equal(#t.document("secrets.json").secrets[1].words, 5)
    local seen = { 0, 0, 0, 0 }
    for _, request in ipairs(run.requests) do
      local number = chapter_of(request)
      if number and string.find(request.prompt, "# This chapter", 1, true) then
        seen[number] = seen[number] + 1
        for i, word in ipairs(words) do
          local is = string.find(request.prompt, word, 1, true) ~= nil
          -- A promise that is paid by then is told no more.
          if number < 3 or names[i] ~= "promise" then t.equal(is, number >= 3, string.format("%s, in chapter %d (%s)", names[i], number, request.role)) end
        end
      end
      if string.find(request.task, "text for the back of this book", 1, true) then
        for i, word in ipairs(words) do t.lacks(request.prompt, word, names[i] .. ", in what the blurb is written from") end
      end
      if request.phase == "Chapter Planning" and request.role == "planner" then t.has(request.prompt, "Until chapter 3: " .. needle "what") end
    end
    for number = 1, 4 do t.ok(seen[number] >= 3) end
  end,

  ["who writes the chapter before a reveal sees how the next one begins, and no more of it"] = function(t)
    local run = t.status(book(t, { answers = { keeper {}, { rehearse = true } } }), "completed")
    local third = t.document("plans/03.json")
    for _, request in ipairs(t.requests(run, { role = "writer", label = "chapter 2," })) do
      t.has(request.prompt, "Its first scene. Place: " .. third.scenes[1].place)
      t.lacks(request.prompt, third.scenes[1].outcome)
    end
  end,

  ["a chapter that tells a secret too early is written again, and what stays is an issue"] = function(t)
    local function leaking(again)
      local said = " " .. needle "what" .. " "
      local fine = { standing_problems = json.array {}, new_problems = json.array {} }
      return { keeper {}, { task = "Which of the faults still stand", value = fine }, { pattern = "Write scene 1 of", answer = function(request, rehearse)
        local first = string.find(request.label, "^chapter 1,")
        return { text = first and string.gsub(rehearse().text, "%. ", "." .. said, 1) or rehearse().text }
      end }, { pattern = "Write scene %d+ again",
        text = string.rep("The river rose in the night, and nobody at the ferry said a word.", 40, " ") .. (again and said or "") }, { rehearse = true } }
    end
    local run = t.status(book(t, { answers = leaking(false) }), "completed")
    t.ok(#t.requests(run, { role = "writer", task = "The reader may not learn this yet (S1)", label = "chapter 1," }) >= 1)
    t.lacks(t.document("chapters/01.md"), needle "what")
    run = t.status(book(t, { project = "stays", answers = leaking(true) }), "completed")
    t.has(json.encode(run.result.findings), "The reader may not learn this yet (S1)")
  end,

  ["a leak in other words is found by the judge at the act's end, and mended without telling the writer more"] = function(t)
    local words
    local run = t.status(book(t, { answers = { keeper {}, { task = check, times = 1, answer = function(request)
      t.has(request.task, "before_S1. Chapters 1 to 2: A reader of these chapters cannot know this yet: " .. needle "what")
      words = string.match(request.task, "Chapter 1\n\n(%S+ %S+ %S+ %S+)")
      local points = {}
      for _, id in ipairs(request.schema.properties.points.required) do points[id] = { verdict = "open", quote = "", problem = "" } end
      points.before_S1 = { verdict = "broken", quote = words, problem = "It gives the forger away." }
      return { value = { points = points } }
    end }, { rehearse = true } } }), "completed")
    local again = t.requests(run, { role = "writer", task = "The reader may not know this yet; leave out what gives it away." })
    t.ok(#again >= 1)
    t.has(again[1].task, words)
    t.lacks(again[1].prompt, needle "what")
    t.lacks(again[1].prompt, "the forger")
  end,

  ["what the author fixed as secret is in the ledger whatever a model found, with the words of the brief"] = function(t)
    local run = book(t, { input = { brief = "Ada sells the boat. At the end Ines forged the will.", chapters = 3, words_per_chapter = 600 },
      stop_at = "Structure & Events", answers = { { task = "as you would a contract", value = { contradictions = json.array {}, musts = json.array {
        { text = "Ines is the forger.", quote = "Ines forged the will", first = 3, last = 3, secret = true, ban = false } } } },
        { task = ledger, fail = "overloaded" }, { rehearse = true } } })
    t.status(run, "waiting")
    local made = t.document("secrets.json").secrets[1]
    t.equal({ made.id, made.reveal, made.words[1] }, { "M1", 3, "Ines forged the will" })
  end,

  ["who learns a secret in a chapter knows it in the next, and the others still do not"] = function(t)
    local who, told
    local run = t.status(book(t, { answers = { keeper({}, { reveal = 2 }), { task = "take down what has become fact", answer = function(request, rehearse)
      local said = json.decode(rehearse().text)
      local learnt = request.schema.properties.learnt
      t.equal(learnt ~= nil, not string.find(request.label, "^chapter 1,"), request.label)
      if string.find(request.label, "^chapter 2,") then
        told = told or string.match(request.prompt, "Not known to: ([^,\n]+), who can neither")
        who = t.document("blueprint.json").cast[1].name
        said.learnt = json.array { { secret = "S1", who = who, quote = string.match(request.blocks[#request.blocks - 1].text, "as written\n\n(%S+ %S+ %S+)") } }
      end
      return { value = said }
    end }, { rehearse = true } } }), "completed")
    t.has(t.requests(run, { role = "writer", label = "chapter 2," })[1].prompt, "Known to: nobody so far.")
    t.has(t.requests(run, { role = "writer", label = "chapter 3," })[1].prompt, "Known to: " .. who .. ".")
  end,
}
