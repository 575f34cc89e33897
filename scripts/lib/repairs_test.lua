local repairs = require "lib.repairs"

local prose = "She ran. It was over. He stayed.\n\nIt rained, and it rained."

return {
  ["the exact words go and the new ones stand there; all else stays as it is"] = function(t)
    local new, made = repairs.apply(prose, { { old = "He stayed.", new = "He did not." } })
    t.equal(made, 1)
    t.equal(new, "She ran. It was over. He did not.\n\nIt rained, and it rained.")
  end,

  ["a cut leaves no hole"] = function(t)
    t.equal((repairs.apply(prose, { { old = "It was over.", new = "" } })), "She ran. He stayed.\n\nIt rained, and it rained.")
    t.equal((repairs.apply("One.\n\nTwo.\n\nThree.", { { old = "Two.", new = "" } })), "One.\n\nThree.")
  end,

  ["words that are not there, or stand there twice, change nothing"] = function(t)
    for _, old in ipairs { "She walked.", "rained", "" } do
      local new, made = repairs.apply(prose, { { old = old, new = "x" } })
      t.equal(made, 0)
      t.equal(new, prose)
    end
  end,
}
