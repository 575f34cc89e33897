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

  ["a name means the one person of the cast whose name, other name or part of a name it is"] = function(t)
    local people = { { name = "Ada Finch", aliases = json.array { "Miss Finch", "the notary" } }, { name = "Karl Weber" }, { name = "Anna Weber" },
      { name = "José Marín" }, { name = "佐々木・遥" } }
    for said, meant in pairs { ["ada finch "] = "Ada Finch", Ada = "Ada Finch", ["Miss  Finch"] = "Ada Finch", ["The Notary"] = "Ada Finch",
      ["Jose Marin"] = "José Marín", Karl = "Karl Weber", ["Weber Anna"] = "Anna Weber", ["遥"] = "佐々木・遥" } do
      t.equal(names.of_cast(said, people), meant, said)
    end
  end,

  ["names that only look alike, or could be two people's, stay whose they are"] = function(t)
    local people = { { name = "Jan" }, { name = "Lene" }, { name = "Ада" }, { name = "Adam Finch" }, { name = "Ada Finch" }, { name = "Karl Weber" },
      { name = "Anna Weber" } }
    for _, said in ipairs { "Jon", "Lena", "Ида", "Mr. Weber", "Weber", "Finch", "Inez" } do t.equal(names.of_cast(said, people), said) end
  end,
}
