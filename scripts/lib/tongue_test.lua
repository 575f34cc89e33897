local languages = require "lib.languages"
local tongue = require "lib.tongue"

local prose = {
  English = "When she opened the door the light was out already. Nobody had climbed the stairs. \"I did not say that,\" he answered quietly. The wind came "
    .. "from the sea and smelled of salt, and she thought of her father, who had counted the steps every evening and never once forgotten the last.",
  German = "Als sie die Tür öffnete, war das Licht schon aus. Niemand hatte die Treppe betreten. »Das habe ich nicht gesagt«, antwortete er leise. Der "
    .. "Wind kam vom Meer und roch nach Salz, und sie dachte an den Vater, der jeden Abend die Stufen gezählt und die letzte nie vergessen hatte.",
  Spanish = "Cuando abrió la puerta, la luz ya estaba apagada. Nadie había subido la escalera. —No he dicho eso —respondió él en voz baja. El viento venía "
    .. "del mar y olía a sal, y ella pensó en su padre, que contaba los escalones cada noche y nunca olvidaba el último de la torre.",
  French = "Quand elle ouvrit la porte, la lumière était déjà éteinte. Personne n'avait monté l'escalier. « Je n'ai pas dit cela », répondit-il à voix "
    .. "basse. Le vent venait de la mer et sentait le sel, et elle pensa à son père, qui comptait les marches chaque soir et n'oubliait pas la dernière.",
  Russian = "Когда она открыла дверь, свет уже погас. Никто не поднимался по лестнице. — Я этого не говорил, — тихо ответил он. Ветер дул с моря и пах "
    .. "солью, и она подумала об отце, который каждый вечер считал ступени.",
  Japanese = string.rep("彼女が扉を開けたとき、灯りはもう消えていた。階段を上った者は誰もいなかった。海からの風は塩の匂いがした。", 4),
  Chinese = string.rep("她打开门的时候，灯已经灭了。没有人上过楼梯。海风带着盐的味道，她想起了父亲。", 6),
}
local writing = { Russian = "Cyrillic" }

return {
  ["prose in another language than the book's is told, in its own it is not"] = function(t)
    for wanted in pairs(prose) do
      for written, words in pairs(prose) do
        local found = tongue.other(words, languages.find(wanted))
        if wanted == written then
          t.equal(found, nil, wanted)
        elseif wanted == "Japanese" and written == "Chinese" or wanted == "Chinese" and written == "Japanese" then
          t.ok(found, wanted .. " in " .. written)
        else
          t.ok(found == written or found == (writing[written] or "Latin") or found == "Chinese", wanted .. " in " .. written .. ": " .. tostring(found))
        end
      end
    end
  end,

  ["what may be meant stays: a few words, names, a verse, a line of talk, a language that nobody here knows"] = function(t)
    local english = languages.find("English")
    t.equal(tongue.other("»Das habe ich nicht gesagt«, antwortete er leise.", english), nil)
    t.equal(tongue.other(prose.English .. " " .. prose.English .. " " .. prose.German, english), nil)
    t.equal(tongue.other(string.rep("Ines Tomas Corin Edmund Keira. ", 20), english), nil)
    t.equal(tongue.other(prose.German, languages.find("Klingon")), nil)
  end,
}
