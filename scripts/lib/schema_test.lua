local schema = require "lib.schema"

local person = schema.object { { "name", schema.text(20) }, { "age", schema.integer(1, 99) }, { "alive", schema.flag() } }

return {
  ["fields are required in the order in which they stand, and no others are taken"] = function(t)
    t.equal(person.required, { "name", "age", "alive" })
    t.ok(json.check({ name = "Ida", age = 3, alive = true }, person))
    t.ok(not json.check({ name = "Ida", age = 3 }, person))
    t.ok(not json.check({ name = "Ida", age = 3, alive = true, dog = 1 }, person))
    t.ok(not json.check({ name = "", age = 3, alive = true }, person))
  end,

  ["a choice of nothing is free text, because a schema cannot ask for nothing"] = function(t)
    t.equal(schema.choice({}).enum, nil)
    t.equal(schema.choice({ "a", "b" }).enum, { "a", "b" })
  end,

  ["what a person left out of a document is filled, what he wrote stays"] = function(t)
    local cast = schema.object { { "cast", schema.list(person, 1, 9) }, { "mood", schema.choice({ "dark", "light" }) } }
    local filled = schema.fill({ cast = { { name = "Ida" } }, extra = 7 }, cast)
    t.equal(filled, { cast = { { name = "Ida", age = 1, alive = false } }, mood = "dark", extra = 7 })
    t.ok(json.check(schema.fill({}, cast).cast, { type = "array" }))
  end,
}
