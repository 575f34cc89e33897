-- What the author brings along stays word for word, and a person has the last word on the blueprint.

local outline = "Ida Okonkwo-Brandt drowns the ledger.\n\nNobody forgives her; the mill closes on a Tuesday."

local function book(t, options)
  options.pipeline = "generate_book"
  options.input = options.input or {}
  options.input.brief, options.input.chapters = "A town votes on whether to keep its river.", 1
  options.input.words_per_chapter = 1200
  return t.run(options)
end

local function blueprint(t, options)
  options.stop_at = "Blueprint"
  return book(t, options)
end

return {
  ["a given outline stands word for word in every writer's prompt and in blueprint.md"] = function(t)
    local run = t.status(book(t, { given = { blueprint = outline } }), "completed")
    t.has(t.document("blueprint.md"), outline)
    local told = t.requests(run, { phase = "Writing", has = "## Cast" })
    t.ok(#told > 0)
    for _, request in ipairs(told) do t.has(request.prompt, outline) end
    t.ok(t.document("conflicts/blueprint.json").conflicts)
  end,

  ["fields of a given blueprint in JSON win over invented ones; missing ones are filled"] = function(t)
    local cast = json.array { { name = "Ida", want = "the mill" } }
    blueprint(t, { given = { blueprint = { title = "The River Vote", cast = cast } } })
    local made = t.document("blueprint.json")
    t.equal(made.title, "The River Vote")
    local ida
    for _, person in ipairs(made.cast) do ida = person.name == "Ida" and person or ida end
    t.equal(ida.want, "the mill")
    t.equal(type(ida.voice), "string")
  end,

  ["in a series the author's own cast and style win over the books before, which fill the rest, and an old style sheet may lack a field"] = function(t)
    t.status(t.run { source = [[
      return { run = function()
        artifact.put("carried.json", { cast = { { name = "Ida Brandt", looks = "one eye", voice = "dry", wound = "the fire", aliases = { "Ida" } } },
          style = { tense = "present", avoid = "jokes" }, open = json.array {}, due = json.array {} })
      end }
    ]] }, "completed")
    local outline_of = { cast = json.array { { name = "Ida", voice = "She shouts." } }, style = { tense = "past, always" } }
    local run = blueprint(t, { given = { blueprint = outline_of } })
    t.ok(run.status ~= "failed", json.encode(run.error))
    local made, idas = t.document("blueprint.json"), {}
    for _, person in ipairs(made.cast) do
      if string.find(person.name, "^Ida") then idas[#idas + 1] = { person.name, person.voice, person.looks } end
    end
    t.equal(idas, { { "Ida Brandt", "She shouts.", "one eye" } })
    t.equal({ made.style.tense, made.style.avoid }, { "past, always", "jokes" })
    t.ok(made.style.rhythm ~= nil)
  end,

  ["the title of the input stands, whatever the models call the book"] = function(t)
    blueprint(t, { input = { title = "The River Vote" } })
    t.equal(t.document("blueprint.json").title, "The River Vote")
  end,

  ["of several candidates each is judged against each other in both orders"] = function(t)
    local run = blueprint(t, { input = { candidates = 3 } })
    t.equal(#t.requests(run, { role = "planner" }), 3)
    t.equal(#t.requests(run, { role = "judge", task = "Two blueprints for the same book" }), 6)
    t.has(run.log, "of 6 votes")
  end,

  ["an approved blueprint with edits is the blueprint"] = function(t)
    local run = blueprint(t, { input = { review = true }, decide = function(gate)
      local shown = json.decode(gate.show)
      shown.premise = "Edited by a person."
      return { choice = "approve", edits = shown }
    end })
    t.equal(t.status(run, "waiting").waits.kind, "until")
    t.equal(t.document("blueprint.json").premise, "Edited by a person.")
  end,

  ["a rejected blueprint gives way to the next; a person who takes none and gives up is told what to do"] = function(t)
    local asked = 0
    local run = blueprint(t, { input = { review = true }, project = "one-rejected", decide = function()
      asked = asked + 1
      return asked == 1 and "reject" or "approve"
    end })
    t.equal(run.waits.kind, "until")
    t.equal(asked, 2)
    run = t.status(blueprint(t, { input = { review = true }, project = "none-taken", decide = function(gate)
      return gate.choices[1] == "approve" and "reject" or "give up"
    end }), "failed")
    t.has(run.error.message, "every blueprint was turned down")
    t.has(run.error.message, "--give blueprint=FILE")
  end,
}
