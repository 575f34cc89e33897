local checks = require "lib.checks"

local german = [[Als sie die Tür öffnete, war das Licht schon aus, und niemand hatte die Treppe betreten. Der Wind kam vom Meer,
und es war kalt, aber sie ging nicht zurück. Das war noch nie so gewesen, und er hatte es ihr von dem Boot aus gesagt. ]]

local english = { language = { name = "English", tag = "en" } }

return {
  ["a paragraph in another language is found, and a foreign sentence is not"] = function(t)
    t.equal(#checks.try("language_drift", "She left.\n\n" .. german .. german, english), 1)
    t.equal(#checks.try("language_drift", "She left.\n\n\"Der Wind kam vom Meer,\" he said.", english), 0)
  end,
}
