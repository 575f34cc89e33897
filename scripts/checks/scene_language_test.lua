local checks = require "lib.checks"

local german = [[Als sie die Tür öffnete, war das Licht schon aus, und niemand hatte die Treppe betreten. Der Wind kam vom Meer,
und es war kalt, aber sie ging nicht zurück. Das war noch nie so gewesen, und er hatte es ihr von dem Boot aus gesagt. ]]

local english = { language = { name = "English", tag = "en" } }

return {
  ["a scene in another language than the book is found"] = function(t)
    local found = checks.try("scene_language", string.rep(german, 3), english)
    t.has(found[1].problem, "is written in German, and the book in English")
    t.ok(found[1].certain)
    t.equal(checks.try("scene_language", string.rep("When she opened the door the light was out and nobody had been there. ", 9), english), {})
  end,
}
