-- A gold set of this book writer's own: what models say instead of prose, and prose that looks like it. Not one sentence of prose may go.
local refusals = require "lib.refusals"
local remarks = require "lib.remarks"

-- Whole answers.
local refused = {
  "I'm sorry, but I can't help with that request.", "I can't create that kind of content.", "I'm not comfortable writing this scene.",
  "I’m sorry, but I can’t comply.", "Sorry, I can't do that.", "**I'm sorry**, but I can't assist with that.",
  "I can't continue with this story. I'm happy to help with other directions instead.",
  "I need to decline continuing this story. The scene involves a character who is a minor.", "I'm sorry, but I can't continue with this roleplay.",
  "I cannot fulfill this request. It violates the content policy.", "As an AI language model, I cannot write explicit content.",
  "As a responsible assistant, I must refuse to write this scene.",
  "I need more information before I can write this chapter. Could you provide the outline?",
  "I apologize, but I'm unable to generate this scene as described.",
  "I can't write this scene as described. What I could do:\n\n- fade to black\n- a scene after it\n\nWould you like one of these?",
  "I won't write this.",
  "I'm not able to provide the text as requested, because it would reproduce copyrighted material. I can write an original scene instead.",
  "Es tut mir leid, aber ich kann diese Anfrage nicht erfüllen.", "Ich kann dabei leider nicht helfen.",
  "Ich kann diese Szene leider nicht schreiben.", "Es tut mir leid, aber ich kann bei dieser Anfrage nicht helfen.",
  "Als KI-Modell kann ich solche Inhalte nicht erstellen. Möchtest du stattdessen eine andere Szene?",
  "Leider kann ich diesem Wunsch nicht nachkommen, da er gegen die Richtlinien verstößt.",
  "Je suis désolé, mais je ne peux pas répondre à cette demande.", "Je ne peux pas écrire cette scène.",
  "Désolé, je ne peux pas créer ce type de contenu.",
  "Je ne peux malheureusement pas continuer cette histoire. Je peux vous proposer une autre version.",
  "En tant que modèle de langage, je ne peux pas produire un contenu explicite.", "Lo siento, pero no puedo ayudar con esa solicitud.",
  "Lo siento, pero no puedo cumplir con esa solicitud.", "Lo siento, pero no puedo ayudarte con eso.",
  "No puedo escribir esta escena. Si lo deseas, puedo ofrecerte otra versión.", "Como modelo de lenguaje, no puedo generar contenido explícito.",
  "Mi dispiace, ma non posso rispondere a questa richiesta.", "Mi dispiace, ma non posso aiutarti con questa richiesta.",
  "Non posso scrivere questa scena.", "Come modello linguistico, non posso creare contenuti espliciti.", "Desculpe, mas não posso ajudar com isso.",
  "Desculpe, mas não posso ajudar com esse tipo de conteúdo.", "Lamento, mas não consigo ajudar com este pedido.",
  "Não posso escrever esta cena. Posso ajudar com outra versão.", "Het spijt me, maar ik kan daar niet bij helpen.",
  "Ik kan deze scène helaas niet schrijven.", "Het spijt me, maar ik kan uw verzoek niet verwerken.",
  "Извините, но я не могу помочь с этим запросом.", "Не могу помочь с этим запросом.",
  "К сожалению, я не могу написать эту сцену.",
  "Как языковая модель, я не могу создавать такой контент.",
  "Извините, но я не могу выполнить этот запрос. Я готов помочь с другой сценой.",
  "Przykro mi, ale nie mogę pomóc w tej prośbie.", "Nie mogę napisać tej sceny.", "Przykro mi, ale nie mogę kontynuować tej historii.",
  "抱歉，我无法满足这个请求。", "我不能继续这个故事。", "很抱歉，我无法继续这个角色扮演。",
  "作为AI，我无法生成此类内容。", "我必须拒绝这个请求。", "对不起，我不能写这个场景。",
  "無法寫這一章。抱歉，我無法提供這類內容。",
  "申し訳ありませんが、そのリクエストには対応できません。",
  "申し訳ありませんが、そのリクエストにはお応えできません。",
  "申し訳ございませんが、このシーンは執筆できません。", "AIとして、そのような内容は作成できません。",
  "恐れ入りますが、ご依頼にはお応えできません。", "죄송하지만 도와드릴 수 없습니다.",
  "죄송합니다. 이 장면은 작성할 수 없습니다.", "죄송하지만 그 요청에는 응할 수 없습니다.",
  "عذرًا، لا أستطيع كتابة هذا المشهد.", "أنا آسف، لكن لا يمكنني الرد على ذلك.",
  "I'm not going to write this scene.", "I apologize, but I cannot provide assistance with this request.",
  "Unfortunately, I'm unable to continue this story because it contains content that violates my guidelines.", "I'd prefer not to write this one.",
  "I'm sorry, but the content you've requested goes against my guidelines.", "This request violates the usage policies, so I can't continue.",
  "Ich kann Ihnen bei dieser Bitte nicht helfen.", "Entschuldigung, aber diese Szene kann ich so nicht verfassen.",
  "Je regrette, mais je ne suis pas en mesure de rédiger ce passage.", "Lo lamento, pero no puedo continuar con esta historia.",
  "Mi spiace, ma non posso continuare questa storia.", "Infelizmente não posso continuar esta história.",
  "Sorry, ik kan dit verhaal niet voortzetten.", "Простите, но я не могу продолжить эту историю.",
  "很抱歉，我不能提供这样的内容。", "对不起，我无法帮助您完成这个任务。",
  "申し訳ありませんが、この物語の続きを書くことはできません。",
  "죄송합니다만, 이러한 내용은 작성할 수 없습니다.", "I can’t provide the full text of that chapter.",
  "I won't be able to write this chapter without more details. Could you share the outline?",
}

-- What stands before (b) or behind (a) the prose.
local around = {
  b = { "Certainly! Here is the scene:", "Sure! Here's the chapter:", "Here is the scene:", "Here is the revised scene, as requested:",
    "Of course. Here is scene 2:", "Here's the rewritten scene with the changes you asked for:", "Absolutely! Below is the draft of Chapter 3:",
    "Gerne! Hier ist Szene 2:", "Hier ist die überarbeitete Szene:", "Natürlich! Hier ist das Kapitel:", "Bien sûr ! Voici la scène :",
    "Voici la scène réécrite :", "Voici le chapitre 3 :", "¡Claro! Aquí tienes la escena:", "Aquí está el capítulo:",
    "Certo! Ecco la scena:", "Ecco il capitolo 2:", "Claro! Aqui está a cena:", "Segue a cena revisada:", "Natuurlijk! Hier is de scène:",
    "Конечно! Вот сцена:", "Вот глава 2:", "Oczywiście! Oto scena:", "好的，以下是第三章的正文：",
    "以下是修改后的场景：", "当然可以！以下是场景2：", "承知しました。以下がシーン2の本文です。",
    "以下は改稿したシーンです：", "네, 다음은 2장 본문입니다:", "بالتأكيد! إليك المشهد:",
    "I can't write explicit content, but I can write a version of the scene that fades to black. Let me know if you'd like another direction." },
  a = { "Let me know if you'd like me to adjust the tone!", "Would you like me to continue with the next chapter?",
    "I hope this scene works! Let me know if you want any changes.", "Please let me know if you would like any adjustments to the pacing.",
    "Sag mir, ob ich den Ton anpassen soll.", "Möchten Sie, dass ich die nächste Szene schreibe?",
    "Ich hoffe, das entspricht deinen Vorstellungen! Lass mich wissen, ob ich etwas ändern soll.",
    "N'hésitez pas à me dire si vous souhaitez modifier le ton.", "Souhaitez-vous que je continue avec le chapitre suivant ? Je peux ajuster.",
    "¿Te gustaría que continúe con la siguiente escena? Puedo ajustarla.", "Avísame si quieres que ajuste el tono.",
    "Fammi sapere se vuoi modificare il tono.", "Gostaria que eu ajuste o tom ou continue com a próxima cena?",
    "Laat me weten of je de toon wilt aanpassen.", "Дайте знать, если нужно изменить тон или стиль.",
    "Daj znać, czy mam zmienić ton lub styl.", "如果您需要调整语气或继续下一章，请告诉我。",
    "希望这段内容符合您的要求，如需修改请告诉我。",
    "シーンの修正をご希望でしたら、お知らせください。",
    "수정이 필요하시면 장면을 다시 써 드릴 테니 말씀해 주세요.",
    "I can't write the rest of this scene. It depicts explicit content that violates the content policy." },
}

-- Whole short answers that are a story: poems, letters, voices.
local prose = {
  "“I'm sorry, but I can't help with that request,” the clerk said, and shut the window.",
  "I'm sorry I can't come to the wedding. The boat is gone, and Tom with it.", "I cannot sleep. The wind has been at the shutters since Tuesday.",
  "I'm sorry, I cannot finish this story. My hand is cold and the candle is short.", "I can't tell you this story without my brother.",
  "I won't sleep. I can't. The King's request lies on the table.", "She could not help with the request. Nobody could.",
  "I cannot write. The ink has frozen in the well, and the mail coach does not wait.",
  "I won't help you, he said. The request was a lie, and the scene on the quay was another.",
  "I can't continue. The road is gone where the river took it.",
  "I can't do that to Ada. She has carried the lamp for eleven years, and nobody has thanked her.",
  "I am unable to say what happened in the chapel. The door was shut. I heard three voices.",
  "As an AI engineer, I build systems. Mine had begun to sing.", "I must decline, Sir Giles wrote, and sealed it before he could think better.",
  "Sorry. It was the only word on the card.", "Unfortunately, I can swim.", "I refuse. The chapter of monks has no power over a dead man's horse.",
  "I can't help it. When the fog comes I count the steps, all hundred and twelve.",
  "We cannot comply with the harbour master's order. The ropes are iced in and two men are ill.",
  "I cannot provide for them all. There are nine, and the winter is long.", "Es tut mir leid, dass ich nicht kommen kann. Der Fluss steht zu hoch.",
  "Ich kann diese Anfrage nicht vergessen. Der Brief lag da.", "Ich kann nicht schreiben. Die Tinte ist gefroren, und der Bote wartet nicht.",
  "Leider kann ich nicht schwimmen, dachte er, und sprang.", "Ich kann dir nicht helfen, sagte sie. Das Kapitel war geschlossen.",
  "Als Kind kannte ich jede Stufe. Heute zähle ich sie.", "Tut mir leid. Mehr stand nicht auf der Karte.",
  "„Ich kann diese Szene nicht schreiben“, sagte der Dichter und trank aus.", "Je ne peux pas dormir. Le vent frappe aux volets depuis mardi.",
  "Je suis désolé, mon fils. Le bateau part à l'aube.", "Je ne peux pas écrire : l'encre a gelé dans le puits.",
  "Je ne peux pas oublier cette demande. La lettre était là, pliée en deux.",
  "« Je ne peux pas écrire cette scène », dit le poète en posant sa plume.",
  "Cette histoire, je ne peux pas la raconter sans mon frère. Il est mort en mars.", "Désolé. C'était le seul mot de la carte.",
  "Lo siento, hijo, no puedo quedarme. El barco sale al alba.", "No puedo cumplir esta historia, madre. Me voy.",
  "No puedo escribir. La tinta se ha helado y el cartero no espera.", "—No puedo ayudarte con eso —dijo el juez, y cerró la ventana.",
  "No puedo olvidar esta escena: la barca, el niño, la lluvia.", "Perdón. Era la única palabra de la carta.",
  "Mi dispiace, figlio, non posso restare. La barca parte all'alba.", "Non posso dormire. Il vento batte alle imposte da martedì.",
  "Non posso scrivere: l'inchiostro è gelato.", "«Non posso aiutarti con questo», disse il giudice, e chiuse.",
  "Questa scena non la posso dimenticare. C'era il mare.", "Desculpe, mãe, não posso ficar. O barco parte ao amanhecer.",
  "Não posso dormir. O vento bate nas janelas desde terça.", "— Não posso ajudar com isso — disse o juiz.",
  "Não consigo escrever. A tinta gelou, e a cena do cais não me larga.", "Ik kan niet slapen. De wind slaat al sinds dinsdag tegen de luiken.",
  "Het spijt me, zei hij, ik kan je daar niet bij helpen.", "Ik kan dit verhaal niet vertellen zonder mijn broer. Hij ligt onder het ijs.",
  "Я не могу уснуть. Ветер бьёт в ставни со вторника.",
  "Простите, я не могу остаться. Лодка уходит на рассвете.",
  "— Не могу помочь с этим, — сказал судья и закрыл окно.",
  "Я не могу забыть эту сцену. Была река, и был лёд.",
  "Не могу писать. Чернила замёрзли, а почта не ждёт.", "Nie mogę spać. Wiatr bije w okiennice od wtorku.",
  "Przykro mi, powiedziała, nie mogę w tym pomóc. Drzwi się zamknęły.", "抱歉，我不能陪你去了。船已经走了。",
  "我不能忘记信的内容。雨停了。", "抱歉，他不能答应这个要求。她走了。",
  "“我不能继续这个故事。”他靠在墙边，喘着气。", "我无法继续忍受这种日子，她想。窗外下着雨。",
  "女王拒绝了使节的请求。大厅里一片寂静。", "他说：我不写作业。然后跑开了。",
  "我写不下去了。墨已经结冰，邮车不等人。", "「そのリクエストには対応できません」と係員は言った。",
  "眠れない。火曜から風が雨戸を叩いている。", "申し訳ありません、と彼女は書いた。船はもう出ていた。",
  "この物語を兄なしで語ることはできない。兄は氷の下にいる。",
  "잠을 잘 수 없다. 화요일부터 바람이 덧문을 두드린다.", "죄송합니다, 하고 그는 말했다. 배는 이미 떠났다.",
  "لا أستطيع النوم. الريح تضرب النوافذ منذ الثلاثاء.",
  "I cannot provide an answer, Father Braun. The text is burnt and the chapter house with it.",
  "I can't help but laugh. The scene was absurd: a goat, two bishops, a hat.",
  "I won't write to her again. The letters come back, and the stamps are dear.", "I'm not going to the funeral. Let them talk.",
  "Sorry for the ink. The boat rocks.", "Ich darf diese Geschichte niemandem erzählen. Mutter hat es verboten.",
  "Ich kann nicht helfen. Meine Hände sind gebunden, und das Wasser steigt.", "Je ne peux pas répondre. Ma bouche est pleine de sable.",
  "No puedo responder. Tengo la boca llena de arena.", "Não posso responder. Tenho a boca cheia de areia.",
  "Non riesco a scrivere. La candela è corta.", "Я не могу ответить. Рот полон песка.",
  "我不能回答。嘴里全是沙子。", "答えることはできません、と手紙にはあった。島の灯はもう消えていた。",
  "I can't write this letter, Mother. My hand shakes.", "I will not answer your request, Captain. The men have eaten nothing since Sunday.",
  "Ik kan niet antwoorden. Mijn mond zit vol zand.", "I'm unable to help him. He sinks.", "I can't continue this. Tell Ada I tried.",
}

-- Openings and endings of scenes that have more behind or before them.
local openings = {
  "Here is the scene.", "Here is the final chapter.", "Here is what the keeper wrote that night:", "Here is the chapter of his life that he hid.",
  "Below is the draft.", "Here, in the dark, she said one thing:", "Sure, they said:", "Certainly, she was late.",
  "Of course the chapter house was locked.", "This is the text on the stone:", "Here is a man who has never been cold.", "Sure. The boat was late.",
  "Here was the scene of the fire, two years on.", "Understood, the captain wrote.", "Here are the facts: a rope, a lamp, a boy.",
  "Okay, Tom thought, the scene is set.", "I can't write this scene without Ada.", "I cannot write this chapter of my life.", "Voici la scène.",
  "Voici ce que le gardien écrivit cette nuit-là :", "Voici l'homme qui n'a jamais froid.", "Bien sûr, le chapitre était fermé.",
  "Voici la suite, pensa-t-il.", "Hier ist die Szene.", "Hier ist es still.", "Natürlich war das Kapitel geschlossen.",
  "Hier ist, was der Wärter schrieb:", "Gerne hätte er die Szene gesehen.", "Hier kommt niemand mehr her.", "Ecco la cena.", "Ecco la scena.",
  "Ecco il testo.", "Certo, la scena era vuota.", "Ecco quello che scrisse il guardiano:", "Aquí está la cena.", "—Claro. Aquí está la cena.",
  "Claro. Aquí tienes la cena.", "Claro que el capítulo estaba cerrado.", "Aquí está lo que escribió:", "A cena estava posta.",
  "Claro, a cena era outra.", "Aqui está o que ele escreveu:", "Hier is het stil.", "Natuurlijk was het hoofdstuk gesloten.", "Вот сцена.",
  "Конечно, сцена была пуста.", "Вот что написал смотритель:",
  "Вот и глава его жизни закрылась.", "Oto człowiek, który nigdy nie marznie.", "好的，这一章的结尾是雨。",
  "当然，那个场景他忘不了。", "这是第三章里的那把刀。", "以下の場景を思い出した。",
  "はい、と彼は言った。", "以下に雪が積もった。", "네, 그는 장면을 기억했다.", "다음은 없었다.",
  "هذا هو المشهد الذي لم ينسه.",
}
local endings = {
  "Let me know if you want tea, she said.", "Let me know if it rains.", "Shall I rewrite the chapter? Shall I revise the draft of my life?",
  "Would you like me to stay?", "“Would you like me to write the next scene?” he asked.", "Feel free to hate me.",
  "I hope this meets you well, the letter ended.", "If you'd like, the door is open.", "Let me know whether the ice holds.",
  "Should I continue? The stairs went on.", "End of story.", "Do you want me to die?", "I hope you enjoy the wedding.",
  "Möchten Sie die Szene ändern? Ich kann sie anpassen, sagte der Regisseur.", "Soll ich das Licht ausmachen?", "Sag mir, ob es regnet.",
  "Möchtest du bleiben?", "Lass mich wissen, wann das Schiff geht.", "Souhaitez-vous rester ?", "N'hésitez pas, dit-elle, la porte est ouverte.",
  "Dites-moi si la glace tient.", "Je ne peux pas écrire cette scène.", "¿Quieres que me quede?", "Avísame si llueve.",
  "—¿Te gustaría que continúe con la escena? —preguntó.", "Vuoi che resti?", "Fammi sapere se piove.", "Devo continuare?",
  "Quer que eu fique?", "Avise-me se chover.", "Wil je dat ik blijf?", "Хотите, чтобы я остался?",
  "Дайте знать, если пойдёт дождь.", "Мне остаться?", "Daj znać, czy pada.",
  "如果你修改它，下一章就没有我。", "请告诉我，雨停了没有。", "需要我吗？", "如果你需要我，我在灯塔。",
  "続きを修正する気はなかった。", "よろしければ、お茶を。", "알려 주세요, 비가 오면.",
  "هل تريد أن أبقى؟", "I'm sorry. I can't write this chapter.", "I won't help you with this, Ada.", "No puedo ayudarte con eso.",
  "Non posso aiutarti con questo.",
}

local before, behind = "The rope held, and nobody spoke of it.", "He put down the lamp and went out."

local function told(missed)
  return table.concat(missed, "\n")
end

return {
  ["refusals of models in thirteen languages are known, nearly all with certainty"] = function(t)
    local certain, unknown = 0, {}
    for _, said in ipairs(refused) do
      local grade = refusals.of(said, 1340)
      if grade == "certain" then certain = certain + 1 else unknown[#unknown + 1] = tostring(grade) .. ": " .. said end
    end
    t.ok(#refused >= 60 and certain >= #refused * 0.95, told(unknown))
  end,

  ["what models put around prose is taken off in thirteen languages, and nothing else with it"] = function(t)
    local missed, all, spoilt = {}, 0, {}
    local function try(said, remark)
      local kept, taken = remarks.strip(said)
      all = all + 1
      if kept == said then missed[#missed + 1] = remark elseif kept ~= before or taken[1] ~= remark then spoilt[#spoilt + 1] = kept end
    end
    for _, remark in ipairs(around.b) do try(remark .. "\n\n" .. before, remark) end
    for _, remark in ipairs(around.a) do try(before .. "\n\n" .. remark, remark) end
    t.equal(spoilt, {})
    t.ok(#missed <= all * 0.05, told(missed))
  end,

  ["a story of few words that refuses, begs pardon or speaks of scenes is prose"] = function(t)
    local wrong = {}
    for _, said in ipairs(prose) do
      if refusals.of(said, 1340) then wrong[#wrong + 1] = said end
    end
    t.equal(told(wrong), "")
  end,

  ["no first or last paragraph of a story is lost because it looks like a remark"] = function(t)
    t.ok(#prose + #openings + #endings >= 150)
    for _, opening in ipairs(openings) do t.equal((remarks.strip(opening .. "\n\n" .. behind)), opening .. "\n\n" .. behind) end
    for _, ending in ipairs(endings) do t.equal((remarks.strip(before .. "\n\n" .. ending)), before .. "\n\n" .. ending) end
    for _, said in ipairs(prose) do
      t.equal((remarks.strip(said .. "\n\n" .. behind)), said .. "\n\n" .. behind)
      t.equal((remarks.strip(before .. "\n\n" .. said)), before .. "\n\n" .. said)
    end
  end,

  ["a refusal inside a scene of its whole length is prose, and a short one among few sentences of a story is only possible"] = function(t)
    local scene = string.rep("The wind took the door and nobody went to shut it. ", 80)
    t.equal(refusals.of("I can't write this scene. " .. scene, 1340), nil)
    t.equal((refusals.of("I can't write this scene. " .. behind, 1340)), "possible")
  end,
}
