local nearly = require "lib.nearly"
local schema = require "lib.schema"

local scene = schema.object { { "title", schema.text(20) }, { "number", schema.integer(1, 9) }, { "end", schema.choice { "open", "closed" } } }
local plan = schema.object { { "scenes", schema.list(scene, 1, 3) }, { "remark", schema.note(40) } }

local function right()
  return { scenes = { { title = "The lamp", number = 3, ["end"] = "open" } }, remark = "none" }
end

return {
  ["what is right stays as it is, and nothing is told of it"] = function(t)
    local value, mends = nearly.fit(right(), plan)
    t.equal(value, right())
    t.equal(#mends, 0)
  end,

  ["numbers written as text, other letters of a choice and a null remark are taken as meant"] = function(t)
    local value, mends = nearly.fit({ scenes = { { title = "The lamp", number = " 3 ", ["end"] = "Open" } }, remark = json.null }, plan)
    t.equal(value, { scenes = { { title = "The lamp", number = 3, ["end"] = "open" } }, remark = "" })
    t.equal(#mends, 3)
    t.has(table.concat(mends, "; "), "scenes[1].number: a number written as text")
  end,

  ["a field that was not asked for goes, and is named"] = function(t)
    local given = right()
    given.confidence = 0.9
    local value, mends = nearly.fit(given, plan)
    t.equal(value, right())
    t.has(mends[1], "'confidence' was not asked for")
  end,

  ["a document in a text, in a field of its own, or as a list of one, is found"] = function(t)
    t.equal(nearly.fit(json.encode(right()), plan), right())
    t.equal(nearly.fit({ answer = right() }, plan), right())
    t.equal(nearly.fit({ right() }, plan), right())
    t.equal(nearly.fit({ result = json.encode(right()) }, plan), nil) -- two guesses at once would be invention
  end,

  ["one item stands for a list of one, and a list inside an object is the list"] = function(t)
    local given = right()
    given.scenes = given.scenes[1]
    t.equal(nearly.fit(given, plan), right())
    given = right()
    given.scenes = { list = given.scenes }
    t.equal(nearly.fit(given, plan), right())
  end,

  ["a text that is too long ends at a sentence or a word, in whole letters"] = function(t)
    local short = schema.text(12)
    t.equal(nearly.fit("One two. Three four five.", short), "One two.")
    t.equal(nearly.fit("Everything else", short), "Everything")
    local rain = nearly.fit(string.rep("雨", 40), short)
    t.equal(utf8.len(rain), 12)
  end,

  ["a text many times too long is no slip: it is not cut to something else"] = function(t)
    local value, _, why = nearly.fit(string.rep("word ", 200), schema.text(12))
    t.equal(value, nil)
    t.has(why, "at most 12 characters")
  end,

  ["nothing is invented: a missing fact, a number out of bounds or a list too long stays wrong"] = function(t)
    local given = right()
    given.scenes[1].title = nil
    t.equal(nearly.fit(given, plan), nil)
    given = right()
    given.scenes[1].number = 12
    t.equal(nearly.fit(given, plan), nil)
    given = right()
    for i = 2, 4 do given.scenes[i] = { title = "x", number = i, ["end"] = "open" } end
    t.equal(nearly.fit(given, plan), nil)
  end,
}
