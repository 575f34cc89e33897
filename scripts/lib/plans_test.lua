local plans = require "lib.plans"

local book = { words = 1800, blueprint = { cast = { { name = "Ida Weber" }, { name = "Jon" } } } }

local function chapter(number, title, goals)
  local scenes = {}
  for i, goal in ipairs(goals) do
    scenes[i] = { goal = goal, conflict = "c", outcome = "o", place = "mill", cast = { "ida weber" }, words = 500 }
  end
  return { number = number, title = title, purpose = "p", viewpoint = "Jon", day = 1, scenes = scenes }
end

return {
  ["chapters of any length have scenes of a length that models write well"] = function(t)
    for _, words in ipairs { 200, 600, 1200, 2400, 8000 } do
      local usual, fewest, most = plans.scene_count(words)
      t.ok(fewest >= 1 and fewest <= usual and usual <= most, words .. " words")
    end
    t.equal(plans.scene_count(2400), 4)
  end,

  ["doubled titles, scenes that want the same, and chapters out of place are found"] = function(t)
    local found = table.concat(plans.check({ chapter(3, "Ebb", { "a", "a" }), chapter(5, "Flood", { "b" }) }, 3, { "EBB" }), "\n")
    t.has(found, "The title \"Ebb\" is used twice")
    t.has(found, "Chapter 3: scene 2 wants and achieves the same")
    t.has(found, "Chapter 5 stands where chapter 4 belongs")
    t.equal(plans.check({ chapter(3, "Ebb", { "a", "b" }) }, 3, {}), {})
  end,

  ["a model's plan gets the cast's spelling, and words that make the chapter"] = function(t)
    local plan = plans.fit(plans.mend(chapter(9, "Ebb", { "a", "b", "c" }), 3, book), book)
    t.equal(plan.number, 3)
    t.equal(plan.scenes[1].cast[1], "Ida Weber")
    local words = 0
    for _, scene in ipairs(plan.scenes) do words = words + scene.words end
    t.equal(words, 1800)
    t.equal(plans.people(plan), { "Jon", "Ida Weber" })
  end,

  ["an author's plan keeps its names, its lengths and its own fields; only its number and what it lacks are added"] = function(t)
    local edited = chapter(9, "Ebb", { "a", "b" })
    edited.scenes[1].words, edited.scenes[1].cast, edited.scenes[2].words = 2500, { "Ida Webber" }, nil
    edited.scenes[1].must_include = "the blue door"
    edited.mood = "like a Sunday"
    local plan = plans.mend(edited, 3, book)
    t.equal({ plan.number, plan.scenes[1].words, plan.scenes[2].words, plan.scenes[1].cast[1] }, { 3, 2500, 900, "Ida Webber" })
    t.has(plans.text(plan), "Must include: the blue door")
    t.has(plans.text(plan), "Mood: like a Sunday")
  end,

  ["what is secret in a plan is told in its own chapter, not in the one before"] = function(t)
    local plan = plans.mend(chapter(2, "Ebb", { "a" }), 2, book)
    plan.secret, plan.scenes[1].secret, plan.author = "Jon lies.", "The key fits.", "Begin in the rain."
    t.has(plans.text(plan), "Secret: Jon lies.")
    t.has(plans.text(plan), "Secret: The key fits.")
    t.has(plans.seen_before(plan), "Goal: a")
    for _, hidden in ipairs { "Jon lies", "key fits", "in the rain" } do t.lacks(plans.seen_before(plan), hidden) end
  end,

  ["an edited plan may lack fields, but not a scene, and nothing of the wrong kind"] = function(t)
    plans.check_edited({ scenes = { { goal = "She goes." } } }, "plans/03.json")
    for _, edited in ipairs { { scenes = json.array {} }, { scenes = "none" }, {}, { scenes = { { goal = "" } } } } do
      t.has(t.raises("cannot be used", function() plans.check_edited(edited, "plans/03.json") end), "plans/03.json")
    end
  end,

  ["the author's own words stand whole in the plan's text"] = function(t)
    local plan = plans.mend(chapter(1, "Ebb", { "a" }), 1, book)
    plan.author = "Begin in the rain."
    t.has(plans.text(plan), "<<<\nBegin in the rain.\n>>>")
    t.has(plans.text(plan), "Title: Ebb")
  end,
}
