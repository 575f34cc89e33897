local fields = require "lib.fields"

return {
  ["fields that a person added are told whole, by their own names, in one order"] = function(t)
    local person = { name = "Ada", appearance = string.rep("green ", 300) .. "eye", debts = json.array { "to Jon", "to the bank" },
      born_in = 1961, home = { street = "Quay" }, empty = "" }
    t.equal(fields.own(person, { "name" }), { "Appearance: " .. person.appearance, "Born in: 1961", "Debts: to Jon; to the bank",
      'Home: {"street":"Quay"}' })
    t.equal(fields.tail({ name = "Ada" }, { "name" }), "")
  end,

  ["what a person wrote loosely is read as he meant it"] = function(t)
    t.equal({ fields.number_of("4"), fields.number_of(2.0), fields.number_of(json.null) or "none", fields.number_of("late") or "none" },
      { 4, 2, "none", "none" })
    t.equal(fields.list_of("Ada"), { "Ada" })
    t.equal(fields.list_of(json.array { "Ada", json.null, 3 }), { "Ada", "3" })
    t.equal(#fields.list_of(json.null) + #fields.list_of(nil), 0)
    t.equal({ fields.flag_of(json.null), fields.flag_of(true), fields.flag_of(nil) }, { false, true, false })
    t.equal(fields.ids({ {}, { id = "S1" }, { id = "S1" }, { id = 7 } }, "S"), { "S2", "S1", "S3", "7" })
  end,
}
