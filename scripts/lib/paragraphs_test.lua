local paragraphs = require "lib.paragraphs"

return {
  ["a sentence is complete with any mark that ends sentences, inside quotation marks too"] = function(t)
    for _, prose in ipairs { "She left.", "Why?", "\"Gone!\"", "島は静かだ。", "「帰った。」", "وصل القارب؟", "नाव डूबी।",
      "They were there …", "*It was late.*", "เรือจมแล้ว" } do
      t.ok(paragraphs.complete(prose), prose)
    end
    for _, prose in ipairs { "She opened the", "and then,", "", "   ", "\"", "He said: " } do
      t.ok(not paragraphs.complete(prose), prose)
    end
  end,
}
