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
      "N'hésitez pas à demander si je dois ajuster la scène suivante.", "¿Quieres que continúe con la siguiente escena?",
      "Vuoi che continui con la prossima scena?", "Quer que eu continue com a próxima cena?", "Хотите, чтобы я продолжил и написал следующую сцену?",
      "如果您需要修改或调整，请告诉我。", "次の章を書きましょうか？" } do
      t.equal((remarks.strip("The rope held.\n\n---\n\n" .. offer)), "The rope held.", offer)
    end
  end,

  ["greetings that name what was ordered go, in the languages that models speak"] = function(t)
    for _, greeting in ipairs { "Sure! Here is the scene you asked for:", "Certainly! Here's the revised passage:",
      "Of course. Below is the text, written as you wished.", "Gerne! Hier ist die Szene, wie gewünscht:", "Bien sûr ! Voici la scène demandée :",
      "¡Claro! Aquí está la escena que pediste:", "Certo! Ecco la scena richiesta:", "Claro! Aqui está a cena que você pediu:",
      "もちろんです。以下がシーンです：", "好的，以下是第二章的正文：", "Конечно! Вот сцена, как вы просили:" } do
      local kept, taken = remarks.strip(greeting .. "\n\nThe rope held.")
      t.equal(kept, "The rope held.", greeting)
      t.equal(taken, { greeting })
    end
    t.equal((remarks.strip("The rope held.\n\n(Word count: approximately 800 words)")), "The rope held.")
  end,

  ["first and last sentences of stories stay in every language"] = function(t)
    for _, prose in ipairs { "Here is the text:\n\nCome home.", "Voici ce que le gardien écrivit :\n\nRien.", "Claro, dijo ella.\n\nNada más.",
      "Вот и всё.\n\nОн ушёл.", "好的，她说。\n\n雨停了。", "以下の手紙が残っていた：\n\n帰れ。", "Er kam.\n\nMöchtest du Tee?", "Llegó.\n\n¿Quieres que me quede?",
      "他走了。\n\n如果你回来，我会等你。", "Он молчал.\n\nХотите чаю?" } do
      local kept, taken = remarks.strip(prose)
      t.equal(kept, prose)
      t.equal(#taken, 0)
    end
  end,

  ["a scene break is known however it is drawn, and a short line of prose is none"] = function(t)
    for _, line in ipairs { "***", "* * *", "---", "⁂", "• • •", "~~~" } do t.ok(remarks.is_break(line), line) end
    for _, line in ipairs { "No.", "", "-- no --", "1.", "*****************" } do
      t.ok(not remarks.is_break(line), line)
    end
  end,

  ["what may be about the task and stays is suspected"] = function(t)
    t.equal(remarks.suspected("Here is how it began:\n\nThe rope held."), "Here is how it began:")
    t.equal(remarks.suspected("The rope held.\n\nLet me know if it rains."), "Let me know if it rains.")
    t.equal(remarks.suspected("The rope held."), nil)
  end,
}
