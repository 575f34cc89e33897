local paragraphs = require "lib.paragraphs"

return {
  ["speech that was cut is closed as it was opened, and what is whole stays as it is"] = function(t)
    for cut, whole in pairs { ["“Stay."] = "“Stay.”", ["„Halt. Geh nicht."] = "„Halt. Geh nicht.“", ["« Non. Restez."] = "« Non. Restez. »",
      ["«\u{202f}Non."] = "«\u{202f}Non.\u{202f}»", ["«Ven."] = "«Ven.»", ["»Ja. Komm."] = "»Ja. Komm.«", ["「はい。"] = "「はい。」", ["「『海』だ。"] = "「『海』だ。」",
      ["\"Stay."] = "\"Stay.\"", ["“He said ‘no’. “Go."] = "“He said ‘no’. “Go.”",
    } do
      t.equal(paragraphs.close_quotes(cut), whole)
    end
    for _, whole in ipairs { "“Stay.” He went.", "„Halt!“ Er ging.", "„Halt!” Er ging.", "« Oui. »", "»Ja.« »Nein.«", "「はい。」", "\"Yes.\" \"No.\"",
      "It's Tom's.", "", "“So it began.\n\nThe end." } do
      t.equal(paragraphs.close_quotes(whole), whole)
    end
  end,

  ["a sentence is complete with any mark that ends sentences, inside quotation marks too"] = function(t)
    for _, prose in ipairs { "She left.", "Why?", "\"Gone!\"", "島は静かだ。", "「帰った。」", "وصل القارب؟", "नाव डूबी।",
      "They were there …", "*It was late.*", "เรือจมแล้ว" } do
      t.ok(paragraphs.complete(prose), prose)
    end
    for _, prose in ipairs { "She opened the", "and then,", "", "   ", "\"", "He said: " } do
      t.ok(not paragraphs.complete(prose), prose)
    end
  end,

  ["text that breaks off is cut back to its last whole sentence; without one nothing is left"] = function(t)
    t.equal(paragraphs.trim_to_sentence("One. Two. Thr"), "One. Two.")
    t.equal(paragraphs.trim_to_sentence("\"Stay,\" she said. \"Do not"), "\"Stay,\" she said.")
    t.equal(paragraphs.trim_to_sentence("« Restez. Ne"), "« Restez. »")
    t.equal(paragraphs.trim_to_sentence("He sat. “Stay. Do not"), "He sat. “Stay.”")
    t.equal(paragraphs.trim_to_sentence("no end in sight"), "")
    t.equal(paragraphs.trim_to_sentence(""), "")
  end,
}
