local remarks = require "lib.remarks"

return {
  ["greetings, headings, labels and breaks around prose go, and are handed back; prose stays"] = function(t)
    local said = "Certainly! Here is the scene:\n\n## Scene 2\n\nThe rope held.\n\n***\n\nNobody spoke.\n\n---\n\n"
      .. "[End of scene 2]"
    local prose, taken = remarks.strip(said)
    t.equal(prose, "The rope held.\n\nNobody spoke.")
    t.equal(taken, { "Certainly! Here is the scene:", "## Scene 2", "[End of scene 2]" })
  end,

  ["a fence around all of it goes; one alone is a mark of the text"] = function(t)
    t.equal((remarks.strip("```\nThe rope held.\n```")), "The rope held.")
    t.equal((remarks.strip("```\nThe rope held.")), "```\nThe rope held.")
  end,

  ["an answer of headings alone leaves nothing"] = function(t)
    t.equal((remarks.strip("## Scene 1")), "")
    t.equal((remarks.strip("")), "")
  end,

  ["sentences that only look like remarks stay, first and last"] = function(t)
    for _, prose in ipairs { "Chapter 7 of the manual was missing.", "#1 on the list was bread.", "End of story.",
      "Here is what the keeper wrote that night:\n\nNothing.", "Let me know if you want tea, she said." } do
      local kept, taken = remarks.strip(prose)
      t.equal(kept, prose)
      t.equal(#taken, 0)
    end
  end,

  ["offers to go on are taken off the end, in several languages"] = function(t)
    for _, offer in ipairs { "Let me know if you'd like me to adjust the tone!",
      "Would you like me to write the next scene?",
      "N'hésitez pas à demander si je dois ajuster la scène suivante." } do
      t.equal((remarks.strip("The rope held.\n\n---\n\n" .. offer)), "The rope held.", offer)
    end
  end,

  ["a scene break is known however it is drawn, and a short line of prose is none"] = function(t)
    for _, line in ipairs { "***", "* * *", "---", "⁂", "• • •", "~~~" } do t.ok(remarks.is_break(line), line) end
    for _, line in ipairs { "No.", "", "-- no --", "1.", "*****************" } do
      t.ok(not remarks.is_break(line), line)
    end
  end,

  ["what may be about the task and stays is suspected"] = function(t)
    t.equal(remarks.suspected("Here is the scene.\n\nThe rope held."), "Here is the scene.")
    t.equal(remarks.suspected("The rope held.\n\nI can't write this chapter."), "I can't write this chapter.")
    t.equal(remarks.suspected("Here is how it began:\n\nThe rope held."), nil)
    t.equal(remarks.suspected("The rope held.\n\nLet me know if it rains."), "Let me know if it rains.")
    t.equal(remarks.suspected("The rope held."), nil)
  end,
}
