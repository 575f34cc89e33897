-- Who has died is not planned to act: found before the chapter is written, and planned again.

local function dying(t, more)
  local victim
  local function answer(request, rehearse)
    if request.role == "extractor" and string.find(request.task, "take down what has become fact", 1, true) then
      local value = json.decode(rehearse().text)
      value.deaths = json.array {}
      if string.find(request.label, "^chapter 1,") then
        victim = t.document("plans/02.json").viewpoint
        local scene = string.match(request.prompt, "# Scene 1, as written\n\n(.-)\n")
        value.deaths[1] = { who = victim, quote = text.first_words(text.sentences(scene)[1], 6) }
        value.deaths[1].quote = string.gsub(value.deaths[1].quote, " …$", "")
      end
      return { value = value }
    end
    return more and more(request, victim) or t.rehearse
  end
  local run = t.status(t.run { pipeline = "generate_book", answers = answer,
    input = { brief = "A cook inherits a debt.", chapters = 2, words_per_chapter = 400, candidates = 1 } }, "completed")
  return run, victim
end

return {
  ["a plan with a dead person is made again before its chapter is written"] = function(t)
    local plan
    local run, victim = dying(t, function(request, dead)
      if request.role == "planner" and string.find(request.task, "cannot stand as it is", 1, true) then
        t.has(request.task, dead)
        plan = t.document("plans/02.json")
        for _, person in ipairs(t.document("blueprint.json").cast) do
          if person.name ~= dead then
            plan.viewpoint = person.name
            for _, scene in ipairs(plan.scenes) do scene.cast = json.array { person.name } end
          end
        end
        plan.author, plan.secret = nil, nil
        return { value = plan }
      end
    end)
    t.equal(#t.requests(run, { task = "cannot stand as it is" }), 1)
    t.equal(t.document("plans/02.json").viewpoint, plan.viewpoint)
    for _, scene in ipairs(t.document("plans/02.json").scenes) do t.lacks(table.concat(scene.cast, "; "), victim) end
  end,

  ["a plan that nobody can mend is written by all the same, and told"] = function(t)
    local _, victim = dying(t, function(request)
      if request.role == "planner" and string.find(request.task, "cannot stand as it is", 1, true) then return { fail = "no credit" } end
    end)
    t.has(json.encode(t.document("issues/02.json").issues), victim)
    t.has(json.encode(t.document("findings/02.json").findings), "dead_in_plan")
  end,
}
