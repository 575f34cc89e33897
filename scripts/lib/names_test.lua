local names = require "lib.names"

local cast = { { name = "Anna Weber" }, { name = "Jorun Haske" }, { name = "佐々木・遥" } }

return {
  ["a misspelt name is suspected; parts of names and other people are not"] = function(t)
    local known = names.known(cast)
    t.equal(known:mistakable("Joran Hasle"), "Jorun Haske")
    for _, name in ipairs { "Weber", "Anna", "anna weber", "Bartholomew", "遥", "Al" } do
      t.equal(known:mistakable(name), nil, name)
    end
    t.has(known:suspicions({ "Joran Hasle" })[1], "almost \"Jorun Haske\"")
    t.equal(known:suspicions({ "Weber" }), {})
  end,

  ["a name that has come up once is known from then on"] = function(t)
    local known = names.known(cast)
    known:add("Joran Hasle")
    t.equal(known:mistakable("Joran Hasle"), nil)
  end,

  ["names that a model wrote get the cast's spelling; strangers keep theirs"] = function(t)
    t.equal(names.respell("anna weber ", cast), "Anna Weber")
    t.equal(names.respell("Jorun Hasle", cast), "Jorun Haske")
    t.equal(names.respell("Bartholomew", cast), "Bartholomew")
  end,
}
