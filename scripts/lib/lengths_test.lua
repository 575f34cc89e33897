local lengths = require "lib.lengths"

return {
  ["a wish about length is understood in words, shares and numbers, in several languages"] = function(t)
    for wish, words in pairs {
      ["Make this chapter half as long."] = 450, ["Cut it by a third."] = 603, ["Twice as long, please, and with rain."] = 1800, ["Shorter."] = 675,
      ["Rewrite it in about 1,200 words."] = 1200, ["Lengthen it: 20% longer."] = 1080, ["Shorten it by 10%."] = 810, ["Cut it by 200 words."] = 700,
      ["Make it longer by 200 words."] = 1100, ["Halb so lang."] = 450, ["Auf 300 Wörter kürzen."] = 300, ["Réduis-le à 500 mots."] = 500,
      ["Más corto."] = 675, ["Cut the chapter by half."] = 450, ["Redúcelo a la mitad."] = 450, ["Half as long as it is now, please."] = 450,
      ["Let it rain. Make the chapter longer."] = 1197, ["A little longer, please."] = 1197, ["Maak het langer."] = 1197,
      ["Das Kapitel bitte um die Hälfte kürzer."] = 450,
      ["Kürze das Kapitel um die Hälfte."] = 450, ["もっと短くしてください。"] = 675, ["把篇幅减到一半。"] = 450, ["600字にしてください。"] = 300, ["半分に。"] = 450, ["Вдвое длиннее."] = 1800,
    } do
      t.equal(lengths.wanted(wish, 900), words, wish)
    end
  end,

  ["a wish that says nothing about length changes none"] = function(t)
    for _, wish in ipairs { "Let the storm come a day early.", "She has 3 sisters.", "She no longer lies.", "The double agent lies.", "",
      "Let them arrive by half past nine.", "They have eaten by half past nine.", "A la mitad del capítulo, que llueva.", "Let him wait longer at the door.",
      "Let him wait longer.", "Am Ende ein langer Blick.", "彼女はりんごを半分食べて、残りを弟にあげる。", "彼女は髪を短く切って町を出る。", "一半的客人已经走了，她才到。", "Sie trägt im Sommer kürzeres Haar.",
      "The baker raises the price of bread by 20%.", "They share the bread by a third door." } do
      t.equal(lengths.wanted(wish, 900), nil, wish)
    end
  end,
}
