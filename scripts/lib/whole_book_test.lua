local whole_book = require "lib.whole_book"

--- A sentence that stands nowhere else, and one with so much before it that whoever shortens the text loses it.
local function needle(name) return "Needle " .. name .. " is here." end
local function deep(name) return string.rep("The river keeps what it was given and returns what it was not. ", 24) .. needle(name) end

local brief = "Two sisters inherit a ferry. " .. needle "b1" .. " " .. needle "b2" .. "\n\n" .. deep "b3" .. " " .. needle "b4"
  .. " In the last chapter we learn: " .. needle "b5"
local sample = "Like this:\n\n" .. deep "s1" .. "\n\n" .. needle "s2" .. "\n\n" .. deep "s3"
local outline = needle "g1" .. "\n\n" .. deep "g2" .. "\n\n" .. deep "g3" .. needle "g4"

-- What each kind of edit plants, and the names of its needles.
local function edit_blueprint(made)
  made.premise, made.world.rules, made.style.dialogue = deep "e1", deep "e2", deep "e3"
  made.cast[1].want, made.cast[1].wound, made.cast[1].voice, made.cast[1].appearance = deep "e4", deep "e5", deep "e6", needle "e7"
  made.omen, made.world.smells, made.style.swearing = deep "e8", needle "e9", needle "e10"
  return made
end

local function edit_structure(made)
  made.acts[1].purpose, made.acts[1].weather, made.motto = deep "t1", needle "t2", deep "t3"
  made.events[1].what, made.events[1].sound = deep "t4", needle "t5"
  made.promises[1].text, made.promises[1].weight = deep "t6", needle "t7"
  made.promises[1].opened, made.promises[1].due = 1, 3
  return made
end

local function edit_plan(plan)
  local scene = plan.scenes[1]
  plan.purpose, plan.mood = deep "p1", needle "p2"
  scene.goal, scene.conflict, scene.outcome, scene.place, scene.must_include = deep "p3", deep "p4", deep "p5", deep "p6", needle "p7"
  scene.words = 2000
  return plan
end

local function numbered(letter, count)
  local out = {}
  for i = 1, count do out[i] = needle(letter .. i) end
  return out
end

--- Every needle of a list is in the prompt, or none is.
local function check(t, request, needles, expected, where)
  for _, one in ipairs(needles) do
    local is = string.find(request.prompt, one, 1, true) ~= nil
    if is ~= expected then t.equal(is, expected, string.format("\"%s\" in %s (%s, %s)", one, where, request.role, string.sub(request.task, 1, 60))) end
  end
end

return {
  ["every sentence that the author wrote is in each request where it belongs, and no secret where it does not"] = function(t)
    local points = { contradictions = json.array {}, musts = json.array {
      { text = "One.", quote = needle "b1", first = 1, last = 3, secret = false, ban = false },
      { text = "Two.", quote = needle "b2", first = 2, last = 2, secret = false, ban = false },
      { text = "Last.", quote = needle "b5", first = 3, last = 3, secret = true, ban = false } } }
    -- Nothing is paid before it is due, because a paid promise is told no more.
    local function unpaid(_, rehearse)
      local said = json.decode(rehearse().text)
      said.paid = json.array {}
      return { value = said }
    end
    local function answers()
      return { { task = "as you would a contract", value = points }, { task = "take down what has become fact", answer = unpaid }, { rehearse = true } }
    end
    local function go(run, stop)
      return t.status(t.resume(run, { with = { "artifacts" }, answers = answers(), stop_at = stop }), stop and "waiting" or "completed")
    end

    local run = t.run { pipeline = "generate_book", stop_at = "Blueprint", given = { blueprint = outline }, answers = answers(),
      input = { brief = brief, style = sample, chapters = 3, words_per_chapter = 1200 } }
    local requests = { table.unpack(run.requests) }
    t.edit("blueprint.json", edit_blueprint(t.document("blueprint.json")))
    run = go(run, "Structure & Events")
    table.move(run.requests, 1, #run.requests, #requests + 1, requests)
    t.edit("structure.json", edit_structure(t.document("structure.json")))
    run = go(run, "Chapter Planning")
    table.move(run.requests, 1, #run.requests, #requests + 1, requests)
    t.edit("plans/02.json", edit_plan(t.document("plans/02.json")))
    local third = t.document("plans/03.json")
    third.recalls = json.array {}
    third.secret, third.scenes[1].secret = needle "x1", needle "x2"
    t.edit("plans/03.json", third)
    run = go(run, "chapter:1")
    table.move(run.requests, 1, #run.requests, #requests + 1, requests)
    t.edit("chapters/01.md", "# Mine\n\n" .. deep "c1" .. "\n")
    run = go(run, nil)
    table.move(run.requests, 1, #run.requests, #requests + 1, requests)

    local from_outline, from_blueprint, from_structure, from_plan = numbered("g", 4), numbered("e", 10), numbered("t", 7), numbered("p", 7)
    local planned, written = 0, { 0, 0, 0 }
    for _, request in ipairs(requests) do
      if not string.find(request.task, "Compare the two.", 1, true) then check(t, request, numbered("s", 3), true, "any request: the sample") end
      if request.phase ~= "Writing" and request.phase ~= "Post-Processing" and request.role == "planner" then
        planned = planned + 1
        check(t, request, numbered("b", 5), true, request.phase .. ": the brief")
        if request.phase == "Structure & Events" or request.phase == "Chapter Planning" then
          check(t, request, from_outline, true, request.phase .. ": the outline")
          check(t, request, from_blueprint, true, request.phase .. ": the edited blueprint")
        end
        if request.phase == "Chapter Planning" and string.find(request.task, "in plain prose", 1, true) then
          check(t, request, from_structure, true, "planning: the edited structure")
        end
      end
      local number = request.phase == "Writing" and tonumber(string.match(request.label, "^chapter (%d+)"))
      if number and string.find(request.prompt, "# This chapter", 1, true) then
        written[number] = written[number] + 1
        local where = "chapter " .. number
        check(t, request, { needle "b1" }, true, where .. ": a point of the whole book")
        check(t, request, { needle "b2" }, number == 2, where .. ": a point of chapter 2")
        check(t, request, { needle "b5" }, number == 3, where .. ": a secret of the brief")
        check(t, request, { needle "x1", needle "x2" }, number == 3, where .. ": a secret of a plan")
        check(t, request, from_outline, true, where .. ": the outline")
        check(t, request, from_blueprint, true, where .. ": the edited blueprint")
        check(t, request, from_structure, true, where .. ": the edited structure")
        check(t, request, from_plan, number == 2, where .. ": the edited plan")
        if request.role == "writer" then check(t, request, { needle "c1" }, number == 2, where .. ": the chapter before, as it was edited") end
      end
    end
    t.ok(planned >= 7 and written[1] >= 4 and written[2] >= 4 and written[3] >= 4)
  end,

  ["what --until can name is what a book's run begins and passes"] = function(t)
    local run = t.run { pipeline = "generate_book", input = { brief = "A ferry.", chapters = 1, words_per_chapter = 400,
      candidates = 1 } }
    t.status(run, "completed")
    for _, phase in ipairs(whole_book.phases) do
      if phase ~= "chapter:N" then t.has(run.log, "--- Phase: " .. phase .. " ---") end
    end
    local stopped = t.run { pipeline = "generate_book", project = "stopped", stop_at = "chapter:1",
      input = { brief = "A ferry.", chapters = 1, words_per_chapter = 400, candidates = 1 } }
    t.equal(t.status(stopped, "waiting").waits.kind, "until")
  end,
}
