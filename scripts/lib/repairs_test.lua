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

  ["a cut leaves no blank where none stood, and none within quotes"] = function(t)
    for _, case in ipairs { { "彼はとても速く走る。", "とても", "彼は速く走る。" }, { "“Go home now” she said.", "now", "“Go home” she said." },
      { "‘Go home now’ she said.", "now", "‘Go home’ she said." }, { "«Va vite» dit-elle.", "vite", "«Va» dit-elle." },
      { "„Geh jetzt“ sagte sie.", "jetzt", "„Geh“ sagte sie." }, { "\"Go home now\" she said.", "now", "\"Go home\" she said." },
      { "「早く 帰れ」と言う。", "帰れ", "「早く」と言う。" }, { "“Now go,” she said.", "Now", "“go,” she said." },
      { "She said at once “Go.”", "at once", "She said “Go.”" }, { "She ran home quickly.", "quickly", "She ran home." },
      { "« Va vite » dit-elle.", "vite", "« Va » dit-elle." }, { "He was very tired.", "very", "He was tired." }, { "He—now—left.", "now", "He——left." } } do
      t.equal((repairs.apply(case[1], { { old = case[2], new = "" } })), case[3])
    end
  end,

  ["words that are not there, or stand there twice, change nothing"] = function(t)
    for _, old in ipairs { "She walked.", "rained", "" } do
      local new, made = repairs.apply(prose, { { old = old, new = "x" } })
      t.equal(made, 0)
      t.equal(new, prose)
    end
  end,
}
