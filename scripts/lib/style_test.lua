local style = require "lib.style"

return {
  ["chapters that open alike are found, whatever their marks and case"] = function(t)
    local habits = style.new()
    habits:take(1, "The bell rang twice.\n\nShe left.")
    habits:take(2, "Nobody came.\n\nHe stayed.")
    habits:take(3, "The bell rang, and rang again.\n\nIt rained.")
    t.equal(habits:shared_openings(), { { text = "the bell rang", chapters = { 1, 3 } } })
  end,

  ["phrases that come again and again are worn, the most frequent first"] = function(t)
    local habits = style.new()
    habits:take(1, string.rep("He counted the nails in the door. ", 4))
    habits:take(2, string.rep("She looked out over the water. ", 2))
    local worn = habits:worn(3)
    t.ok(#worn > 0 and worn[1].count >= 4)
    t.has("He counted the nails in the door", worn[1].text)
  end,

  ["the writer is told of no more than fits"] = function(t)
    local habits = style.new()
    for number = 1, 9 do habits:take(number, string.rep("He counted the nails in the door again and again. ", 4)) end
    t.ok(#habits:used_up(12) <= 12)
    t.has(table.concat(habits:used_up(12), "\n"), "a chapter that opens with")
    t.equal(style.new():used_up(12), {})
  end,
}
