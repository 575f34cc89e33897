local fields = require "lib.fields"

return {
  ["fields that a person added are told whole, by their own names, in one order"] = function(t)
    local person = { name = "Ada", appearance = string.rep("green ", 300) .. "eye", debts = json.array { "to Jon", "to the bank" },
      born_in = 1961, home = { street = "Quay" }, empty = "" }
    t.equal(fields.own(person, { "name" }), { "Appearance: " .. person.appearance, "Born in: 1961", "Debts: to Jon; to the bank",
      'Home: {"street":"Quay"}' })
    t.equal(fields.tail({ name = "Ada" }, { "name" }), "")
  end,
}
