local lengths = require "lib.lengths"

return {
  ["a wish about length is understood in words, shares and numbers, in several languages"] = function(t)
    for wish, words in pairs {
      ["Make this chapter half as long."] = 450, ["Cut it by a third."] = 603, ["Twice as long, please, and with rain."] = 1800, ["Shorter."] = 675,
      ["Rewrite it in about 1,200 words."] = 1200, ["Lengthen it: 20% longer."] = 1080, ["Shorten it by 10%."] = 810, ["Cut it by 200 words."] = 700,
      ["Make it longer by 200 words."] = 1100, ["Halb so lang."] = 450, ["Auf 300 Wörter kürzen."] = 300, ["Réduis-le à 500 mots."] = 500,
      ["Más corto."] = 675, ["600字にしてください。"] = 300, ["半分に。"] = 450, ["Вдвое длиннее."] = 1800,
    } do
      t.equal(lengths.wanted(wish, 900), words, wish)
    end
  end,

  ["a wish that says nothing about length changes none"] = function(t)
    for _, wish in ipairs { "Let the storm come a day early.", "She has 3 sisters.", "She no longer lies.", "The double agent lies.", "" } do
      t.equal(lengths.wanted(wish, 900), nil, wish)
    end
  end,
}
